"""A letter as a short text for web forms of governments, many of which take few characters.

It has the demand, the number of signatures, what we ask, the reference and the address of the page with the letter.
Everything else is left out, sentence by sentence, until the text is short enough. No sentence is cut.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from petition.core import typography
from petition.letters.formats.plain_text import PLAIN_SPACES
from petition.letters.writing.document import Block, Letter

CHARACTERS = 1500  # unless the form of the addressee is known to take another number
_NOTE_MARK = re.compile(r"\s?\[\d{1,3}\]")
# After a word or a year, not after "1." or "Nr.", and before a capital letter: two sentences may stay together, none is
# cut in two.
_MAYBE_SENTENCE_END = re.compile(r"(?:(?<=[^\W\d_]{4}[.!?])|(?<=\d{4}[.!?]))\s(?=\w)")
_NEVER_LEFT_OUT = 0


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`line`: sentences of one line stand behind each other. The one with the highest `rank` is left out first."""

    line: int
    rank: int
    text: str


def render(letter: Letter) -> str:
    """Lines end in LF. Longer than the form takes only if what is never left out is."""
    limit = letter.form_limit or CHARACTERS
    kept = [_Sentence(n, rank, text) for n, line in enumerate(_lines(letter)) for rank, text in line]
    while len(_joined(kept)) > limit and (last := max(reversed(kept), key=lambda s: (s.rank, s.line))).rank:
        kept.remove(last)
    return _joined(kept)


def _joined(sentences: Sequence[_Sentence]) -> str:
    lines: dict[int, list[str]] = {}
    for sentence in sentences:
        lines.setdefault(sentence.line, []).append(sentence.text)
    return "\n".join(map(" ".join, lines.values())).translate(PLAIN_SPACES) + "\n"


_Line = list[tuple[int, str]]  # rank and text of each sentence


def _lines(letter: Letter) -> Iterator[_Line]:
    labels, blocks = letter.labels, letter.blocks
    yield [(3, letter.subject)]
    yield [(5, letter.salutation)]
    for block in [b for b in blocks if b.kind == "quote"] or [blocks[0]]:  # once it is met, the first paragraph says so
        yield [(_NEVER_LEFT_OUT, _plain(block))]
    yield _figures(max(blocks, key=lambda b: (bool(_strong(b)), any(run.url for run in b.runs))))
    *others, (lead, asks) = _lists(blocks) or [("", [])]
    for intro, items in others:  # such as the crossings of a border: all of them or none
        yield [(2, "\n– ".join((intro, *items)))]
    yield [(_NEVER_LEFT_OUT, lead)]
    for n, ask in enumerate(asks):
        yield [(1 if n else _NEVER_LEFT_OUT, "– " + ask)]
    yield [(3, text) for text in _sentences(blocks[-1])]
    page = f"{labels['check']} {letter.check_url}" if letter.check_url else letter.contact[-1]
    reference = typography.label(labels["reference"], letter.reference, letter.language)
    for line in (reference, page, letter.sender):
        yield [(_NEVER_LEFT_OUT, line)]


def _figures(block: Block) -> _Line:
    """The first sentence has the number, or leads to it while there is none; others with a number come next."""
    first, *others = _sentences(block)
    numbers = _strong(block) or [""]
    ranks = [2 if any(number in text for number in numbers) else 4 for text in others]
    return [(_NEVER_LEFT_OUT, first), *zip(ranks, others, strict=True)]


def _strong(block: Block) -> list[str]:
    return [run.text for run in block.runs if run.style == "strong"]


def _lists(blocks: Sequence[Block]) -> list[tuple[str, list[str]]]:
    """Each list of the letter, behind the sentence that leads to it. The last one is what we ask."""
    lists: list[tuple[str, list[str]]] = []
    for before, block in pairwise(blocks):
        if block.kind == "item" and before.kind != "item":
            lists.append((_sentences(before)[-1], []))
        if block.kind == "item":
            lists[-1][1].append(_plain(block))
    return lists


def _sentences(block: Block) -> list[str]:
    text = _plain(block)
    ends = [match for match in _MAYBE_SENTENCE_END.finditer(text) if text[match.end()].isupper()]
    starts = [0, *(match.end() for match in ends)]
    return [text[start:stop] for start, stop in zip(starts, [*(match.start() for match in ends), None], strict=True)]


def _plain(block: Block) -> str:
    return _NOTE_MARK.sub("", block.text).strip()
