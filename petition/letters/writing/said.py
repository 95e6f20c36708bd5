"""What the addressee's government has said itself: dated, with its source, and only if it was seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from petition.core import toml_tables
from petition.core.toml_tables import COUNTRY, DAY, TEXT, TEXT_BY_NAME, Kind, Table, list_of
from petition.letters.addressees.address_book import Source

_MOST = 2  # a third one would be read as a reproach


@dataclass(frozen=True, slots=True)
class Statement:
    """`texts`, by language, continue the words "On [date] your country"."""

    id: str
    states: tuple[str, ...]
    date: date
    texts: Mapping[str, str]
    source: Source


@cache
def read_statements(file: Path) -> tuple[Statement, ...]:
    """The newest first. Raises DataError, which names the entry and what it lacks."""
    table = toml_tables.load(file)
    found = [_statement(row) for row in table.tables("said", needed=False)]
    if len({statement.id for statement in found}) < len(found):
        raise table.fault("two entries have the same id")
    return tuple(sorted(found, key=lambda statement: statement.date, reverse=True))


def latest_statements(file: Path, country: str | None, language: str) -> list[Statement]:
    """Those of one state that have a text in this language; none for an institution."""
    return [one for one in read_statements(file) if country in one.states and language in one.texts][:_MOST]


_ID: Kind[str] = Kind("a text that begins with said-", lambda value: TEXT.fits(value) and value.startswith("said-"))
_STATES: Kind[list[str]] = Kind(
    "a list of one country code or more", lambda value: list_of(COUNTRY, "").fits(value) and value != []
)
_TEXTS: Kind[dict[str, str]] = Kind(
    "a table of texts, by language",
    lambda value: TEXT_BY_NAME.fits(value) and value != {} and all(text.strip() for text in value.values()),
)


def _statement(row: Table) -> Statement:
    day = row.read("date", DAY)
    source = Source(row.text("publisher"), day.isoformat(), row.text("source"), level=row.text("level"))
    return Statement(row.read("id", _ID), tuple(row.read("states", _STATES)), day, row.read("text", _TEXTS), source)
