"""The campaign's data: who asks, until when, where they are found (campaign.toml), and the dated facts (facts.toml)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from petition.core import toml_tables
from petition.core.languages import SOURCE_LANGUAGE
from petition.core.toml_tables import COUNTRY, DAY, TEXT, TEXT_BY_NAME, TEXTS, WHOLE_NUMBER, Kind, list_of

_PLACEHOLDER_PREFIX = "PLACEHOLDER "
T = TypeVar("T")


class Placeholder(str):
    """A value nobody has told us yet; reads "[what it should be]" and keeps production from starting."""

    __slots__ = ()

    @classmethod
    def from_description(cls, description: str) -> "Placeholder":
        """From the text behind the mark in a data file."""
        return cls(f"[{description}]")


class CampaignState(StrEnum):
    """What the calendar says about the campaign."""

    BEFORE = "before"
    OPEN = "open"
    PASSED = "passed"
    MET = "met"
    ARCHIVED = "archived"

    @property
    def allows_signing(self) -> bool:
        """Whether the form is open. After the deadline one signs that governments act now."""
        return self in (CampaignState.OPEN, CampaignState.PASSED)

    @property
    def allows_letters(self) -> bool:
        """Whether letters are written: demands while there is one, thanks once it is met."""
        return self in (CampaignState.OPEN, CampaignState.PASSED, CampaignState.MET)


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
    unsafe_countries: tuple[str, ...]  # countries whose residents are never counted by country: stored as not said
    example: str = ""  # one sentence, if nothing of it is real: pages show it, production refuses it

    def name(self, language: str) -> str:
        """The organiser's name in a language, in English or the first there is where it has none of its own."""
        return (
            self.organiser.get(language) or self.organiser.get(SOURCE_LANGUAGE) or next(iter(self.organiser.values()))
        )

    def placeholders(self) -> list[str]:
        """What is not known yet, by its place in campaign.toml."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values |= {f"links.{name}": url for name, url in self.links.items()}
        return [name for name, value in values.items() if isinstance(value, Placeholder)]

    def why_not_ready(self) -> str:
        """Why production may not start with it; empty if it may."""
        if self.example:
            return "campaign.toml is the one of the example"
        missing = self.placeholders()
        return f"campaign.toml has placeholders: {', '.join(missing)}" if missing else ""

    def state(self, today: date) -> CampaignState:
        """Where in its life the campaign is. Without a deadline it is open."""
        if isinstance(self.archived, date) and today >= self.archived:
            return CampaignState.ARCHIVED
        if isinstance(self.met, date) and today >= self.met:
            return CampaignState.MET
        if isinstance(self.deadline, date) and today > self.deadline:
            return CampaignState.PASSED
        return CampaignState.BEFORE if isinstance(self.opens, date) and today < self.opens else CampaignState.OPEN


def load_campaign(file: Path) -> Campaign:
    """The campaign of a file. Raises DataError that names what is missing or of the wrong kind."""
    loaded = toml_tables.load(file)
    table = replace(loaded, values=_with_placeholders(loaded.values))
    organiser, dates = table.table("organiser"), table.table("dates")
    return Campaign(
        id=table.text("id"),
        organiser=organiser.read("name", _NAMES),
        controller=organiser.text("controller"),
        contact=organiser.text("contact"),
        opens=dates.optional("opens", _DAY, None),
        deadline=dates.read("deadline", _DAY),
        met=dates.optional("met", _DAY, None),
        archived=dates.optional("archived", _DAY, None),
        destruction=dates.read("destruction", _DAY),
        goal=table.read("goal", _or_placeholder(WHOLE_NUMBER)),
        links=table.read("links", TEXT_BY_NAME),
        hashtags=tuple(table.read("hashtags", TEXTS)),
        unsafe_countries=tuple(table.read("unsafe", list_of(COUNTRY, "country codes such as BY"))),
        example=table.optional("example", TEXT, ""),
    )


def _or_placeholder(kind: Kind[T]) -> Kind[T | Placeholder]:
    return Kind(kind.name, lambda value: isinstance(value, Placeholder) or kind.fits(value))


_DAY = _or_placeholder(DAY)
_NAMES: Kind[dict[str, str]] = Kind("a table of names", lambda value: TEXT_BY_NAME.fits(value) and value != {})


def load_facts(file: Path) -> Iterator[Fact]:
    """The facts of a file. Raises DataError that names the fact and what it lacks."""
    for row in toml_tables.load(file).tables("fact", needed=False):
        ranged = "low" in row.values and "value" not in row.values
        low, high = ("low", row.read("high", WHOLE_NUMBER)) if ranged else ("value", None)
        origin = row.text("publisher"), row.text("source"), row.text("level")
        yield Fact(row.text("id"), row.read(low, WHOLE_NUMBER), high, row.read("as_of", DAY), *origin)


def _with_placeholders(value: Any) -> Any:
    """The data with placeholders as such."""
    if isinstance(value, dict):
        return {key: _with_placeholders(inner) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith(_PLACEHOLDER_PREFIX):
        return Placeholder.from_description(value.removeprefix(_PLACEHOLDER_PREFIX))
    return value
