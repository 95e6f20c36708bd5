"""One tree per letter, made of plain values: every format (PDF now, others later) is drawn from it alone."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """The published figures a letter may print: counts floored to ten, as of one snapshot (UTC).

    `country` is None when the country is folded into `other`; `present` says whether anybody who lives there
    signed at all; `named` counts those who asked for their name to be printed, None if that is not published;
    `elsewhere` says whether any of these lives where no government is written to.
    """

    as_of: datetime
    confirmed: int
    country: int | None
    present: bool
    named: int | None
    elsewhere: bool


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
    language: str
    territory: str
    fallback: bool  # the addressee's language has no text yet: this one is English
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


def plain(tree: Letter | Annex) -> dict[str, Any]:
    """The tree as values that JSON knows; the moment leaves, since each format writes its own date."""
    values = asdict(tree)
    values.pop("moment")
    return values
