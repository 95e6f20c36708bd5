"""Facts about email providers: several spellings of one mailbox, typing mistakes, mailboxes authorities can read."""

import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.core.email_addresses import EmailAddress, EmailProviders
from petition.core.errors import DataError

FILE = Appeal().data_file("mailboxes.toml")
MAILBOXES = EmailProviders(FILE)
DATA: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
OPERATORS: list[dict[str, Any]] = DATA["operator"]
READABLE = sorted({d for entry in OPERATORS if "state" in entry for d in entry["domains"]})
MERGING = [(entry, domain) for entry in OPERATORS for domain in entry["domains"]]
LOCALS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
NAMES = LOCALS | st.builds("{}.{}".format, LOCALS, LOCALS)
many = examples(max_examples=200, deadline=None)


def _read(text: str) -> EmailAddress:
    found = MAILBOXES.parse(text)
    assert found is not None, text
    return found


def _spelling(draw: st.DrawFn, name: str, entry: dict[str, Any], domain: str) -> str:
    """The mailbox `name` at `domain`, in one of the spellings that its provider does not tell apart."""
    ignored = st.text(entry["ignored"], max_size=1) if "ignored" in entry else st.just("")
    local = "".join(letter + draw(ignored) for letter in name[:-1]) + name[-1]
    local = "".join(draw(st.sampled_from(entry["alike"])) if c in entry.get("alike", "") else c for c in local)
    if "tag" in entry:
        local += draw(st.just("") | LOCALS.map(lambda text: entry["tag"] + text))
    if entry.get("alias"):
        domain = draw(st.sampled_from(entry["domains"]))
    if entry.get("subdomains") and draw(st.booleans()):
        local, domain = draw(LOCALS), f"{name}.{domain}"
    return draw(st.sampled_from([str.lower, str.upper]))(f"{local}@{domain}")


@st.composite
def _two_spellings(draw: st.DrawFn) -> tuple[bool, str, str]:
    """(whether they are one mailbox, one, other)"""
    entry, domain = draw(st.sampled_from(MERGING))
    names = NAMES if "alike" in entry else LOCALS
    one = draw(names)
    other = draw(st.just(one) | names)
    return one == other, _spelling(draw, one, entry, domain), _spelling(draw, other, entry, domain)


@examples(max_examples=1000, deadline=None)
@given(_two_spellings())
def test_spellings_are_one_mailbox_exactly_if_their_names_are(case: tuple[bool, str, str]) -> None:
    same, one, other = case
    assert (_read(one).canonical == _read(other).canonical) == same
    assert _read(_read(one).canonical).canonical == _read(one).canonical
    assert _read(one).exact == one.lower()


@many
@given(LOCALS, LOCALS, LOCALS, st.sampled_from([row for row in MERGING if "keyword" in row[0]]))
def test_keywords_lead_to_the_owner_of_their_base(base: str, one: str, two: str, row: tuple[Any, str]) -> None:
    _, domain = row
    first, second = _read(f"{base}-{one}@{domain}"), _read(f"{base}-{two}-x@{domain}")
    assert first.canonical == second.canonical
    assert first.canonical not in (_read(f"{base}@{domain}").canonical, _read(f"{base}x-{one}@{domain}").canonical)


@many
@given(st.text("ab.-_", min_size=1, max_size=8), st.text("ab.-_", min_size=1, max_size=8), st.sampled_from(MERGING))
def test_what_a_provider_tells_apart_stays_apart(one: str, two: str, row: tuple[dict[str, Any], str]) -> None:
    """Of every character that the table does not name, each counts."""
    entry, domain = row
    first, second = MAILBOXES.parse(f"{one}@{domain}"), MAILBOXES.parse(f"{two}@{domain}")
    assume(first is not None and second is not None and "keyword" not in entry)
    assert first is not None
    assert second is not None
    plain = [text.translate(dict.fromkeys(map(ord, entry.get("ignored", "")))) or text for text in (one, two)]
    alike = [text.translate(dict.fromkeys(map(ord, entry.get("alike", "")), ".")) for text in plain]
    plain = [same if all(same.split(".")) else text for same, text in zip(alike, plain, strict=True)]
    assert (first.canonical == second.canonical) == (plain[0] == plain[1])


@many
@given(LOCALS, st.sampled_from(OPERATORS))
def test_domains_are_one_mailbox_only_where_the_table_says_so(local: str, entry: dict[str, Any]) -> None:
    merged = {_read(f"{local}@{domain}").canonical for domain in entry["domains"]}
    assert len(merged) == (1 if entry.get("alias") else len(entry["domains"]))


def test_no_domain_has_two_operators_and_each_operator_has_its_page() -> None:
    domains = [domain for _, domain in MERGING]
    assert len(domains) == len(set(domains))
    for entry in OPERATORS:
        assert entry["source"].startswith(("https://", "http://", "own knowledge"))
        assert entry["confidence"] in ("high", "medium")
        assert len(entry.get("tag", "")) <= 1


def _broken(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mailboxes.toml"
    row = '[[operator]]\nname = "A"\ndomains = ["a.example"]\nsource = "x"\nchecked = "x"\n'
    file.write_text(f"common = []\nexisting = []\n{row}{text}")
    with pytest.raises(DataError) as refused:
        EmailProviders(file)
    return str(refused.value)


def test_an_operator_of_whom_nothing_is_said_is_refused(tmp_path: Path) -> None:
    assert "says nothing of its domains" in _broken(tmp_path, "")


def test_endings_are_readable_by_somebody(tmp_path: Path) -> None:
    assert "has suffixes but no state" in _broken(tmp_path, 'suffixes = [".example"]')
    assert "lacks why" in _broken(tmp_path, 'suffixes = [".example"]\nstate = "BY"')


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
    assert MAILBOXES.reviewed_provider(domain)


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
        assert entry.state in ("BY", "RU")
        assert entry.name
        assert entry.why


def test_a_more_exact_entry_comes_before_a_whole_ending() -> None:
    domains = ("yandex.by", "tut.by", "host.by", "пошта.бел")
    entries = [entry for d in domains if (entry := MAILBOXES.readable_provider(_read(f"anna@{d}")))]
    assert [entry.state for entry in entries] == ["RU", "BY", "BY", "BY"]
    assert len({entry.name for entry in entries}) == 3


@pytest.mark.parametrize("domain", ["rambler.ua", "r0.ru", "yandex.eu", "yandex.com.ua", "xmail.ru", "internet.ru"])
def test_brands_and_editions_of_readable_operators_are_readable(domain: str) -> None:
    assert domain in READABLE


# The provider of each domain as it was when common domains, merging rules and readable providers were three tables.
REVIEWED = {
    "gmail.com": "gmail.com",
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "live.nl": "outlook.com",
    "hotmail.co.uk": "outlook.com",
    "ymail.com": "yahoo.com",
    "pm.me": "proton.me",
    "ya.ru": "yandex.ru",
    "gmx.de": "gmx.de",
    "gmx.net": "gmx.net",
    "poczta.onet.pl": "poczta.onet.pl",
    "disroot.org": "riseup.net",
    "example.org": None,
    "host.by": None,
    "gmx.fr": None,
}


@pytest.mark.parametrize("domain", REVIEWED)
def test_a_reviewed_provider_is_called_by_its_first_domain(domain: str) -> None:
    assert MAILBOXES.reviewed_provider(domain) == REVIEWED[domain]


_SYLLABLES = st.text("ab", min_size=1, max_size=3)


@many
@given(_SYLLABLES, _SYLLABLES, st.sampled_from(["example.org", *DATA["common"], *[domain for _, domain in MERGING]]))
def test_dots_and_tags_have_one_quota_at_every_domain(one: str, two: str, domain: str) -> None:
    """Also where they are two mailboxes: a stranger's address has one limit in a hundred spellings."""
    spellings = (f"{one}{two}@{domain}", f"{one}.{two}@{domain}", f"{one}.{two}+x.y@{domain}", f"{one}{two}+@{domain}")
    assert len({_read(text).quota_form for text in spellings}) == 1


@pytest.mark.parametrize("domain", ["notmail.ru", "mail.ru.example.org", "by.example.org", "baby.org", "example.ru"])
def test_a_domain_that_only_looks_alike_is_not_readable(domain: str) -> None:
    assert MAILBOXES.readable_provider(_read(f"anna@{domain}")) is None
