"""What a letter says about its sender: letterhead, return line, signature, place and date."""

from datetime import date
from typing import Any

from petition.campaign.campaign import Campaign
from petition.letters.writing.formatting import Formatter


def sender_fields(
    campaign: Campaign, language: str, base_url: str, today: date, formatter: Formatter
) -> dict[str, Any]:
    """Fields of a letter. The return line is a postal address (DIN 5008): without one, only the name."""
    head, name = campaign.letterhead, campaign.name(language)
    reply_to = (head.email or campaign.contact, *_lines(head.phone), base_url)
    return {
        "sender": name,
        "controller": campaign.controller,
        "controller_contact": campaign.contact,
        "contact": (*head.address, *reply_to, *_lines(head.register)),
        "return_line": " · ".join((name, *head.address)),
        "signatory": _lines(head.signatory, head.function),
        "reply_to": reply_to,
        "date": ", ".join(_lines(head.place, formatter.day(today))),
    }


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(filter(None, texts))
