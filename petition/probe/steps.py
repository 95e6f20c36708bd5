"""What a person does to sign, but for the last step: opens the appeal, sends the form, gets the email, opens its link.

The button is never pressed, and nothing is ever posted to the link.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from petition.probe.mailbox import Mailbox, find_link
from petition.probe.visitor import Answer, ProbeError, Visitor
from petition.signing.intake import PROOF_OF_WORK_FIELD, TRAP_FIELD
from petition.tally.rounding import UNSTATED_COUNTRY

WAIT_SECONDS = 240  # for the email; less than its link works (submissions.PROBE_LIFETIME)
_LOOK_SECONDS = 0.2  # between two looks into the Maildir
_FORM = re.compile(r'<form method="post" action="(/[\w-]+/sign)[#"]', re.A)
_BUTTON = re.compile(r'<form method="post">\s*<button type="submit">')
_LOG = "See journalctl -u petition."
_TOO_MANY_FORMS = (
    "Too many forms came from this network: wait an hour. If it comes again, PETITION_PROBE_EMAIL is not the same on "
    "the server, or somebody else knows it: choose a new one."
)
# Only a form, or a link that is dead, meets a limit of ours.
_TOO_MANY = "Too many requests came from this network: look at the limits of nginx, and of what stands before it."
CLOSED = (
    "The appeal was opened, and signing is closed. If that is not meant, look at the switches of the desk and at the "
    "days of the campaign; if it is, stop the timer: systemctl disable --now petition-probe.timer."
)


@dataclass(slots=True)
class Result:
    """`step` and `problem` are empty if all worked; `certificate_ends` as in Visitor."""

    seconds: dict[str, float] = field(default_factory=dict)
    step: str = ""
    problem: str = ""
    certificate_ends: int = 0

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - begun, 1)

    def as_line(self) -> str:
        return f"Signing works: {', '.join(f'{step} {seconds} s' for step, seconds in self.seconds.items())}."


def try_to_sign(base_url: str, address: str, mailbox: Mailbox, wait: int = WAIT_SECONDS) -> Result:
    result, visitor = Result(), Visitor(base_url)
    mailbox.empty()
    try:
        with result.measure("page"):
            action = _open_appeal(visitor)
        with result.measure("form"):
            _send_form(visitor, action, address)
        _await_link(result, visitor, mailbox, wait)
    except ProbeError as error:
        result.step, result.problem = error.step, str(error)
    finally:
        mailbox.empty()
    result.certificate_ends = visitor.certificate_ends
    return result


def _open_appeal(visitor: Visitor) -> str:
    """The address of the form."""
    answer = visitor.get("/", "page")
    if answer.status == 302 and re.fullmatch(r"/[\w-]+/", answer.location, re.A):
        answer = visitor.get(answer.location, "page")
    if answer.status != 200:
        remedy = _TOO_MANY if answer.status == 429 else _LOG
        raise ProbeError("page", f"The appeal was opened, and the answer was {answer.status}, not 200. {remedy}")
    if found := _FORM.search(answer.text):
        return found[1]
    raise ProbeError("page", CLOSED)


def _send_form(visitor: Visitor, action: str, address: str) -> None:
    solution = visitor.solve_if_asked("form")
    fields = {"email": address, "country": UNSTATED_COUNTRY, "name": "", "consent": "on", TRAP_FIELD: ""}
    answer = visitor.post(action, fields | {PROOF_OF_WORK_FIELD: solution}, "form")
    if answer.status == 303 and "/check-inbox" in answer.location:
        return
    raise ProbeError("form", f"The form was sent, and the answer was {answer.status}, not 303. {_advice(answer)}")


def _advice(answer: Answer) -> str:
    return {
        403: "Signing is closed: look at the days of the campaign.",
        422: "The site does not take PETITION_PROBE_EMAIL: its domain may look mistyped, so choose another one.",
        429: _TOO_MANY_FORMS,
    }.get(answer.status, _LOG)


def _await_link(result: Result, visitor: Visitor, mailbox: Mailbox, wait: int) -> None:
    """An email of an earlier probe may come late: its link does not open any more, and the next email counts."""
    begun, tried, problem = time.monotonic(), set[str](), _no_email(wait)
    while time.monotonic() - begun < wait:
        for text in mailbox.texts():
            if (path := find_link(text, visitor.base_url)) in tried:
                continue
            tried.add(path)
            came = round(time.monotonic() - begun, 1)
            if (found := _open_link(result, visitor, path)) is None:
                result.seconds |= {"email": came, "link": result.seconds.pop("link")}
                return
            problem = found
        time.sleep(_LOOK_SECONDS)
    raise problem


def _no_email(wait: int) -> ProbeError:
    return ProbeError(
        "email",
        f"The form was taken, and no email came within {wait} seconds. Look at the relay (petition doctor, "
        "postqueue -p), whether it delivers into PETITION_PROBE_MAILDIR, and whether PETITION_PROBE_EMAIL is the same "
        'on the server: all others get three emails a day, and none after a press on "never write to me".',
    )


def _open_link(result: Result, visitor: Visitor, path: str) -> ProbeError | None:
    """With GET only. What is wrong, or None if the page with the button came."""
    if not path:
        remedy = "PETITION_BASE_URL on the server must be this address."
        return ProbeError("link", f"An email came, and has no link to {visitor.base_url}. {remedy}")
    with result.measure("link"):
        answer = visitor.get(path, "link")
    if answer.status == 200 and _BUTTON.search(answer.text):
        return None
    keys = f"All servers must have the same PETITION_SECRET_KEY and PETITION_EMAIL_KEY. {_LOG}"
    return ProbeError(
        "link",
        f"The link of the email was opened, and the answer was {answer.status} without the button to confirm. "
        f"{_TOO_MANY if answer.status == 429 else keys}",
    )
