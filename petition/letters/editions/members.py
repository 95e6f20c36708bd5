"""The letter to the Members of the European Parliament, addressed to each member of a list that organisers bring.

The text is that of the edition, to the letter, so that the page to which the code leads shows it. The list is read and
forgotten: no name and no address of a member is stored.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from petition.core.errors import DataError, LetterError
from petition.letters.writing.document import Letter
from petition.letters.writing.glyphs import can_print

KEY = "eu-members"  # of the open letter in the address book
_REQUIRED = ("name", "address")
_COLUMNS = (*_REQUIRED, "title", "salutation", "language")
_MAX_LINES, _MAX_LENGTH = 7, 60  # what the window of an envelope shows


@dataclass(frozen=True, slots=True)
class Member:
    """`lines`: those below the name, as on the envelope. Without a salutation, that of the open letter is used."""

    name: str
    lines: tuple[str, ...]
    salutation: str
    language: str


def address_to(member: Member, versions: Mapping[str, Letter]) -> Letter:
    """The letter of an edition to one member. `versions`: that letter by language."""
    letter = versions[member.language]
    salutation = member.salutation or letter.salutation
    return replace(letter, title=member.name, office="", lines=member.lines, salutation=salutation)


def read_members(file: Path, languages: Collection[str]) -> list[Member]:
    """A table in CSV (UTF-8) with `name`, `address`, and if wanted `title`, `salutation` and `language`.

    The lines of an address are lines of its cell, or have | between them. `languages`: those of the letter; it is in
    the first unless a row names another. Raises DataError: one sentence with the line of the file; LetterError if
    there is no language, and so no letter.
    """
    if not languages:
        raise LetterError("This edition has no letter to the Members of the European Parliament.")
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{file.name} is not UTF-8: save it as CSV UTF-8.") from None
    try:
        return list(_read_rows(file.name, text, list(languages)))
    except csv.Error as error:
        raise DataError(f"{file.name} is no table in CSV: {error}.") from None


def _read_rows(name: str, text: str, languages: list[str]) -> Iterator[Member]:
    head, _, _ = text.partition("\n")
    separator = ";" if head.count(";") > head.count(",") else ","  # spreadsheets of most countries write the first
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns = [column.strip().lower() for column in next(table, [])]
    if fault := _wrong_columns(columns):
        raise DataError(f"{name}, line 1: {fault}.")
    seen: dict[Member, int] = {}
    start = table.line_num + 1
    for cells in table:
        if any(cell.strip() for cell in cells):
            member = _read_member(f"{name}, line {start}", columns, cells, languages)
            if member in seen:
                raise DataError(f"{name}, line {start}: the same member stands in line {seen[member]}.")
            seen[member] = start
            yield member
        start = table.line_num + 1
    if not seen:
        raise DataError(f"{name} has no member below the names of its columns.")


def _wrong_columns(columns: list[str]) -> str:
    """Empty if nothing is wrong."""
    if missing := [column for column in _REQUIRED if column not in columns]:
        return f"there is no column {missing[0]}; the columns are {', '.join(_COLUMNS)}"
    if unknown := [column for column in columns if column not in _COLUMNS]:
        return f"the column {unknown[0]!r} is not known; the columns are {', '.join(_COLUMNS)}"
    double = [column for column in columns if columns.count(column) > 1]
    return f"the column {double[0]} stands there twice" if double else ""


def _read_member(where: str, columns: list[str], cells: list[str], languages: list[str]) -> Member:
    if len(cells) != len(columns):
        raise DataError(f"{where}: {len(cells)} cells, and there are {len(columns)} columns.")
    values = dict(zip(columns, cells, strict=True))
    texts = {column: " ".join(values.get(column, "").split()) for column in _COLUMNS}
    address = [" ".join(line.split()) for line in values["address"].replace("|", "\n").splitlines()]
    lines = tuple(filter(None, (texts["title"], *address)))
    if fault := _wrong_member(texts, lines):
        raise DataError(f"{where}: {fault}.")
    language = texts["language"].lower() or languages[0]
    if language not in languages:
        raise DataError(f"{where}: the letter is not in {language}, only in {', '.join(languages)}.")
    return Member(texts["name"], lines, texts["salutation"], language)


def _wrong_member(texts: Mapping[str, str], lines: tuple[str, ...]) -> str:
    """Empty if nothing is wrong."""
    if empty := [column for column in _REQUIRED if not texts[column].strip("| ")]:
        return f"{empty[0]} is empty"
    if len(lines) > _MAX_LINES:
        return f"title and address have {len(lines)} lines, and the window of an envelope shows {_MAX_LINES}"
    if long := [line for line in (texts["name"], *lines) if len(line) > _MAX_LENGTH]:
        return f"a line of the address has more than {_MAX_LENGTH} characters: {long[0]}"
    if unprintable := [text for text in (texts["name"], *lines, texts["salutation"]) if not can_print(text)]:
        return f"no font of ours has every letter of {unprintable[0]}"
    return ""
