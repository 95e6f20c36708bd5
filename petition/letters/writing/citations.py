"""What a letter may cite (facts and events of the campaign, sources of the address book), and its numbered notes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Fact
from petition.core import toml_tables
from petition.core.toml_tables import DAY, TEXT, Kind, Table
from petition.letters.addressees.address_book import Addressee, Source
from petition.letters.writing.document import Block, Note, Run
from petition.letters.writing.said import read_statements
from petition.letters.writing.texts import Markdown


def citable_sources(appeal: Appeal, addressee: Addressee) -> dict[str, Source]:
    """Everything that a letter can cite, by its id in the data files."""
    facts = {f.id: Source(f.publisher, f.as_of.isoformat(), f.source, level=f.level) for f in appeal.facts.values()}
    crossings = {crossing.source.id: crossing.source for crossing in addressee.crossings}
    said = {statement.id: statement.source for statement in read_statements(appeal.data_file("said.toml"))}
    return {**addressee.sources, **_event_sources(appeal.data_file("facts.toml")), **said, **facts, **crossings}


_YEAR: Kind[int] = Kind("a year such as 2026", lambda value: type(value) is int and 1000 <= value <= 9999)


@cache
def _event_sources(file: Path) -> dict[str, Source]:
    return {row.text("id"): _event_source(row) for row in toml_tables.load(file).tables("event", needed=False)}


def _event_source(row: Table) -> Source:
    start = row.read("from", DAY).isoformat() if "from" in row.values else ""
    return Source(row.text("publisher"), _event_date(row), row.text("source"), start, row.optional("level", TEXT, ""))


def _event_date(row: Table) -> str:
    """The day of an event (the last day if it took several), or the year if no day is known."""
    name = next((name for name in ("date", "to", "year") if name in row.values), "date")
    return str(row.read("year", _YEAR)) if name == "year" else row.read(name, DAY).isoformat()


def renumber_notes(blocks: Sequence[Block], notes: Sequence[Note]) -> tuple[tuple[Block, ...], tuple[Note, ...]]:
    """The same blocks; their notes get numbers from 1 in the order of citation. Notes not cited are removed."""
    order: dict[str, str] = {}
    for run in (run for block in blocks for run in block.runs if run.style == "note"):
        order.setdefault(run.text, str(len(order) + 1))
    numbered_blocks = [replace(block, runs=tuple(_renumber_run(run, order) for run in block.runs)) for block in blocks]
    cited_notes = sorted((int(order[str(n.number)]), n) for n in notes if str(n.number) in order)
    return tuple(numbered_blocks), tuple(replace(note, number=number) for number, note in cited_notes)


def _renumber_run(run: Run, order: Mapping[str, str]) -> Run:
    return replace(run, text=order[run.text]) if run.style == "note" else run


OMITTED = Markdown("[-](omit:)")  # marks a source that was left out; a block with this mark is left out too


class Notes:
    """The numbered notes of one letter, in the order of first citation. One page on one day has one number."""

    def __init__(
        self, sources: Mapping[str, Source], facts: Mapping[str, Fact], omitted_ids: Collection[str] = ()
    ) -> None:
        self._sources = sources
        self._facts = facts
        self._omitted_ids = frozenset(omitted_ids)
        self._omitted = {sources[id_] for id_ in omitted_ids if id_ in sources and not sources[id_].id}
        self._cited_sources: list[Source] = []
        self._printed_facts: set[str] = set()
        self._cited_ids: set[str] = set()

    @property
    def cited_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._cited_ids))

    @property
    def cited_sources(self) -> tuple[Source, ...]:
        """In the order of their numbers, from 1."""
        return tuple(self._cited_sources)

    def cite(self, id_or_source: str | Source) -> Markdown:
        """The mark of a source, such as [1]; it goes directly behind the word it belongs to."""
        source = self.source(id_or_source)
        if id_ := id_or_source if isinstance(id_or_source, str) else id_or_source.id:
            if self.is_omitted(id_):
                return OMITTED
            self._cited_ids.add(id_)
        if source not in self._cited_sources:
            self._cited_sources.append(source)
        number = self._cited_sources.index(source) + 1
        return Markdown(f"\u00a0[{number}](note:{number})")

    def source(self, id_or_source: str | Source) -> Source:
        """Raises ValueError for an id that no data file has."""
        if isinstance(id_or_source, Source):
            return id_or_source
        if id_or_source not in self._sources:
            raise ValueError(f"no fact, event or source is called {id_or_source}")
        return self._sources[id_or_source]

    def fact(self, id_: str) -> Fact:
        """The fact whose number will be printed: facts_without_note() then expects its note. Raises ValueError."""
        if id_ not in self._facts:
            raise ValueError(f"no fact is called {id_}")
        if not self.is_omitted(id_):
            self._printed_facts.add(id_)
        return self._facts[id_]

    def is_omitted(self, id_: str) -> bool:
        """True if this source was left out, or one for the same page and day. All that cites it is left out too.

        A crossing that was left out takes none with it that stands on the same page.
        """
        return id_ in self._omitted_ids or self._sources.get(id_) in self._omitted

    def facts_without_note(self) -> list[str]:
        """The ids of facts whose number was printed without a note."""
        return sorted(id_ for id_ in self._printed_facts if self._sources[id_] not in self._cited_sources)
