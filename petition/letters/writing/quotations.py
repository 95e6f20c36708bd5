"""The sentences of a letter that cite a page, shown to those who check that page."""

import re
from collections.abc import Iterator

from petition.letters.addressees.address_book import Source
from petition.letters.writing.document import Letter, Note, Part

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?:])\s(?=[A-Z])")  # of an English text
_NOTE_MARK = re.compile(r"\s?\[\d{1,3}\]")


def sentences_citing(letter: Letter, source: Source) -> tuple[str, ...]:
    """Each sentence with a note that names this source, without its notes; those of enclosures come last. The letter
    must be in English.
    """
    parts: tuple[Letter | Part, ...] = (letter, *letter.enclosures)
    return tuple(
        _NOTE_MARK.sub("", sentence).replace("\u00a0", " ")
        for part in parts
        for sentence in _sentences_with(part, [f"[{note.number}]" for note in _notes_of(part, source)])
    )


def _notes_of(part: Letter | Part, source: Source) -> list[Note]:
    """Articles of one treaty are sources of their own on one page: then the name decides."""
    same_page = [note for note in part.sources if note.url == source.url]
    return [note for note in same_page if note.text.startswith(f"{source.publisher}, ")]


def _sentences_with(part: Letter | Part, marks: list[str]) -> Iterator[str]:
    for block in part.blocks:
        yield from (text for text in _BETWEEN_SENTENCES.split(block.text) if any(mark in text for mark in marks))
