"""Tables as CSV (RFC 4180). Every CSV of the site is written here, so that no cell is a formula for a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

# What begins a formula (OWASP, CSV injection), also in the full-width, small, raised and lowered forms of the signs.
_FORMULA_SIGNS = tuple("=+-@＝＋－＠﹦﹢﹣﹫⁼⁺₌₊⩵⩶﬩")
# Where the list separator is a semicolon, spreadsheets do not heed the quotes of a cell that is not the first.
_CELL_ENDS = re.compile(r"([;\t\r\n])")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
_SKIPPED = "".join(filter(str.isspace, map(chr, range(0x3001)))) + _INVISIBLE + '"'  # before a sign


def write_csv(file: TextIO, rows: Iterable[Iterable[object]], line_end: str = "\r\n") -> None:
    """Texts get an apostrophe before what a spreadsheet would run as a formula."""
    csv.writer(file, lineterminator=line_end).writerows([_without_formula(cell) for cell in row] for row in rows)


def to_csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    write_csv(text, rows)
    return text.getvalue()


def for_excel(text: str) -> str:
    """The same table for Excel as most of Europe has set it: with semicolons, and a mark that says that it is UTF-8."""
    file = io.StringIO()
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows(csv.reader(io.StringIO(text, newline="")))
    return f"\ufeff{file.getvalue()}"


def _without_formula(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    parts = ["'" * _is_formula(part) + part for part in _CELL_ENDS.split(cell)]
    return "'" * cell.startswith(("\t", "\r", "\n")) + "".join(parts)


def _is_formula(text: str) -> bool:
    return text.lstrip(_SKIPPED).startswith(_FORMULA_SIGNS)
