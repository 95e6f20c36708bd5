"""Facts about email providers: several spellings of one mailbox, typing mistakes, mailboxes authorities can read."""

import string
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.core.email_addresses import EmailAddress, EmailProviders

FILE = Appeal().data_file("mailboxes.toml")
MAILBOXES = EmailProviders(FILE)
DATA: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
READABLE = sorted({d for entry in DATA["readable"] for d in entry["domains"]})
MERGING = [(entry, domain) for entry in DATA["merging"] for domain in entry["domains"]]
LOCALS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
many = examples(max_examples=200, deadline=None)


def _read(text: str) -> EmailAddress:
    found = MAILBOXES.parse(text)
    assert found is not None, text
    return found


@many
@given(LOCALS, st.sampled_from(MERGING))
def test_what_a_provider_ignores_does_not_make_another_mailbox(local: str, row: tuple[dict[str, Any], str]) -> None:
    entry, domain = row
    plain = _read(f"{local}@{domain}")
    tagged = _read(f"{local}+tag@{domain}")
    dotted = _read(f"{local}.x@{domain}").canonical == _read(f"{local}x@{domain}").canonical
    assert (tagged.canonical == plain.canonical) == entry["plus"]
    assert dotted == entry["dots"]
    assert tagged.exact != plain.exact
    assert _read(plain.canonical).canonical == plain.canonical


@many
@given(LOCALS, st.sampled_from(DATA["merging"]))
def test_domains_are_one_mailbox_only_where_the_table_says_so(local: str, entry: dict[str, Any]) -> None:
    merged = {_read(f"{local}@{domain}").canonical for domain in entry["domains"]}
    assert len(merged) == (1 if entry.get("alias") else len(entry["domains"]))


@many
@given(LOCALS)
def test_an_unknown_provider_is_taken_at_its_word(local: str) -> None:
    for text in (f"{local}@example.org", f"{local}+tag@example.org", f"{local}.x@mail.gmail.com"):
        assert _read(text).canonical == _read(text).exact


def test_a_name_that_begins_with_a_plus_keeps_something() -> None:
    assert _read("+anna@gmail.com").canonical == "+anna@gmail.com"


@pytest.mark.parametrize(
    "slip", ["gmial.com", "gmai.com", "gmal.com", "gmail.co", "gmail.con", "hotmial.com", "gmx.dee"]
)
def test_a_slip_of_the_finger_is_asked_about(slip: str) -> None:
    meant = MAILBOXES.suggestion(_read(f"anna+x@{slip}"))
    assert meant is not None
    local, _, domain = meant.partition("@")
    assert local == "anna+x"
    assert domain in DATA["common"]


@pytest.mark.parametrize("domain", DATA["common"])
def test_a_common_domain_is_never_doubted(domain: str) -> None:
    assert MAILBOXES.suggestion(_read(f"anna@{domain}")) is None
    assert MAILBOXES.readable_provider(_read(f"anna@{domain}")) is None


@pytest.mark.parametrize("domain", ["example.org", "uni-vilnius.lt", "mail.ru", "gmail.by"])
def test_another_domain_is_left_alone(domain: str) -> None:
    assert MAILBOXES.suggestion(_read(f"anna@{domain}")) is None


@pytest.mark.parametrize("domain", READABLE)
def test_a_readable_mailbox_is_known_with_its_reason(domain: str) -> None:
    for text in (f"anna@{domain}", f"Anna@{domain.upper()}", f"anna@mail.{domain}"):
        entry = MAILBOXES.readable_provider(_read(text))
        assert entry is not None
        assert entry["state"] in ("BY", "RU")
        assert entry["operator"]
        assert entry["why"]


def test_a_more_exact_entry_comes_before_a_whole_ending() -> None:
    entries = [
        MAILBOXES.readable_provider(_read(f"anna@{d}")) or {} for d in ("yandex.by", "tut.by", "host.by", "пошта.бел")
    ]
    assert [entry["state"] for entry in entries] == ["RU", "BY", "BY", "BY"]
    assert len({entry["operator"] for entry in entries}) == 3


@pytest.mark.parametrize("domain", ["notmail.ru", "mail.ru.example.org", "by.example.org", "baby.org", "example.ru"])
def test_a_domain_that_only_looks_alike_is_not_readable(domain: str) -> None:
    assert MAILBOXES.readable_provider(_read(f"anna@{domain}")) is None
