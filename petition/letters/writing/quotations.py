"""The sentences of a letter that cite a page, shown to those who check that page."""

import re
from collections.abc import Iterator

from petition.letters.writing.document import Letter, Part

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?:])\s(?=[A-Z])")  # of an English text
_NOTE_MARK = re.compile(r"\s?\[\d{1,3}\]")


def sentences_citing(letter: Letter, url: str) -> tuple[str, ...]:
    """Each sentence with a note that leads to `url`, without its notes, of the letter and then of its enclosures. The
    letter must be in English.
    """
    parts: tuple[Letter | Part, ...] = (letter, *letter.enclosures)
    return tuple(
        _NOTE_MARK.sub("", sentence).replace("\u00a0", " ")
        for part in parts
        for sentence in _sentences_with(part, [f"[{note.number}]" for note in part.sources if note.url == url])
    )


def _sentences_with(part: Letter | Part, marks: list[str]) -> Iterator[str]:
    for block in part.blocks:
        yield from (text for text in _BETWEEN_SENTENCES.split(block.text) if any(mark in text for mark in marks))
