"""The email with news itself: what a spam filter thinks of it in each language, and its foot."""

import re
import subprocess
from email import message_from_bytes, policy

import pytest

from petition.commands.news.mailing import Mailing
from petition.commands.news.subscribers import Subscriber
from petition.commands.news.texts import Text, Texts
from petition.mail.compose import RenderedEmail
from tests.commands.news.mailings import link
from tests.conftest import Clock
from tests.mail.test_smtp import LANGUAGES

CODES = [language.code for language in LANGUAGES]
BODY = "Three governments have answered our letter in this month. What they said is on the page that you know."


def _email(code: str, body: str = BODY) -> RenderedEmail:
    subject = LANGUAGES[code].render("mail/news/subject.txt").strip()
    mailing = Mailing(Texts({code: Text(subject, body)}, ""), "Links <links@sender.example>")
    return mailing.render(Subscriber("anna@example.org", link(code, 1), code), "0123456789abcdef" * 2)


@pytest.mark.slow
def test_no_news_look_like_spam(time: Clock) -> None:
    received = b"Received: from localhost (localhost [127.0.0.1]) by mx.example.org; Sun, 22 Nov 2026 12:00:00 +0000\n"
    parts = [received + _email(code).content.replace(b"\r\n", b"\n") for code in CODES]
    box = b"".join(b"From x Sun Nov 22 12:00:00 2026\n" + part + b"\n\n" for part in parts)
    command = ["spamassassin", "--local", "--nocreate-prefs", "--mbox", "--cf=score ALL_TRUSTED 0"]
    judged = subprocess.run(command, input=box, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    scores = [float(score) for score in re.findall(r"score=\s*(-?[\d.]+)", judged)]
    assert len(scores) == len(CODES)
    assert max(scores) < 1, judged


@pytest.mark.parametrize("code", CODES)
def test_an_email_with_news_is_whole_in_every_language(code: str, time: Clock) -> None:
    """Long lines, a dot alone and other scripts arrive as they were written; headers stay on one line each."""
    body = f"Zażółć. Привіт. Γεια. {'long ' * 400}\n.\nFrom here on: = and =20.\n"
    email = _email(code, body)
    parsed = message_from_bytes(email.content, policy=policy.default)
    assert parsed.defects == []
    assert max(map(len, email.content.split(b"\r\n"))) <= 998
    assert email.content.isascii()
    assert str(parsed.get_content()).replace("\r\n", "\n").startswith(body.strip())
    assert str(parsed["List-Unsubscribe"]) == f"<{link(code, 1)}>"
    assert len(parsed.keys()) == len(set(parsed.keys()))
    foot = str(parsed.get_content()).strip().splitlines()[-2:]
    assert foot[1] == link(code, 1)
    assert (foot[0] == "No more news:") == (code == "en")
