"""Reads reports about our emails: bounces (RFC 3464) and complaints (RFC 5965), and finds the email that each names.

A report names an email by the first half of its Message-ID. Only its reader and the servers on its way have seen that.
Nothing of the report's body is kept.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser, HeaderParser
from pathlib import Path

MAX_REPORT_BYTES = 1_000_000  # read of a report; what names the email is near the beginning
# As tokens.message_reference() makes it.
_REFERENCE = re.compile(r"\s*<?([0-9a-f]{32})(?:@[^<>\s]*)?>?\s*")
_PERMANENT = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}\b")  # RFC 3463: 5 is a failure, 4 a delay, 2 a success
BOUNCED, COMPLAINT = "bounced", "complaint"  # what the mailbox's provider answered to our email
_REPORTS = {"delivery-status": BOUNCED, "feedback-report": COMPLAINT}


@dataclass(frozen=True, slots=True)
class BounceReport:
    """Which email came back, and why: `reason` is one of the reasons for which a submission is held."""

    reference: str
    reason: str


def parse_report(content: bytes) -> BounceReport | None:
    """Reads a report as a mail server sends it. None for anything else: delay, success, absence note, garbage."""
    try:
        parts = list(BytesParser().parsebytes(content[:MAX_REPORT_BYTES]).walk())
        reason = next((reason for part in parts if (reason := _find_reason(part))), None)
        reference = next((named for part in parts if (named := _find_reference(part))), None)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # garbage raises these
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
    """Reads the fields of one recipient: RFC 3464, 2.3.3 and 2.3.4."""
    return str(block["Action"]).strip().lower() == "failed" and _PERMANENT.match(str(block["Status"])) is not None


def _find_reference(part: Message) -> str | None:
    """From the envelope id, if the mail server took one from us; else from the returned email or its headers."""
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
    """The emails in a Maildir, new ones first."""
    return [file for box in ("new", "cur") for file in sorted((folder / box).glob("*")) if file.is_file()]
