"""The tree of a letter, made of plain values. Every format is made from this tree alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """The published figures that a letter can print, in tens, from one snapshot (UTC).

    `country` is None if the country is counted under `other`. `named` counts people who asked for their name to be
    printed, None if that is not published. `named_outside_eu`: some of them live where no government gets a letter.
    `countries`: all published ones. `paper`: signatures on paper, which are in no other figure; `paper_country`: those
    from the country; 0 if there are none to publish.
    """

    as_of: datetime
    confirmed: int
    country: int | None
    named: int | None
    named_outside_eu: bool
    countries: Mapping[str, int] = field(default_factory=dict)
    paper: int = 0
    paper_country: int = 0


@dataclass(frozen=True, slots=True)
class NotMet:
    """An organiser's word that the demand was not met: the count of political prisoners on the day of the deadline.

    `by`: who counted, on the page `source`.
    """

    count: int
    by: str
    source: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a reminder or a reply (`kind`) says of the letter that it follows.

    `sent_days_ago`: how long ago that was sent. `total_then`: the published total when it was made. `quoted`: what came
    back, by the names of correspondence.Entry.
    """

    kind: str
    our_reference: str
    sent_days_ago: int
    total_then: int
    quoted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IssueDetails:
    """How a letter is sent: its reference, and the page where it can be checked (a preview has none).

    `language` is that of its text; empty means the addressee's own. `page_language` is that of the pages it links to.
    `courtesy` marks a translation beside the letter.
    `omitted`: ids of facts, events and sources that are left out, with every block that cites them.
    `translations`: the languages of the courtesy translations that go with it; `versions`: of the enclosures that count
    as much as the letter. `log_head`: the public log before it, in one line.
    """

    reference: str
    check_url: str = ""
    language: str = ""
    page_language: str = "en"
    courtesy: bool = False
    omitted: frozenset[str] = frozenset()
    translations: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    not_met: NotMet | None = None
    follow_up: FollowUp | None = None
    log_head: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a line. `style`: "", "strong", "emphasis" or "note" (the text is then the number of a note)."""

    text: str
    style: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph; `kind` is "paragraph", "item" (of a list), "quote" (set apart) or "heading" (of a Part)."""

    kind: str
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """The words without style; notes as [1]."""
        return "".join(f"[{run.text}]" if run.style == "note" else run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the chart: a country (`own` if it is the addressee's), or all others together (`rest`)."""

    name: str
    count: int
    printed: str
    own: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """The published figures as a table, a line for each bar; the lines add up to the total.

    `comparison`: what a European Citizens' Initiative needs in the addressee's country; empty until that is reached.
    """

    caption: str
    head: tuple[str, str]
    bars: tuple[Bar, ...]
    total: tuple[str, str]
    comparison: str


@dataclass(frozen=True, slots=True)
class Note:
    """An entry in the list of sources."""

    number: int
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Part:
    """A page with a title of its own, before or behind the letter. In a summary each block is an item that begins with
    its strong label.
    """

    title: str
    language: str
    blocks: tuple[Block, ...]
    sources: tuple[Note, ...]
    sources_title: str
    cited_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is printed. `lines` is empty if the address must be filled in by hand.

    `office` is printed above the lines; it is empty if they contain it. `contact` is the letterhead, `reply_to` stands
    below the signature, with `signatory` (name and function) above it if somebody was named. `enclosures` are printed
    behind it; `enclosure_names` lists what goes with it, also in files of their own.
    """

    key: str
    reference: str
    check_url: str  # the address of the page where it can be checked; empty for a preview
    courtesy: bool  # a translation beside the letter
    language: str
    territory: str
    fallback: bool  # in English, because no text in the addressee's language may be used
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
    chart: Chart | None  # None until figures are published
    cited_ids: tuple[str, ...]  # ids of the facts, events and sources it cites
    copy_addresses: tuple[tuple[str, ...], ...] = ()  # one for each of `copies`; letters of old editions have none
    form_limit: int = 0  # characters that the web form of the addressee takes; 0 if unknown
    controller_contact: str = ""
    return_line: str = ""
    signatory: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    summary: Part | None = None
    enclosures: tuple[Part, ...] = ()
    enclosure_names: tuple[str, ...] = ()
    log_head: str = ""  # printed in the foot: anyone who has it can hold us to the log before it

    @property
    def address_missing(self) -> bool:
        """True if somebody must write the address on the ruled lines."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Annex:
    """The names of people who asked to be printed, in the order of printing."""

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
    first_number: int = 1  # of the first name, in the whole annex
    check_url: str = ""  # as in Letter
    salt: str = ""  # a random number in the file; the reason is in editions/annexes.py
