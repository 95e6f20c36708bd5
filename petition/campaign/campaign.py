"""The campaign's data: who asks, until when, where they are found (campaign.toml), and the dated facts (facts.toml)."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from petition.core.errors import DataError
from petition.core.languages import SOURCE

_MARK = "PLACEHOLDER "
_NEEDED = object()


class Placeholder(str):
    """A value nobody has told us yet; reads "[what it should be]" and keeps production from starting."""

    __slots__ = ()

    @classmethod
    def of(cls, what: str) -> "Placeholder":
        """From the text behind the mark in a data file."""
        return cls(f"[{what}]")


class State(StrEnum):
    """What the calendar says about the campaign."""

    BEFORE = "before"
    OPEN = "open"
    PASSED = "passed"
    MET = "met"
    ARCHIVED = "archived"

    @property
    def signing(self) -> bool:
        """Whether the form is open. After the deadline one signs that governments act now."""
        return self in (State.OPEN, State.PASSED)

    @property
    def writing(self) -> bool:
        """Whether letters are written: demands while there is one, thanks once it is met."""
        return self in (State.OPEN, State.PASSED, State.MET)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that was true on a day, and who said so. `high` is set for a range; level C is a page of a campaign."""

    id: str
    low: int
    high: int | None
    as_of: date
    publisher: str
    source: str
    level: str = "A"


@dataclass(frozen=True, slots=True)
class Campaign:
    """Who asks, until when, and where they are found."""

    id: str
    organiser: dict[str, str]
    controller: str
    contact: str
    opens: date | Placeholder | None
    deadline: date | Placeholder
    met: date | Placeholder | None
    archived: date | Placeholder | None
    destruction: date | Placeholder
    goal: int | Placeholder
    links: dict[str, str]
    hashtags: tuple[str, ...]
    unsafe: tuple[str, ...]  # countries whose residents are never counted by country: stored as not said
    example: str = ""  # one sentence, if nothing of it is real: pages show it, production refuses it

    def name(self, language: str) -> str:
        """The organiser's name in a language, in English or the first there is where it has none of its own."""
        return self.organiser.get(language) or self.organiser.get(SOURCE) or next(iter(self.organiser.values()))

    def placeholders(self) -> list[str]:
        """What is not known yet, by its place in campaign.toml."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values |= {f"links.{name}": url for name, url in self.links.items()}
        return [name for name, value in values.items() if isinstance(value, Placeholder)]

    def unready(self) -> str:
        """Why production may not start with it; empty if it may."""
        if self.example:
            return "campaign.toml is the one of the example"
        missing = self.placeholders()
        return f"campaign.toml has placeholders: {', '.join(missing)}" if missing else ""

    def state(self, today: date) -> State:
        """Where in its life the campaign is. Without a deadline it is open."""
        if isinstance(self.archived, date) and today >= self.archived:
            return State.ARCHIVED
        if isinstance(self.met, date) and today >= self.met:
            return State.MET
        if isinstance(self.deadline, date) and today > self.deadline:
            return State.PASSED
        return State.BEFORE if isinstance(self.opens, date) and today < self.opens else State.OPEN


def load(file: Path) -> Campaign:
    """The campaign of a file. Raises DataError that names what is missing or of the wrong kind."""
    read = _Reader(file.name, _told(_table(file)))
    return Campaign(
        id=read("id", str),
        organiser=read("organiser.name", dict),
        controller=read("organiser.controller", str),
        contact=read("organiser.contact", str),
        opens=read("dates.opens", date, None),
        deadline=read("dates.deadline", date),
        met=read("dates.met", date, None),
        archived=read("dates.archived", date, None),
        destruction=read("dates.destruction", date),
        goal=read("goal", int),
        links=read("links", dict),
        hashtags=tuple(read("hashtags", list)),
        unsafe=_countries(file.name, read("unsafe", list)),
        example=read("example", str, ""),
    )


def _countries(file: str, codes: list[str]) -> tuple[str, ...]:
    if wrong := [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]:
        raise DataError(f"{file}: unsafe has {wrong[0]!r}, which is not a country code such as BY.")
    return tuple(codes)


@dataclass(frozen=True)
class _Reader:
    file: str
    data: dict[str, Any]

    def __call__(self, place: str, kind: type, default: object = _NEEDED) -> Any:
        """The value at `table.name`; a placeholder may stand for any kind."""
        value: Any = self.data
        for name in place.split("."):
            value = value.get(name, default) if isinstance(value, dict) else default
        if value is _NEEDED:
            raise DataError(f"{self.file} lacks {place}.")
        if value is default or isinstance(value, Placeholder):
            return value
        inside = value.values() if kind is dict else value if kind is list else ()
        if not isinstance(value, kind) or isinstance(value, datetime | bool) or not all(map(_is_text, inside)):
            raise DataError(f"{self.file}: {place} is not {_KINDS[kind]}.")
        return value


_KINDS = {
    str: "a text",
    date: "a day such as 2026-12-24, without quotes",
    int: "a whole number",
    dict: "a table of texts",
    list: "a list of texts",
}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def facts(file: Path) -> Iterator[Fact]:
    """The facts of a file. Raises DataError that names the fact and what it lacks."""
    for row in _table(file).get("fact", []):
        read = _Reader(f"{file.name}, fact {row.get('id', '?')}", row)
        low, high = (read("value", int), None) if "value" in row else (read("low", int), read("high", int))
        said = read("publisher", str), read("source", str), read("level", str)
        yield Fact(read("id", str), low, high, read("as_of", date), *said)


def _table(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} cannot be used: {error}.") from None


def _told(value: Any) -> Any:
    """The data with placeholders as such."""
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith(_MARK):
        return Placeholder.of(value.removeprefix(_MARK))
    return value
