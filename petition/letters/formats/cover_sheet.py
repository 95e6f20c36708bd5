"""The cover sheet of an edition, to print and tick off: what goes into which envelope."""

from collections.abc import Iterable, Iterator
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
        "contents": [_content(letter, copy=False) for letter in letters],
    }


def _copy_envelopes(letters: Iterable[Letter]) -> Iterator[dict[str, Any]]:
    """One for each ministry, with the copies of all letters to its government."""
    letters_by_address: dict[tuple[str, ...], list[Letter]] = {}
    for letter in letters:
        for address in letter.copy_addresses:
            letters_by_address.setdefault(address, []).append(letter)
    for address, copied in letters_by_address.items():
        yield {"address": address, "missing": False, "contents": [_content(letter, copy=True) for letter in copied]}


def _content(letter: Letter, *, copy: bool) -> dict[str, Any]:
    enclosures = [] if copy else list(_enclosures(letter))
    return {"copy": copy, "enclosures": enclosures, **{name: getattr(letter, name) for name in _LISTED_FIELDS}}


def _enclosures(letter: Letter) -> Iterator[str]:
    """As the letter names them. A copy has only what is printed with it: no names, and no translation of its own."""
    printed = [part.title for part in letter.enclosures]
    for name in letter.enclosure_names:
        yield f"{name} (printed with the letter)" if any(title.startswith(name) for title in printed) else name


_LISTED_FIELDS = ("reference", "language", "courtesy")
