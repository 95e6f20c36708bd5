"""Email addresses: what is a valid one, and the exact form to which emails are sent."""

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.core import email_addresses
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, EmailProviders, keyed_hash

MAILBOXES = EmailProviders(Appeal().data_file("mailboxes.toml"))
many = examples(max_examples=200, deadline=None)


def _read(text: str) -> EmailAddress:
    found = MAILBOXES.parse(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.org, boris@example.org",
        "anna@example.org;boris@example.org",
        "anna@example.org boris@example.org",
        "Anna <anna@example.org>",
        "<anna@example.org>",
        "mailto:anna@example.org",
        "anna@@example.org",
        "anna@example.org@example.net",
        "team: anna@example.org;",
    ],
)
def test_a_list_or_a_phrase_is_not_an_address(text: str) -> None:
    assert MAILBOXES.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.org\r\nBcc: boris@example.org",
        "anna@example.org\nBcc: boris@example.org",
        "anna\r\n@example.org",
        "anna@exam\nple.org",
        "anna%0d%0aBcc:boris@example.org\r\n.",
        "=?utf-8?q?anna?= <anna@example.org>",
        '"anna\r\n"@example.org',
    ],
)
def test_a_header_cannot_be_injected(text: str) -> None:
    assert MAILBOXES.parse(text) is None


@pytest.mark.parametrize(
    "code", [*range(32), 127, 0x80, 0x85, 0xA0, 0xAD, 0x200B, 0x200E, 0x202E, 0x2028, 0xFEFF, 0xFFFD]
)
def test_a_control_or_invisible_character_is_refused(code: int) -> None:
    for text in (f"an{chr(code)}na@example.org", f"anna@exam{chr(code)}ple.org"):
        assert (found := MAILBOXES.parse(text)) is None or found.exact == "anna@example.org"
    assert MAILBOXES.parse(f"an{chr(code)}na@example.org") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "anna",
        "@example.org",
        "anna@",
        "anna@example",
        "anna@.org",
        "anna@example..org",
        "anna..b@example.org",
        ".anna@example.org",
        "anna.@example.org",
        "anna@-example.org",
        "anna@exam_ple.org",
        "anna@[127.0.0.1]",
        "anna@127.0.0.1",
        '"anna nowak"@example.org',
        "anna(comment)@example.org",
        "анна@example.org",
        "anna@localhost",
        "anna@printer.local",
        "anna@nowhere.invalid",
        "anna@example.org.",
    ],
)
def test_what_nobody_can_be_reached_at_is_refused(text: str) -> None:
    assert MAILBOXES.parse(text) is None


def test_spaces_around_are_the_fingers_of_the_typist() -> None:
    assert _read("  anna@example.org \t").exact == "anna@example.org"


def _long(length: int, local: int = 60) -> str:
    """An address of so many characters."""
    rest = length - local - len("@.org")
    labels = "a" * rest
    domain = ".".join(labels[n : n + 60] for n in range(0, rest, 61))
    return f"{'l' * local}@{domain.ljust(rest, 'b')}.org"


def test_an_address_has_254_characters_at_most() -> None:
    assert len(_long(MAX_EMAIL_LENGTH)) == MAX_EMAIL_LENGTH
    assert _read(_long(MAX_EMAIL_LENGTH)).exact == _long(MAX_EMAIL_LENGTH)
    assert MAILBOXES.parse(_long(MAX_EMAIL_LENGTH + 1)) is None
    assert MAILBOXES.parse("a" * 100_000) is None


def test_its_parts_have_their_limits_too() -> None:
    assert MAILBOXES.parse(f"{'l' * 64}@example.org")
    assert MAILBOXES.parse(f"{'l' * 65}@example.org") is None
    assert MAILBOXES.parse(f"anna@{'l' * 63}.org")
    assert MAILBOXES.parse(f"anna@{'l' * 64}.org") is None


def test_a_domain_that_is_too_long_once_written_in_ascii_is_refused() -> None:
    domain = ".".join(["ж" * 14] * 14)
    assert len(f"anna@{domain}.бел") <= MAX_EMAIL_LENGTH
    assert MAILBOXES.parse(f"anna@{domain}.бел") is None


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("Anna@Example.ORG", "anna@example.org"),
        ("anna@Bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@BÜCHER.example", "anna@xn--bcher-kva.example"),
        ("anna@bu\u0308cher.example", "anna@xn--bcher-kva.example"),
        ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
        ("anna@пошта.бел", "anna@xn--80a1acn3a.xn--90ais"),
        ("anna@ｅｘａｍｐｌｅ．ｏｒｇ", "anna@example.org"),
    ],
)
def test_spellings_of_a_domain_have_one_form(typed: str, exact: str) -> None:
    assert _read(typed).exact == exact


@many
@given(st.emails())
def test_theexact_form_is_plain_and_final(typed: str) -> None:
    found = MAILBOXES.parse(typed)
    assume(found is not None)
    assert found is not None
    for form in (found.exact, found.canonical):
        assert form == form.lower()
        assert form.isascii()
        assert form.isprintable()
        assert form.count("@") == 1
        assert len(form) <= MAX_EMAIL_LENGTH
    assert MAILBOXES.parse(found.exact) == found
    assert found.exact.endswith(f"@{found.domain}")


@many
@given(st.text(max_size=40) | st.text('anb@.,;<>" \r\n\t\0\\():', max_size=20).map(lambda t: f"{t}@example.org"))
def test_any_text_gives_one_address_or_none(typed: str) -> None:
    found = MAILBOXES.parse(typed)
    if found is not None:
        assert not set(found.exact) & set(' \r\n\t\0,;:<>"\\()[]')


_LOCAL = st.text("aZ0.+-_'!\"@ \u212aé", max_size=8) | st.just("a" * 64) | st.just("a" * 65)
_DOMAIN = st.text("aZ9.-\u212aé", max_size=12).map(lambda d: f"{d}.org") | st.just("b" * 63 + ".example.org")


@examples(max_examples=1000, deadline=None)
@given(_LOCAL, _DOMAIN)
def test_the_short_way_for_plain_addresses_leads_where_the_long_one_does(local: str, domain: str) -> None:
    found = MAILBOXES.parse(f"{local}@{domain}")
    assert (found and found.exact) == email_addresses.exact_form(f"{local}@{domain}")


def test_the_keyed_hash_is_hmac_sha256() -> None:
    """RFC 4231, test case 2."""
    assert keyed_hash("Jefe", "what do ya want for nothing?") == "1.W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"


@many
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_another_key_or_another_address_is_another_hash(key: str, one: str, two: str) -> None:
    assert (keyed_hash(key, one) == keyed_hash(key, two)) == (one == two)
    assert (keyed_hash(key + "1", one) == keyed_hash(key + "2", one)) is False


_ATOM = st.text("abz09_-", min_size=1, max_size=8)
_DOMAINS = st.sampled_from(["example.org", "mail.example.org", "gmail.com", "googlemail.com", "proton.me", "posteo.de"])


@many
@given(st.lists(_ATOM, min_size=1, max_size=4), st.lists(_ATOM, max_size=2), _DOMAINS)
def test_dots_tags_and_capitals_never_make_another_quota(atoms: list[str], tags: list[str], domain: str) -> None:
    plain = _read(f"{''.join(atoms)}@{domain}")
    spelled = _read("+".join([".".join(atoms), *tags]).swapcase() + f"@{domain.upper()}")
    assert spelled.quota_form == plain.quota_form


@many
@given(st.emails())
def test_one_mailbox_has_one_quota_and_the_quota_is_an_address(typed: str) -> None:
    assume((found := MAILBOXES.parse(typed)) is not None)
    assert found is not None
    again, canonical = _read(found.quota_form), _read(found.canonical)
    assert again.quota_form == canonical.quota_form == found.quota_form
    assert again.domain == canonical.domain


@many
@given(_ATOM, _ATOM, _DOMAINS, _DOMAINS)
def test_another_name_or_another_provider_has_another_quota(one: str, two: str, here: str, there: str) -> None:
    first, second = _read(f"{one}@{here}"), _read(f"{two}@{there}")
    assert (first.quota_form == second.quota_form) == (first.canonical == second.canonical)


def test_a_name_that_is_only_a_tag_keeps_its_quota() -> None:
    assert _read("+anna@example.org").quota_form == "+anna@example.org"
