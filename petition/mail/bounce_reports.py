"""Reads reports about our emails: failures (RFC 3464, RFC 6533, or a mail server's own text) and complaints (RFC 5965).

A report names an email by the reference in its Message-ID, which only its reader and the servers on its way have seen.
Some relays replace the Message-ID, so the same reference is in the envelope, in X-Reference and in the MIME boundary.
Nothing of a report is kept.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from petition.mail import bounce_texts
from petition.mail.bounce_texts import MAX_TEXT, classify_failure
from petition.mail.mime_parts import Head, Part, parse_head, read_parts, split_head

MAX_REPORT_BYTES = 1_000_000  # read of a report; what names the email is near the beginning
# The mailbox refuses our emails for good, its owner complained, a relay gave up; and all that changes nothing here.
BOUNCED, COMPLAINT, EXPIRED, OTHER = bounce_texts.BOUNCED, "complaint", bounce_texts.EXPIRED, bounce_texts.OTHER
MAX_BLOCKS, MAX_TEXT_BYTES = 50, 64_000
# As tokens.message_reference() makes it; some servers write it in capitals.
_REFERENCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_REFERENCE_FIELDS = ("x-reference", "message-id", "content-type")  # the last one for the boundary
_STATUS_KINDS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED_KINDS = {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
_AROUND_ADDRESSES = str.maketrans(dict.fromkeys("<>()[];:,\"'", " "))
_COMMENT = re.compile(r"\([^()]*\)")
# How a text without a machine-readable part begins: qmail, Exim, Postfix, Sendmail, Exchange, Gmail, Yahoo, OpenSMTPD.
_BEGINNINGS = (
    *("hi. this is the", "this message was created automatically by mail delivery software"),
    *("this is the mail system at host", "the following addresses had permanent fatal errors"),
    *("delivery has failed to these recipients or groups", "your message to", "address not found"),
    *("delivery to the following recipient", "transcript of session follows", "this is the mailer-daemon"),
    *("sorry, we were unable to deliver your message", "i'm sorry to have to inform you"),
)


@dataclass(frozen=True, slots=True)
class BounceReport:
    """What became of which email.

    `reference` is empty if the report names none of ours; `recipient`: the address that failed, or None where the
    report does not say it.
    """

    reference: str
    reason: str
    recipient: str | None = None


def parse_report(content: bytes) -> BounceReport | None:
    """Reads a report as a mail server sends it. None for anything else: an absence note, spam, garbage."""
    parts = read_parts(content[:MAX_REPORT_BYTES])
    outcome, references = next((found for part in parts if (found := _outcome(part))), None), _references
    if outcome is None:
        outcome, references = _text_outcome(parts), _references_in_words
    return outcome and replace(outcome, reference=next((found for part in parts for found in references(part)), ""))


def _outcome(part: Part) -> BounceReport | None:
    if part.kind in _STATUS_KINDS:
        return _delivery_outcome(_blocks(part.body))
    if part.kind == "message/feedback-report":
        fields = _blocks(part.body)[0]
        reason = COMPLAINT if _word(fields, "feedback-type") == "abuse" else OTHER
        recipient = fields.get("original-rcpt-to")
        return BounceReport("", reason, _address(recipient) if recipient else None)
    return None


def _delivery_outcome(blocks: list[Head]) -> BounceReport | None:
    """Our emails have one recipient. A report of several is about copies, which somebody sent on."""
    failures = [block for block in blocks if "action" in block]
    if not failures:
        return None
    block, *others = failures
    reason = OTHER
    if _word(block, "action") == "failed" and not others:
        reason = classify_failure(_word(block, "status"), block.get("diagnostic-code", ""))
    recipient = block.get("final-recipient")  # our own relay takes it out
    return BounceReport("", reason, None if recipient is None else _address(recipient))


def _blocks(body: bytes) -> list[Head]:
    """Groups of fields, with empty lines between them."""
    return [parse_head(block) for block in body[:MAX_TEXT_BYTES].split(b"\n\n", MAX_BLOCKS)[:MAX_BLOCKS]]


def _word(fields: Head, name: str) -> str:
    """The first word of a value without its comments (RFC 3464, 2.1.1; RFC 5322, 3.2.2)."""
    words = _COMMENT.sub(" ", fields.get(name, "")[:MAX_TEXT]).replace(";", " ").split()
    return words[0].lower() if words else ""


def _address(text: str) -> str:
    """The first address in a text, or an empty text."""
    words = text[:MAX_TEXT].lower().translate(_AROUND_ADDRESSES).split()
    return next((word.rstrip(".") for word in words if "@" in word[1:-1]), "")


def _text_outcome(parts: list[Part]) -> BounceReport | None:
    """Of a report in words alone: the first address after a beginning that we know, and what is said up to a copy of
    the email."""
    text = next((_text(part) for part in parts if part.kind == "text/plain"), "")
    begins = [text.lower().find(words) for words in _BEGINNINGS]
    begin = min((at for at in begins if at >= 0), default=None)
    if begin is None:
        return None
    told = text[begin:].partition("\n--")[0][:MAX_TEXT]
    recipient = _address(told)
    reason = classify_failure("", told.lower().partition(recipient)[2] if recipient else told)
    return BounceReport("", reason, recipient)


def _text(part: Part) -> str:
    return part.body[:MAX_TEXT_BYTES].decode("utf-8", "replace")


def _references(part: Part) -> Iterator[str]:
    """From the envelope, or from the returned email or its head."""
    if part.kind in _STATUS_KINDS:
        yield from _reference(_blocks(part.body)[0].get("original-envelope-id", ""))
    elif part.kind in _RETURNED_KINDS:
        head = parse_head(split_head(part.body.lstrip(b"\n"))[0])
        for name in _REFERENCE_FIELDS:
            yield from _reference(head.get(name, ""))


def _references_in_words(part: Part) -> Iterator[str]:
    """From a copy of the email below the words of the mail server, or in a part of its own."""
    yield from _references(part)
    if part.kind == "text/plain":
        for line in _text(part).lower().split("\n"):
            name, _, value = line.strip("> \t\r").partition(":")
            if name in _REFERENCE_FIELDS:
                yield from _reference(value)


def _reference(text: str) -> list[str]:
    return _REFERENCE.findall(text[:MAX_TEXT].lower())[:1]


def parse_json(content: bytes) -> BounceReport | None:
    """{"message_id": "<…@…>", "event": "bounced", "status": "5.1.1"}, or "complaint" or "expired" without a status.

    "recipient" may say which address failed.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("event") not in (BOUNCED, COMPLAINT, EXPIRED):
        return None
    event, recipient = str(data["event"]), data.get("recipient")
    status = str(data.get("status", ""))
    if event == BOUNCED:
        event = OTHER if status.startswith("4") else classify_failure(status, "")
    reference = next(iter(_reference(str(data.get("message_id")))), "")
    return BounceReport(reference, event, None if recipient is None else _address(str(recipient)))


def maildir_files(folder: Path) -> list[Path]:
    """The emails in a Maildir, new ones first."""
    return [file for box in ("new", "cur") for file in sorted((folder / box).glob("*")) if file.is_file()]
