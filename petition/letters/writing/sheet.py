"""What one text of a letter is filled in with: the values it can print, and notes of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from petition.core.errors import DataError
from petition.letters.writing.citations import Notes, renumber_notes
from petition.letters.writing.document import Block, Note
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.part_texts import PartText
from petition.letters.writing.texts import LetterText


class UncitedFacts(DataError):
    """A letter would print numbers without their note; `ids`: of which facts."""

    def __init__(self, text: str, ids: list[str]) -> None:
        super().__init__(f"letters/{text} prints {', '.join(ids)} without a note.")
        self.ids = ids


@dataclass(frozen=True, slots=True)
class Sheet:
    """`text` says what the language of the sheet calls publishers and crossings."""

    text: LetterText
    formatter: Formatter
    notes: Notes
    values: dict[str, Any]

    def fill(self, text: LetterText | PartText, **more: Any) -> tuple[tuple[Block, ...], tuple[Note, ...]]:
        """The text with its values, and the notes that it cites. Raises DataError."""
        blocks = text.render_blocks({**self.values, **more})
        if unsourced := self.notes.facts_without_note():
            raise UncitedFacts(text.name, unsourced)
        return renumber_notes(blocks, tuple(self._source_notes()))

    def _source_notes(self) -> Iterator[Note]:
        for number, source in enumerate(self.notes.cited_sources, start=1):
            publisher = self.text.publishers.get(source.publisher, source.publisher)
            yield Note(number, f"{publisher}, {self.formatter.source_dates(source)}", source.url)
