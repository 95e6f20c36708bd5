"""The sentences of a letter that cite a page, shown to those who check that page."""

import re
from collections.abc import Iterator

from petition.letters.writing.document import Letter

_BETWEEN_SENTENCES = re.compile(r"(?<=[.!?:])\s(?=[A-Z])")  # of an English text
_NOTE_MARK = re.compile(r"\s?\[\d{1,3}\]")


def sentences_citing(letter: Letter, url: str) -> tuple[str, ...]:
    """Each sentence with a note that leads to `url`, without its notes. The letter must be in English."""
    marks = [f"[{note.number}]" for note in letter.sources if note.url == url]
    return tuple(
        _NOTE_MARK.sub("", sentence).replace("\u00a0", " ")
        for sentence in _sentences(letter)
        if any(mark in sentence for mark in marks)
    )


def _sentences(letter: Letter) -> Iterator[str]:
    for block in letter.blocks:
        yield from _BETWEEN_SENTENCES.split(block.text)
