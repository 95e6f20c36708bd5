"""The merged form of addresses is frozen: of people who have signed, only its keyed hash is left."""

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.email_addresses import KEY_VERSION, EmailAddress, EmailProviders, keyed_hash

FROZEN = (
    "The merged form of an address has changed. The addresses behind the stored hashes are gone and cannot be hashed "
    "anew: who signed under the old form could sign again, and would not be found on the never-write list. Keep the "
    "form until the campaign is closed; a new form is for a new campaign with a new PETITION_EMAIL_KEY."
)
# Typed: (exact, merged).
FORMS = {
    "Anna.Nowak@Example.ORG": ("anna.nowak@example.org", "anna.nowak@example.org"),
    "anna+tag@example.org": ("anna+tag@example.org", "anna+tag@example.org"),
    " anna@example.org ": ("anna@example.org", "anna@example.org"),
    "a.n.n.a@gmail.com": ("a.n.n.a@gmail.com", "anna@gmail.com"),
    "A.N.N.A+petition@GMail.com": ("a.n.n.a+petition@gmail.com", "anna@gmail.com"),
    "anna@googlemail.com": ("anna@googlemail.com", "anna@gmail.com"),
    "a.nna+x+y@googlemail.com": ("a.nna+x+y@googlemail.com", "anna@gmail.com"),
    "+anna@gmail.com": ("+anna@gmail.com", "+anna@gmail.com"),
    "anna.b+x@outlook.com": ("anna.b+x@outlook.com", "anna.b@outlook.com"),
    "anna.b+x@hotmail.com": ("anna.b+x@hotmail.com", "anna.b@hotmail.com"),
    "an-na_b.c+x@protonmail.ch": ("an-na_b.c+x@protonmail.ch", "annabc@proton.me"),
    "annabc@pm.me": ("annabc@pm.me", "annabc@proton.me"),
    "shop+x@anna.fastmail.com": ("shop+x@anna.fastmail.com", "anna@fastmail.com"),
    "anna+x@fastmail.fm": ("anna+x@fastmail.fm", "anna@fastmail.fm"),
    "base-shop@yahoo.com": ("base-shop@yahoo.com", "base-@yahoo.com"),
    "base@yahoo.com": ("base@yahoo.com", "base@yahoo.com"),
    "anna@me.com": ("anna@me.com", "anna@icloud.com"),
    "anna+x@gmx.de": ("anna+x@gmx.de", "anna+x@gmx.de"),
    "anna@bücher.example": ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
    "anna@BÜCHER.example": ("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"),
    "an.na-b+x@ya.ru": ("an.na-b+x@ya.ru", "an.na.b@yandex.ru"),
    "an-na.b@yandex.com.tr": ("an-na.b@yandex.com.tr", "an.na.b@yandex.ru"),
    "an.na+x@bk.ru": ("an.na+x@bk.ru", "an.na@bk.ru"),
    "anna+x@posteo.pl": ("anna+x@posteo.pl", "anna@posteo.de"),
    "shop@anna.fastmail.de": ("shop@anna.fastmail.de", "anna@fastmail.de"),
    "anna+x@hotmail.lt": ("anna+x@hotmail.lt", "anna@hotmail.lt"),
    "base-shop@yahoo.fi": ("base-shop@yahoo.fi", "base-@yahoo.fi"),
    "anna@mail.gmail.com": ("anna@mail.gmail.com", "anna@mail.gmail.com"),
}
_MAILBOXES = EmailProviders(SHIPPED_DATA / "mailboxes.toml")


@pytest.mark.parametrize("typed", FORMS)
def test_the_forms_of_an_address_are_what_they_ever_were(typed: str) -> None:
    assert _MAILBOXES.parse(typed) == EmailAddress(*FORMS[typed]), FROZEN


def test_the_hash_is_what_it_ever_was_with_the_version_of_its_key() -> None:
    hashed = keyed_hash("a key of thirty-two characters...", "anna@example.org")
    assert KEY_VERSION == 1, FROZEN
    assert hashed == "1.xoBqM8rS5WA-V1asHWfhkoQN0huBLsRD3yUR2qvH55k", FROZEN
