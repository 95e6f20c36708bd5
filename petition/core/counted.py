"""What is counted: of the web server, of signing and of emails. Nothing about a country, a mailbox or a network.

A count that is not live is shown as a power of ten: exact ones would tell when somebody signs.
"""

from petition.core.counters import Counter

STATUSES = ("2xx", "3xx", "4xx", "429", "500", "503")
ROUTES = ("pages", "sign", "confirm", "manage", "desk", "operations")
SLOW = ("1", "5")  # seconds
FORM_OUTCOMES = ("accepted", "low_priority", "wrong_field", "closed", "paused", "rate_limited")
REFUSALS = ("5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "other")  # class and subject of RFC 3463

REQUESTS = Counter(
    "requests",
    "Answers by class of address and status; 429, 500 and 503 exactly, the others as a power of ten.",
    {"route": ROUTES, "status": STATUSES},
    frozenset({"429", "500", "503"}),
)
SLOW_ANSWERS = Counter(
    "slow_answers",
    "Answers that took longer than so many seconds, but 429, which waits on purpose.",
    {"route": ROUTES, "seconds": SLOW},
    frozenset(SLOW),
)
FORMS = Counter(
    "forms",
    "Forms to sign, by what became of them; rate_limited exactly, the others as a power of ten.",
    {"outcome": FORM_OUTCOMES},
    frozenset({"rate_limited"}),
)
CONFIRMATIONS = Counter("confirmations", "First presses of the emailed button: a power of ten.", {})
WITHDRAWALS = Counter("withdrawals", "Signatures that were withdrawn: a power of ten.", {})
PROOFS = Counter("proofs", "Proofs of work, asked for and passed: a power of ten.", {"step": ("asked", "passed")})
EMAILS = Counter(
    "emails",
    "Emails that the relay took (a power of ten), or did not take yet.",
    {"result": ("sent", "delayed")},
    frozenset({"delayed"}),
)
REFUSED_EMAILS = Counter(
    "refused_emails",
    "Emails refused for good, by the first two numbers of the status code (RFC 3463).",
    {"status": REFUSALS},
    frozenset(REFUSALS),
)
COUNTERS = (REQUESTS, SLOW_ANSWERS, FORMS, CONFIRMATIONS, WITHDRAWALS, PROOFS, EMAILS, REFUSED_EMAILS)


def refusal(code: str) -> str:
    """The value of the label for an enhanced status code."""
    return start if (start := code[:3]) in REFUSALS else "other"
