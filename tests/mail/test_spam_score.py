"""What a spam filter thinks of each email in each language: SpamAssassin with its local rules, without the network."""

import re
import subprocess
from email import message_from_bytes
from email.utils import format_datetime

import pytest

from petition.core import clock
from tests.conftest import Clock
from tests.mail.test_smtp import MAILS, _written

Mail = tuple[str, str]  # language and name
MOST = 1.0  # an email counts as spam from 5 points


def _received(code: str, name: str) -> bytes:
    """The email as a mailbox has it: with a header line of the server that accepted it."""
    head = f"Received: from localhost (localhost [127.0.0.1]) by mx.example.org; {format_datetime(clock.now())}\n"
    return head.encode() + _written(code, name).content.replace(b"\r\n", b"\n")


def _verdicts(mails: list[Mail]) -> dict[Mail, str]:
    """What the filter says of each email that counts as too like spam, each with a new link."""
    box = b"".join(b"From x Sun Nov 22 12:00:00 2026\n" + _received(*mail) + b"\n\n" for mail in mails)
    command = [
        "spamassassin",
        "--local",
        "--nocreate-prefs",
        "--mbox",
        "--cf=score ALL_TRUSTED 0",
    ]  # it praises loopback
    judged = subprocess.run(command, input=box, capture_output=True, check=True).stdout
    messages = [message_from_bytes(part) for part in re.split(rb"^From x .*\n", judged, flags=re.M)[1:]]
    said = {
        mail: " ".join(str(message["X-Spam-Status"]).split()) for mail, message in zip(mails, messages, strict=True)
    }
    return {mail: what for mail, what in said.items() if float(re.findall(r"score=(-?[\d.]+)", what)[0]) >= MOST}


@pytest.mark.slow
def test_no_mail_looks_like_spam(time: Clock) -> None:
    """Some rules hit the random secret of a link by chance (PDS_BTC_ID, MIXED_ES), no text does so three times."""
    bad = _verdicts(MAILS)
    for _ in range(2):
        bad = _verdicts(list(bad)) if bad else {}
    assert bad == {}


def test_the_filter_knows_spam() -> None:
    """The test message that every such filter must find (GTUBE)."""
    spam = b"Subject: x\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
    judged = subprocess.run(
        ["spamassassin", "--local", "--nocreate-prefs"], input=spam, capture_output=True, check=True
    )
    assert b"X-Spam-Flag: YES" in judged.stdout
