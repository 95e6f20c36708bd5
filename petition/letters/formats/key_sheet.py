"""The sheet of sealed keys, to print: QR codes, the same text to type, and what it is for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import segno

from petition.letters.formats.pdf import typeset


@dataclass(frozen=True, slots=True)
class KeySheet:
    """`codes`: the texts of the QR codes. `lines`: the same, to type. `recipients`: fingerprints of their keys."""

    site: str
    sealed_on: str
    names: Sequence[str]
    recipients: Sequence[str]
    destroy_when: str
    codes: Sequence[str]
    lines: Sequence[str]


def render(sheet: KeySheet, moment: datetime) -> bytes:
    """PDF. Raises LetterError."""
    values = {**asdict(sheet), "codes": [_qr_code(text) for text in sheet.codes]}
    return typeset("key_sheet.typ", "The sheet of sealed keys", values, moment)


def _qr_code(text: str) -> str:
    """As SVG. Letters and digits take less room than bytes; it can be read if 15 % of it is damaged."""
    return str(segno.make_qr(text, error="m", mode="alphanumeric").svg_inline(border=0))
