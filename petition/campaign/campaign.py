"""The campaign's data: organiser, dates, goal and links (campaign.toml), and the dated facts (facts.toml)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from petition.campaign.goals import Step, next_step, read_steps
from petition.campaign.kinds import ISO_COUNTRY, KEY_URI, NAMES, PAGE, WAIT
from petition.campaign.letterhead import Letterhead, read_letterhead
from petition.campaign.press import DEFAULT_LICENCE, LICENCE, Press, read_press
from petition.campaign.witnesses import Witnesses, read_witnesses
from petition.core import time_zones, toml_tables
from petition.core.errors import DataError
from petition.core.languages import N_, SOURCE_LANGUAGE
from petition.core.sentences import Sentence
from petition.core.toml_tables import COUNTRY, DAY, TEXT, TEXT_BY_NAME, TEXTS, WHOLE_NUMBER, Kind, Table, list_of

_PLACEHOLDER_PREFIX = "PLACEHOLDER "
T = TypeVar("T")


class Placeholder(str):
    """A value that is not known yet. Its text is "[what it should be]". Production does not start with one."""

    __slots__ = ()

    @classmethod
    def from_description(cls, description: str) -> "Placeholder":
        """`description` is the text after the prefix in a data file."""
        return cls(f"[{description}]")


class CampaignState(StrEnum):
    """The phase that the campaign is in, by its dates."""

    BEFORE = "before"
    OPEN = "open"
    PASSED = "passed"
    MET = "met"
    ARCHIVED = "archived"

    @property
    def allows_signing(self) -> bool:
        """The form stays open after the deadline: people then ask governments to act now."""
        return self in (CampaignState.OPEN, CampaignState.PASSED)

    @property
    def allows_letters(self) -> bool:
        """Letters demand something until the demand is met; then they say thanks."""
        return self in (CampaignState.OPEN, CampaignState.PASSED, CampaignState.MET)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that was true on a day, and its source. `high` is set for a range; level C is a page of a campaign."""

    id: str
    low: int
    high: int | None
    as_of: date
    publisher: str
    source: str
    level: str = "A"
    what: str = ""  # for organisers: what exactly was counted


@dataclass(frozen=True, slots=True)
class Definition:
    """What a word of the demand means, as the English letter says it; `confirmed`: who stands by it, since when."""

    name: str
    means: str
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    id: str
    organiser: dict[str, str]
    controller: str
    contact: str
    opens: date | Placeholder | None
    deadline: date | Placeholder
    met: date | Placeholder | None
    archived: date | Placeholder | None
    destruction: date | Placeholder
    zone: ZoneInfo
    goal: int | Placeholder
    links: dict[str, str]
    hashtags: tuple[str, ...]
    unsafe_countries: tuple[str, ...]  # people who live there are never counted by country, but stored as not said
    encryption: str = ""  # where the OpenPGP key of the contact is: a URI for security.txt (RFC 9116, 2.5.4)
    posted_from: str = ""  # the country in which letters are handed to the post (ISO 3166); empty if not said
    demand: tuple[Definition, ...] = ()
    letterhead: Letterhead = field(default_factory=Letterhead)
    reminder_after_days: int = 30  # until a letter without answer is on the list of reminders
    met_by: str = ""  # who states that the demand was met, and the page on which they do
    met_source: str = ""
    banners: dict[str, str] = field(default_factory=dict)  # one line above all public pages, by language
    press: Press = field(default_factory=Press)
    licence: str = DEFAULT_LICENCE  # of the data and pictures, by its SPDX name
    example: str = ""  # one sentence if the campaign is not real: pages show it, production does not start
    witnesses: Witnesses = field(default_factory=Witnesses)  # of the public log
    steps: tuple[Step, ...] = ()  # on the way to the goal, the lowest first

    def name(self, language: str) -> str:
        """The organiser's name in a language; if it has none, in English; else the first name of all."""
        return (
            self.organiser.get(language) or self.organiser.get(SOURCE_LANGUAGE) or next(iter(self.organiser.values()))
        )

    def next_step(self, signatures: int) -> Step | None:
        return next_step(self.steps, self.goal if isinstance(self.goal, int) else None, signatures)

    def placeholders(self) -> list[str]:
        """The names of all values that are not known yet, such as `links.NAME`."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values |= {f"links.{name}": url for name, url in self.links.items()}
        values |= {f"correspondence.{name}": getattr(self.letterhead, name) for name in Letterhead.__slots__}
        return [name for name, value in values.items() if isinstance(value, Placeholder)]

    def why_not_ready(self) -> str:
        """Why production may not start with this campaign; empty if it may."""
        if self.example:
            return "campaign.toml is the one of the example"
        missing = self.placeholders()
        return f"campaign.toml has placeholders: {', '.join(missing)}" if missing else ""

    def day(self, moment: datetime) -> date:
        """The day of opening, deadline and countdowns: it begins at midnight in the campaign's time zone."""
        return moment.astimezone(self.zone).date()

    @property
    def end(self) -> datetime | None:
        """The midnight (UTC) at which the deadline has passed."""
        if not isinstance(self.deadline, date):
            return None
        return datetime.combine(self.deadline + timedelta(1), time(), self.zone).astimezone(UTC)

    def state(self, moment: datetime) -> CampaignState:
        """While the deadline is not known, it has not passed."""
        today = self.day(moment)
        if isinstance(self.archived, date) and today >= self.archived:
            return CampaignState.ARCHIVED
        if isinstance(self.met, date) and today >= self.met:
            return CampaignState.MET
        if isinstance(self.deadline, date) and today > self.deadline:
            return CampaignState.PASSED
        return CampaignState.BEFORE if isinstance(self.opens, date) and today < self.opens else CampaignState.OPEN


def load_campaign(file: Path) -> Campaign:
    """Raises DataError, which names what is missing or of the wrong kind."""
    loaded = toml_tables.load(file)
    table = replace(loaded, values=_with_placeholders(loaded.values))
    organiser, dates = table.table("organiser"), table.table("dates")
    refuse_early_destruction(file.name, dates.read("deadline", _DAY), dates.read("destruction", _DAY))
    _refuse_unstated_met(file, dates)
    return Campaign(
        id=table.text("id"),
        organiser=organiser.read("name", NAMES),
        controller=organiser.text("controller"),
        contact=organiser.text("contact"),
        opens=dates.optional("opens", _DAY, None),
        deadline=dates.read("deadline", _DAY),
        met=dates.optional("met", _DAY, None),
        archived=dates.optional("archived", _DAY, None),
        destruction=dates.read("destruction", _DAY),
        zone=time_zones.read_zone(dates),
        goal=table.read("goal", _or_placeholder(WHOLE_NUMBER)),
        links=table.read("links", TEXT_BY_NAME),
        hashtags=tuple(table.read("hashtags", TEXTS)),
        unsafe_countries=tuple(table.read("unsafe", list_of(COUNTRY, "country codes such as BY"))),
        encryption=organiser.optional("encryption", KEY_URI, ""),
        posted_from=table.optional("posted_from", ISO_COUNTRY, ""),
        demand=tuple(_definitions(table.table("demand", needed=False))),
        letterhead=read_letterhead(table.table("correspondence", needed=False), organiser.text("contact")),
        reminder_after_days=table.table("correspondence", needed=False).optional("reminder_after_days", WAIT, 30),
        met_by=dates.optional("met_by", TEXT, ""),
        met_source=dates.optional("met_source", PAGE, ""),
        banners=table.optional("banner", TEXT_BY_NAME, {}),
        press=read_press(table.table("press", needed=False)),
        licence=table.optional("licence", LICENCE, DEFAULT_LICENCE),
        example=table.optional("example", TEXT, ""),
        witnesses=read_witnesses(table.table("log", needed=False)),
        steps=read_steps(table),
    )


def _definitions(demand: Table) -> Iterator[Definition]:
    for name in demand.values:
        definition = demand.table(name)
        yield Definition(name, definition.text("means"), definition.optional("confirmed", TEXT, ""))


_EARLY_DESTRUCTION = N_(
    "%(where)s, dates: destruction (%(destruction)s) is not after deadline (%(deadline)s): it would erase "
    "signatures before the end. Correct the year."
)


def refuse_early_destruction(where: str, deadline: date | Placeholder, destruction: date | Placeholder) -> None:
    """The slip that this finds is last year's number."""
    if isinstance(deadline, date) and isinstance(destruction, date) and destruction <= deadline:
        raise DataError(Sentence(_EARLY_DESTRUCTION, where=where, destruction=destruction, deadline=deadline))


def _refuse_unstated_met(file: Path, dates: Table) -> None:
    if "met" in dates.values and not {"met_by", "met_source"} <= dates.values.keys():
        raise DataError(
            f"{file.name}, dates: met says that the demand was met: met_by has to name who states it, and met_source "
            "the page on which they do."
        )


def _or_placeholder(kind: Kind[T]) -> Kind[T | Placeholder]:
    return Kind(kind.name, lambda value: isinstance(value, Placeholder) or kind.fits(value))


_DAY = _or_placeholder(DAY)


def load_facts(file: Path) -> Iterator[Fact]:
    """Raises DataError, which names the fact and what is missing or wrong."""
    yield from map(read_fact, toml_tables.load(file).tables("fact", needed=False))


def read_fact(row: Table) -> Fact:
    """One row. Raises DataError."""
    ranged = "low" in row.values and "value" not in row.values
    low, high = ("low", row.read("high", WHOLE_NUMBER)) if ranged else ("value", None)
    origin = row.text("publisher"), row.text("source"), row.text("level")
    what = row.optional("what", TEXT, "")
    return Fact(row.text("id"), row.read(low, WHOLE_NUMBER), high, row.read("as_of", DAY), *origin, what)


def _with_placeholders(value: Any) -> Any:
    """The data, with a Placeholder for each text that begins with _PLACEHOLDER_PREFIX."""
    if isinstance(value, dict):
        return {key: _with_placeholders(inner) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith(_PLACEHOLDER_PREFIX):
        return Placeholder.from_description(value.removeprefix(_PLACEHOLDER_PREFIX))
    return value
