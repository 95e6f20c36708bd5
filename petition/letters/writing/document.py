"""One tree per letter, made of plain values: every format is made from it alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """The published figures a letter may print: counts floored to ten, as of one snapshot (UTC).

    `country` is None when the country is folded into `other`; `has_signatures` says whether anybody who lives
    there signed at all; `named` counts those who asked for their name to be printed, None if that is not published;
    `named_outside_eu`: some of them live where no government is written to; `countries`: all published ones.
    """

    as_of: datetime
    confirmed: int
    country: int | None
    has_signatures: bool
    named: int | None
    named_outside_eu: bool
    countries: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IssueDetails:
    """How a letter goes out: what it is filed under, and the page where it can be checked; a preview has none.

    `language` is that of its text, the addressee's own if empty; `courtesy` marks a translation beside the letter;
    `omitted` are the ids of the facts, events and sources that are left out, and all that cites them with them.
    """

    reference: str
    check_url: str = ""
    language: str = ""
    courtesy: bool = False
    omitted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line. `style`: "", "strong", "emphasis" or "note" (then the text is a number of the sources)."""

    text: str
    style: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph; `kind` is "paragraph", "item" of a list, or "quote" (the demand, set apart)."""

    kind: str
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """Its words without style; notes as [1]."""
        return "".join(f"[{run.text}]" if run.style == "note" else run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the table: a country, or all others together, the `rest`; `own` is the addressee's."""

    name: str
    count: int
    printed: str
    own: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """The published figures as a table with a bar to each line; the bars add up to the total.

    `comparison` compares the addressee's country with what a European Citizens' Initiative needs.
    """

    caption: str
    head: tuple[str, str]
    bars: tuple[Bar, ...]
    total: tuple[str, str]
    comparison: str


@dataclass(frozen=True, slots=True)
class Note:
    """An entry of the list of sources."""

    number: int
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it will stand on paper. `lines` is empty when the address has to be filled in by hand.

    `office` stands above the lines; it is empty when they name it themselves.
    """

    key: str
    reference: str
    check_url: str  # the address of the page where it can be checked; empty for a preview
    courtesy: bool  # a translation beside the letter
    language: str
    territory: str
    fallback: bool  # the addressee's language has no text that may be used: this one is English
    reviewed: str
    moment: datetime
    sender: str
    controller: str
    contact: tuple[str, ...]
    labels: dict[str, str]
    date: str
    title: str
    office: str
    lines: tuple[str, ...]
    salutation: str
    subject: str
    blocks: tuple[Block, ...]
    closing: str
    copies: tuple[str, ...]
    sources: tuple[Note, ...]
    chart: Chart | None  # none while nothing is published
    cited_ids: tuple[str, ...]  # the facts, events and sources it cites, by their ids

    @property
    def address_missing(self) -> bool:
        """True if somebody has to write the address on the ruled lines."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Annex:
    """The names of those who asked for it, in the order they are printed."""

    key: str
    reference: str
    language: str
    territory: str
    moment: datetime
    sender: str
    controller: str
    contact: str
    date: str
    title: str
    sentences: tuple[str, ...]
    names: tuple[str, ...]
    check_url: str = ""  # as of a letter
    salt: str = ""  # a random number inside the file; see annexes.py


def to_dict(document: Letter | Annex) -> dict[str, Any]:
    """The document as values that JSON knows; the moment as seconds since 1970."""
    return {**asdict(document), "moment": int(document.moment.timestamp())}


def annex_from_dict(values: Mapping[str, Any]) -> Annex:
    """The reverse of to_dict(), of an annex."""
    lists = {name: tuple(values[name]) for name in ("sentences", "names")}
    return Annex(**{**values, **lists, "moment": datetime.fromtimestamp(values["moment"], UTC)})


def letter_from_dict(values: Mapping[str, Any]) -> Letter:
    """The reverse of to_dict(), of a letter."""
    blocks = [Block(b["kind"], tuple(Run(**run) for run in b["runs"])) for b in values["blocks"]]
    lists = {name: tuple(values[name]) for name in ("contact", "lines", "copies", "cited_ids")}
    nested = {
        "moment": datetime.fromtimestamp(values["moment"], UTC),
        "blocks": tuple(blocks),
        "sources": tuple(Note(**note) for note in values["sources"]),
        "chart": _chart_from_dict(values["chart"]) if values["chart"] else None,
    }
    return Letter(**{**values, **lists, **nested})


def _chart_from_dict(values: Mapping[str, Any]) -> Chart:
    bars = {"bars": tuple(Bar(**bar) for bar in values["bars"])}
    return Chart(**{**values, **bars, "head": tuple(values["head"]), "total": tuple(values["total"])})
