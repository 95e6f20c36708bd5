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

MAX_REPORT_BYTES = 1_000_000  # bytes of a body that are looked at; what names the mail stands near the beginning
# As tokens.message_reference() makes it.
_REFERENCE = re.compile(r"\s*<?([0-9a-f]{32})(?:@[^<>\s]*)?>?\s*")
_PERMANENT = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}\b")  # RFC 3463; 4 is a delay, 2 a success
BOUNCED, COMPLAINT = "bounced", "complaint"  # what the mailbox's provider answered to our mail
_REPORTS = {"delivery-status": BOUNCED, "feedback-report": COMPLAINT}


@dataclass(frozen=True, slots=True)
class BounceReport:
    """Which mail came back, and why: one of the reasons for setting aside."""

    reference: str
    reason: str


def parse_report(content: bytes) -> BounceReport | None:
    """A report as an MTA mails it. None for whatever else it is: a delay, a success, a holiday notice, garbage."""
    try:
        parts = list(BytesParser().parsebytes(content[:MAX_REPORT_BYTES]).walk())
        reason = next((reason for part in parts if (reason := _find_reason(part))), None)
        reference = next((named for part in parts if (named := _find_reference(part))), None)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # what email makes of garbage
        return None
    return BounceReport(reference, reason) if reason and reference else None


def _find_reason(part: Message) -> str | None:
    if part.get_content_maintype() != "message":
        return None
    reason = _REPORTS.get(part.get_content_subtype())
    if reason == BOUNCED:
        return reason if any(_is_permanent_failure(block) for block in _nested_messages(part)) else None
    return reason if any(str(block["Feedback-Type"]).strip() == "abuse" for block in _nested_messages(part)) else None


def _nested_messages(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    yield from (block for block in payload if isinstance(block, Message)) if isinstance(payload, list) else ()


def _is_permanent_failure(block: Message) -> bool:
    """Of one recipient: RFC 3464, 2.3.3 and 2.3.4."""
    return str(block["Action"]).strip().lower() == "failed" and _PERMANENT.match(str(block["Status"])) is not None


def _find_reference(part: Message) -> str | None:
    """By the envelope's name if we could give one; else the mail is a part of its own, whole or its head alone."""
    header = "Message-ID"
    if part.get_content_type() == "message/delivery-status":
        messages, header = list(_nested_messages(part)), "Original-Envelope-Id"  # RFC 3464, 2.2.1
    elif part.get_content_type() == "message/rfc822":
        messages = list(_nested_messages(part))
    elif part.get_content_type() == "text/rfc822-headers":
        raw = part.get_payload(decode=True)
        messages = [HeaderParser().parsestr(raw.decode("latin-1") if isinstance(raw, bytes) else "")]
    else:
        return None
    return next((match[1] for message in messages if (match := _REFERENCE.fullmatch(str(message[header])))), None)


def parse_json(content: bytes) -> BounceReport | None:
    """{"message_id": "<…@…>", "event": "bounced", "status": "5.1.1"} or {"message_id": …, "event": "complaint"}."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    match, event = _REFERENCE.fullmatch(str(data.get("message_id"))), data.get("event")
    permanent = event == COMPLAINT or (event == BOUNCED and _PERMANENT.match(str(data.get("status"))))
    return BounceReport(match[1], str(event)) if match and permanent else None


def maildir_files(folder: Path) -> list[Path]:
    """The mails in a Maildir, new ones first."""
    return [file for box in ("new", "cur") for file in sorted((folder / box).glob("*")) if file.is_file()]
