"""A rendered email: its headers, its two versions, its links, and that its outside does not tell its subject."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.core import languages
from petition.core.email_addresses import EmailProviders
from petition.core.languages import Languages
from petition.core.tokens import Purpose, Signer, new_secret
from petition.mail import compose, messages
from petition.mail.compose import RenderedEmail
from petition.mail.messages import MESSAGES
from petition.mail.smtp import FolderTransport
from tests.conftest import MIDDAY, Clock
from tests.mail.delivering import relays

APPEAL = Appeal()
MAILBOXES = EmailProviders(APPEAL.data_file("mailboxes.toml"))
LANGUAGES = Languages(languages.offered_languages(APPEAL.languages()), {})
SIGNER = Signer(("a-key-of-thirty-two-characters----",))
MAILS = [(language.code, name) for language in LANGUAGES for name in MESSAGES]
in_every_form = pytest.mark.parametrize(("code", "name"), MAILS)


def _links(code: str, name: str, base: str = "https://petition.example") -> dict[str, str]:
    return messages.email_links(SIGNER, base, code, name, new_secret())


def _written(code: str, name: str, to: str = "anna@example.org", **links: str) -> RenderedEmail:
    sender = "Links <links@sender.example>"
    return compose.render_email(LANGUAGES[code], name, to, sender, "0123456789abcdef", links or _links(code, name))


def _arrived(message: RenderedEmail) -> EmailMessage:
    """The email as the reader's program parses it."""
    parsed = message_from_bytes(message.content, policy=policy.default)
    assert parsed.defects == []
    return parsed


def _text(message: EmailMessage, kind: str = "plain") -> str:
    part: Any = message.get_body((kind,))
    return str(part.get_content())


@in_every_form
def test_a_mail_has_the_headers_it_needs(code: str, name: str, time: Clock) -> None:
    message = _arrived(_written(code, name))
    assert str(message["From"]) == "Links <links@sender.example>"
    assert str(message["To"]) == "anna@example.org"
    assert message["Message-ID"] == "<0123456789abcdef@sender.example>"
    assert parsedate_to_datetime(message["Date"]) == MIDDAY
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == code
    assert message["Subject"]
    assert len(message.keys()) == len(set(message.keys()))


@in_every_form
def test_no_header_carries_a_word_of_the_campaign(code: str, name: str) -> None:
    texts = [APPEAL.get_text(language) for language in LANGUAGES]
    phrases = [part for t in texts for part in (t.title, t.summary, t.share, t.demand)]
    named = [*APPEAL.campaign.organiser.values(), *APPEAL.campaign.hashtags, APPEAL.campaign.id, "petition"]
    words = {word for part in phrases + named for word in re.findall(r"\w{5,}", part.lower())}
    headers = " ".join(str(value) for value in _arrived(_written(code, name)).values()).lower()
    assert {word for word in re.findall(r"\w{5,}", headers) if word in words} == set()


@in_every_form
def test_the_body_is_short_and_without_the_appeal(code: str, name: str) -> None:
    text = APPEAL.get_text(LANGUAGES[code])
    said = {text.title, text.summary, text.share, str(text.demand)[:40], *APPEAL.campaign.hashtags}
    for kind in ("plain", "html"):
        body = _text(_arrived(_written(code, name)), kind)
        assert [part for part in said if part in body] == []
        assert APPEAL.campaign.name(code) not in body
    assert len(_text(_arrived(_written(code, name)))) < 1000


@in_every_form
def test_both_versions_carry_every_link(code: str, name: str) -> None:
    links = _links(code, name)
    message = _arrived(_written(code, name, **links))
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert re.findall(r"https?://\S+", _text(message)) == list(links.values())
    assert set(re.findall(r'href="(.*?)"', _text(message, "html"))) == set(links.values())


@in_every_form
def test_the_first_lines_of_both_versions_are_what_a_list_of_mails_shows(code: str, name: str) -> None:
    """No hidden preheader: it would repeat the first sentence."""
    message = _arrived(_written(code, name))
    shown = re.sub("<[^>]*>", " ", _text(message, "html").partition("<body")[2].partition(">")[2])
    first = _text(message).partition("http")[0].split()
    assert len(first) > 8
    assert shown.split()[: len(first)] == first
    assert not re.search("display: *none|font-size: *0|visibility", _text(message, "html"))


@in_every_form
def test_a_mail_is_light(code: str, name: str) -> None:
    assert len(_written(code, name).content) < 20_000


@in_every_form
def test_a_mail_loads_nothing_from_anywhere(code: str, name: str) -> None:
    html = _text(_arrived(_written(code, name)), "html")
    assert not re.search(r"<(img|script|link|iframe|form|object)|\bsrc=|url\(|@import", html)


@in_every_form
def test_every_language_says_it_in_its_own_words(code: str, name: str) -> None:
    links = dict.fromkeys(_links(code, name), "L")
    english, own = (_text(_arrived(_written(c, name, **links))) for c in ("en", code))
    assert (english == own) == (code == "en")


@examples(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.sampled_from(MAILS))
def test_a_long_link_is_not_torn_apart(labels: int, which: tuple[str, str]) -> None:
    code, name = which
    base = f"https://{'.'.join(['a-rather-long-label'] * labels)}.example"
    links = _links(code, name, base)
    raw = _written(code, name, **links).content
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998, "RFC 5322, 2.1.1"
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    message: Any = message_from_bytes(raw, policy=policy.default)
    assert re.findall(r"https?://\S+", _text(message)) == list(links.values())
    assert set(re.findall(r'href="(.*?)"', _text(message, "html"))) == set(links.values())


@examples(max_examples=100, deadline=None)
@given(st.emails())
def test_whoever_can_sign_can_be_written_to(typed: str) -> None:
    address = MAILBOXES.parse(typed)
    assume(address is not None)
    assert address is not None
    found: Any = _arrived(_written("en", "confirm", address.exact))
    assert [mailbox.addr_spec for mailbox in found["To"].addresses] == [address.exact]


def test_the_same_row_gives_the_same_message_id() -> None:
    english, russian = _written("en", "confirm"), _written("ru", "confirm")
    assert english.message_id == russian.message_id


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("links@sender.example", "links@sender.example"),
        ("Лінкі <links@sender.example>", "Лінкі <links@sender.example>"),
        ('"Links, plain" <links@sender.example>', '"Links, plain" <links@sender.example>'),
    ],
)
def test_the_sender_is_shown_as_it_was_set(sender: str, shown: str) -> None:
    message = _arrived(compose.render_email(LANGUAGES["en"], "login", "a@b.eu", sender, "x", {"login": "L"}))
    assert str(message["From"]) == shown
    assert message["Message-ID"] == "<x@sender.example>"


def test_a_link_is_made_of_the_public_address_and_its_purpose() -> None:
    for name in MESSAGES:
        for key, url in _links("be", name).items():
            purpose = Purpose[key.upper()]
            place = "organisers/login" if name == "login" else f"be/{purpose.value}"
            assert url.startswith(f"https://petition.example/{place}/")
            assert SIGNER.read_token(purpose, url.rpartition("/")[2])


async def test_a_demo_keeps_its_mail_in_a_folder(tmp_path: Path, time: Clock) -> None:
    folder = FolderTransport(tmp_path / "mail")
    await folder.send(_written("en", "confirm"))
    await folder.close()
    (file,) = (tmp_path / "mail").glob("*")
    assert file.name == f"0{int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())}-0123456789abcdef.eml"
    kept: Any = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert kept["To"] == "anna@example.org"


async def test_a_demo_passes_its_mail_on_where_a_relay_is_set(tmp_path: Path, smtp: Any) -> None:
    folder = FolderTransport(tmp_path / "mail", relays(smtp.url))
    await folder.send(_written("en", "confirm"))
    await folder.close()
    assert smtp.recipients == ["anna@example.org"]
