"""What mail servers write about a failure: which status codes and sentences speak of one mailbox, and which do not.

A code is the last two numbers of an enhanced status code (RFC 3463, RFC 5248, RFC 7505).
"""

import re

BOUNCED, EXPIRED, OTHER = "bounced", "expired", "other"
# Unknown, malformed, moved, takes no email at all (null MX), disabled. Not 1.2, an unknown domain: a resolver in
# trouble says that of every domain. Not 2.2, full: that passes.
MAILBOX_CODES = {"1.1", "1.3", "1.6", "1.10", "2.1"}
EXPIRED_CODE = "4.7"
UNKNOWN_CODE = "0.0"  # says nothing; the sentence beside it may
_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3}\.\d{1,3})(?!\.?\d)")
MAX_TEXT = 2000  # characters of an explanation
_EXPIRED = (
    *("delivery time expired", "message expired", "retry timeout exceeded", "retry time not reached", "too old"),
    *("too long in the queue", "in the queue too long", "queue lifetime", "delivery expired", "message has expired"),
    *("couldn't be delivered in time", "could not be delivered within", "gave up", "i'm not going to try again"),
)
_MAILBOX = (
    *("user unknown", "unknown user", "no such user", "no mailbox here by that name", "recipient not found"),
    *("no such recipient", "no such mailbox", "mailbox not found", "user not found", "unknown recipient"),
    *(
        "address couldn't be found",
        "you tried to reach does not exist",
        "doesn't have a",
        "recipientnotfound",
        "unknown local-part",
        "invalid recipient",
    ),
    *("user does not exist", "user doesn't exist", "mailbox does not exist", "account does not exist"),
    *("account that you tried to reach is disabled", "account has been disabled", "mailbox is disabled"),
)
# With these words a mailbox is not what failed, whatever the code: their servers use codes freely.
_ELSEWHERE = (
    *("spam", "block", "black", "denied", "reject due", "policy", "reputation", "dmarc", "dkim", "spf", "sender"),
    *("quota", "full", "over limit", " rate", "too many", "relay", "loop", "hop count", "content", "virus"),
    *(
        "authenticat",
        "temporar",
        "try again",
        "later",
        "host unknown",
        "refused due to",
        "couldn't create",
        "timed out",
    ),
)


def classify_failure(status: str, text: str) -> str:
    """A final failure, by its status code (may be empty) and its explanation: BOUNCED, EXPIRED or OTHER."""
    text = " ".join(word for word in text[:MAX_TEXT].lower().split() if "@" not in word)  # no word of an address counts
    codes = [(match[1], match[2]) for match in _CODE.finditer(f"{status} {text}")]
    if (codes and codes[0][0] == "4") or any(code == EXPIRED_CODE for _, code in codes) or _says(text, _EXPIRED):
        return EXPIRED
    told = {code for kind, code in codes if kind == "5"} - {UNKNOWN_CODE}
    is_mailbox = told <= MAILBOX_CODES if told else _says(text, _MAILBOX)
    return BOUNCED if is_mailbox and not _says(text, _ELSEWHERE) else OTHER


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)
