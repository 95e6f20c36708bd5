"""The cover sheet of an edition, to print and tick off: what goes into which envelope."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from petition.letters.formats.pdf import typeset
from petition.letters.writing.document import Letter


def render(edition_number: int, moment: datetime, letters: Iterable[Letter]) -> bytes:
    """PDF. Letters to one addressee must follow each other. Raises LetterError."""
    envelopes = [_envelope(list(group)) for _, group in groupby(letters, key=lambda letter: letter.key)]
    values = {"edition": edition_number, "moment": f"{moment:%Y-%m-%d %H:%M} UTC", "envelopes": envelopes}
    return typeset("cover.typ", f"the cover list of edition {edition_number}", values, moment)


def _envelope(letters: list[Letter]) -> dict[str, Any]:
    first = letters[0]
    return {
        "address": [line for line in (first.title, first.office, *first.lines) if line],
        "missing": first.address_missing,
        "contents": [{name: getattr(letter, name) for name in _LISTED_FIELDS} for letter in letters],
    }


_LISTED_FIELDS = ("reference", "language", "courtesy")
