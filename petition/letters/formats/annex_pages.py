"""Which names stand on which page of an annex, computed from the widths of the letters.

So each page can say its first and last name in its head, and Typst sets several pages at once.
"""

from collections.abc import Iterable
from functools import cache
from math import ceil
from typing import Any

from petition.letters.writing.annex import format_number
from petition.letters.writing.document import Annex
from petition.letters.writing.fonts import read_widths
from petition.letters.writing.glyphs import NAME_FONTS

# In em of the names, as in annex.typ: a column; how far the lines after the first of a name are indented.
_COLUMN = 37.5 / 25.4 * 72 / 8.5 * 0.98  # pairs of letters may stand further apart
_INDENT = 0.8
_UNKNOWN = 1.0  # of a character that has no width
_COLUMNS, _ROWS = 4, 70
_SPARE_ROWS = 2  # of the last column, for a name that takes a line more than computed
_ROW = 8.5 * (0.66 + 0.55)  # points
_FRONT = 165 / 25.4 * 72 / 9.5  # em: the width of the text above the names
_TITLE = 165 / 25.4 * 72 / 16  # em of the title, with room for its heavier letters
_BREAK = "\u200b"  # a long word may break here
Entry = str | dict[str, str]  # a name; after each hundredth name its number: {"number": "1,200"}


def split_into_pages(names: Iterable[str], annex: Annex, front: int) -> list[dict[str, Any]]:
    """For each page its first and last name and its entries. `front`: rows of the first page that are not for names."""
    rows = _ROWS - front
    pages: list[list[Entry]] = [[]]
    column, free = 1, rows
    for n, name in enumerate(names, start=annex.first_number):
        number: list[Entry] = [] if n % 100 else [{"number": format_number(annex, n)}]
        needed = count_lines(name) + len(number)
        if needed > free:
            column += 1
            free = rows - _SPARE_ROWS if column == _COLUMNS else rows
        if column > _COLUMNS:
            pages.append([])
            column, free, rows = 1, _ROWS, _ROWS
        pages[-1] += [name, *number]
        free -= needed
    return [_page(entries) for entries in pages]


def rows_of_front(title: str, sentences: Iterable[str]) -> int:
    """How many rows the title and the sentences take from the first page, with the line below them."""
    points = 30 + 20 * count_lines(title, _TITLE, 0) + sum(11.5 * count_lines(s, _FRONT, 0) for s in sentences)
    return ceil(points / _ROW)


def _page(entries: list[Entry]) -> dict[str, Any]:
    names = [entry for entry in entries if isinstance(entry, str)]
    return {"range": names[:1] + names[1:][-1:], "entries": entries}


def count_lines(text: str, width: float = _COLUMN, indent: float = _INDENT) -> int:
    """At most so many lines, broken as early as the text allows."""
    widths = _widths()
    if sum(widths.get(c, _UNKNOWN) for c in text) <= width:
        return 1
    lines, used = 1, 0.0
    for word in text.replace(_BREAK, " ").split(" "):
        needed = sum(widths.get(c, _UNKNOWN) for c in word)
        if used and used + needed > width:
            lines, used = lines + 1, indent
        used += needed + widths[" "]
    return lines


@cache
def _widths() -> dict[str, float]:
    widths: dict[str, float] = {_BREAK: 0}
    for font in reversed(NAME_FONTS):
        widths |= read_widths(font)
    return widths
