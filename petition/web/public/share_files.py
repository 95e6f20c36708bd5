"""What people pass on: the picture that goes with a link, and a poster to hang. Typeset like the letters."""

from collections.abc import Mapping

import segno

from petition.campaign.appeal import Text
from petition.core import clock
from petition.letters.formats import pdf


def poster(language: str, text: Text, sender: str, call: str, address: str) -> bytes:
    """A4 as PDF: title and demand of the appeal, and a QR code (ISO/IEC 18004) of the address. Raises LetterError."""
    values = {
        "language": language,
        "title": text.title,
        "demand": text.demand.striptags(),
        "sender": sender,
        "call": call,
        "address": address,
    }
    code = str(segno.make_qr(address, error="m").svg_inline(border=0))
    return pdf.typeset("poster.typ", f"The poster in {language}", values, clock.now(), code=code)


def picture(values: Mapping[str, str]) -> bytes:
    """1200 by 630 as PNG. `values`: language, title, number (may be empty), counted, deadline, site. LetterError."""
    return pdf.picture("share.typ", f"The picture in {values['language']}", values)
