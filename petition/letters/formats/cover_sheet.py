"""The cover sheet of an edition, to print and tick off: what goes into which envelope."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from petition.letters.formats.pdf import typeset
from petition.letters.writing.document import Letter


def render(edition_number: int, moment: datetime, letters: Iterable[Letter]) -> bytes:
    """PDF. Letters to one addressee must follow each other. Raises LetterError."""
    groups = [list(group) for _, group in groupby(letters, key=lambda letter: letter.key)]
    copies = list(_copy_envelopes(letter for group in groups for letter in group))
    values = {
        "edition": edition_number,
        "moment": f"{moment:%Y-%m-%d %H:%M} UTC",
        "envelopes": [*map(_envelope, groups), *copies],
        "counts": f"envelopes: {len(groups)}, with copies: {len(copies)}",
    }
    return typeset("cover.typ", f"the cover list of edition {edition_number}", values, moment)


def _envelope(letters: list[Letter]) -> dict[str, Any]:
    first = letters[0]
    return {
        "address": [line for line in (first.title, first.office, *first.lines) if line],
        "missing": first.address_missing,
        "contents": [_content(letter, tuple(_enclosures(letter, letters))) for letter in letters],
    }


def _copy_envelopes(letters: Iterable[Letter]) -> Iterator[dict[str, Any]]:
    """One for each ministry, with the copies of all letters to its government. No copy has an annex of names."""
    letters_by_address: dict[tuple[str, ...], list[Letter]] = {}
    for letter in letters:
        for address in letter.copy_addresses:
            letters_by_address.setdefault(address, []).append(letter)
    for address, copied in letters_by_address.items():
        yield {"address": address, "missing": False, "contents": [_content(letter, (), copy=True) for letter in copied]}


def _content(letter: Letter, enclosures: Sequence[str], *, copy: bool = False) -> dict[str, Any]:
    return {"copy": copy, "enclosures": enclosures, **{name: getattr(letter, name) for name in _LISTED_FIELDS}}


def _enclosures(letter: Letter, envelope: Sequence[Letter]) -> Iterator[str]:
    """As the letter names them, but for its other languages: the sheet lists these letters themselves."""
    others = len(envelope) - 1 if letter is envelope[0] else 0
    printed = [part.title for part in letter.enclosures]
    for name in letter.enclosure_names[others:]:
        yield f"{name} (printed with the letter)" if any(title.startswith(name) for title in printed) else name


_LISTED_FIELDS = ("reference", "language", "courtesy")
