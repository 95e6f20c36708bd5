"""What a mail server's reply to one email means, and whom it is about: the mailbox, its provider, or ourselves.

A reply has a basic code (RFC 5321, 4.2) and mostly an enhanced status code (RFC 3463; the list of RFC 5248). Only a
code that says so gives up a mailbox. When in doubt the email, which holds the only copy of the address, is kept.
"""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Phase(StrEnum):
    """How far the dialogue got."""

    CONNECT = "connecting"  # up to and with the login
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"


class Verdict(Enum):
    MAILBOX = auto()  # it will never take an email: this one is dropped
    LATER = auto()  # one mailbox, for now
    PROVIDER = auto()  # the recipient's provider takes nothing from us now
    RELAY = auto()  # our relay takes no email to anybody
    UNCLEAR = auto()  # one of these: only the replies to other emails will tell
    LOST = auto()  # no reply to an email that was sent whole: perhaps it was taken


@dataclass(frozen=True, slots=True)
class Reply:
    """A failure. `status` is the enhanced status code, or the basic code if there is none; `text` is never kept."""

    phase: Phase
    verdict: Verdict
    status: str


_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")  # RFC 2034: the first word of a reply, if any
# 5.1.7 and 5.1.8 are about the sender. A full mailbox (2.2) is emptied some day, and 2.3 may be about our email.
_NEVER = {"1.1", "1.3", "1.6", "1.10", "2.1"}
_ONE_MAILBOX = ("2.", "6.")  # subjects of RFC 3463, 3: the mailbox, the content (which no two emails share)
_WHOLE_SYSTEM = ("3.", "4.", "7.")  # the system, the network, its policy: of a provider, or of our relay
_NOT_LOGGED_IN = {454, 530, 534, 535, 538}  # RFC 4954, 6


def judge(phase: Phase, code: int, text: str) -> Reply:
    """What a reply of the class 4 or 5 means."""
    status = _status(code, text)
    return Reply(phase, _verdict(phase, code, status), status)


def no_answer(phase: Phase, status: str) -> Reply:
    """The connection broke, or it took too long. After DATA the relay may have taken the email all the same."""
    return Reply(phase, Verdict.LOST if phase is Phase.DATA else Verdict.RELAY, status)


def _status(code: int, text: str) -> str:
    match = _ENHANCED.match(text)
    return match[1] if match and match[1][0] == str(code)[0] else str(code)


def _verdict(phase: Phase, code: int, status: str) -> Verdict:
    if phase in (Phase.CONNECT, Phase.MAIL) or code in _NOT_LOGGED_IN:
        return Verdict.RELAY
    detail = status.partition(".")[2]  # without the class; empty if there is no enhanced code
    if code >= 500 and detail in _NEVER:
        return Verdict.MAILBOX
    if code == 421 or detail.startswith(_WHOLE_SYSTEM):  # 421: it ends the dialogue
        return Verdict.PROVIDER
    if detail.startswith(_ONE_MAILBOX) or (code < 500 and detail.startswith("1.")):
        return Verdict.LATER
    return Verdict.UNCLEAR
