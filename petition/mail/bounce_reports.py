"""What comes back: reads a bounce (RFC 3464) or a complaint (RFC 5965), and stops the mail that it names.

A mail is named by the first half of its Message-ID, which nobody but its reader and the servers on its way ever
saw. Of the body nothing is kept; what was confirmed is never touched.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, HeaderParser
from pathlib import Path

LONGEST = 1_000_000  # bytes of a body that are looked at; what names the mail stands near the beginning
# As tokens.message_reference() makes it.
_REFERENCE = re.compile(r"\s*<?([0-9a-f]{32})(?:@[^<>\s]*)?>?\s*")
_PERMANENT = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}\b")  # RFC 3463; 4 is a delay, 2 a success
BOUNCED, COMPLAINT = "bounced", "complaint"  # what the mailbox's provider answered to our mail
_REPORTS = {"delivery-status": BOUNCED, "feedback-report": COMPLAINT}


@dataclass(frozen=True, slots=True)
class Returned:
    """Which mail came back, and why: one of the reasons for setting aside."""

    reference: str
    reason: str


def read(content: bytes) -> Returned | None:
    """A report as an MTA mails it. None for whatever else it is: a delay, a success, a holiday notice, garbage."""
    try:
        parts = list(BytesParser().parsebytes(content[:LONGEST]).walk())
        reason = next((reason for part in parts if (reason := _reason(part))), None)
        reference = next((found for part in parts if (found := _named(part))), None)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # what email makes of garbage
        return None
    return Returned(reference, reason) if reason and reference else None


def _reason(part: Message) -> str | None:
    if part.get_content_maintype() != "message":
        return None
    reason = _REPORTS.get(part.get_content_subtype())
    if reason == BOUNCED:
        return reason if any(_failed(block) for block in _blocks(part)) else None
    return reason if any(str(block["Feedback-Type"]).strip() == "abuse" for block in _blocks(part)) else None


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    yield from (block for block in payload if isinstance(block, Message)) if isinstance(payload, list) else ()


def _failed(block: Message) -> bool:
    """Of one recipient: RFC 3464, 2.3.3 and 2.3.4."""
    return str(block["Action"]).strip().lower() == "failed" and _PERMANENT.match(str(block["Status"])) is not None


def _named(part: Message) -> str | None:
    """By the envelope's name if we could give one; else the mail is a part of its own, whole or its head alone."""
    name = "Message-ID"
    if part.get_content_type() == "message/delivery-status":
        heads, name = list(_blocks(part)), "Original-Envelope-Id"  # RFC 3464, 2.2.1
    elif part.get_content_type() == "message/rfc822":
        heads = list(_blocks(part))
    elif part.get_content_type() == "text/rfc822-headers":
        raw = part.get_payload(decode=True)
        heads = [HeaderParser().parsestr(raw.decode("latin-1") if isinstance(raw, bytes) else "")]
    else:
        return None
    return next((found[1] for head in heads if (found := _REFERENCE.fullmatch(str(head[name])))), None)


def read_json(content: bytes) -> Returned | None:
    """{"message_id": "<…@…>", "event": "bounced", "status": "5.1.1"} or {"message_id": …, "event": "complaint"}."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    named, event = _REFERENCE.fullmatch(str(told.get("message_id"))), told.get("event")
    lasting = event == COMPLAINT or (event == BOUNCED and _PERMANENT.match(str(told.get("status"))))
    return Returned(named[1], str(event)) if named and lasting else None


def maildir(folder: Path) -> list[Path]:
    """The mails in a Maildir, new ones first."""
    return [file for box in ("new", "cur") for file in sorted((folder / box).glob("*")) if file.is_file()]
