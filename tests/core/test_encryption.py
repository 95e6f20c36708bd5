"""What hides a person: contacts sealed to the organisers, names under the secret of a link, hashes under a key."""

import re

import pyrage
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyrage import x25519

from petition.core import ciphers, encryption, tokens
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import ServerKeys, decrypt_name, encrypt_name
from petition.core.errors import KeysError, SettingsError
from petition.core.outbox_keys import OutboxKeys
from tests import ROOT

ONE, TWO, STRANGER = (x25519.Identity.generate() for _ in range(3))
RECIPIENTS = (str(ONE.to_public()), str(TWO.to_public()))
SERVER_KEYS = ServerKeys("a-key", RECIPIENTS, OutboxKeys(ROOT / "none"))
many = examples(max_examples=100, deadline=None)
# What the form accepts: no control characters, a hundred characters at most.
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100)


def test_a_contact_opens_for_each_organiser_and_for_nobody_else() -> None:
    sealed = SERVER_KEYS.seal_contact("anna@example.org")
    assert encryption.unseal_contact(ONE, sealed) == encryption.unseal_contact(TWO, sealed) == ("anna@example.org", "")
    with pytest.raises(KeysError, match="does not open with this identity"):
        encryption.unseal_contact(STRANGER, sealed)


def test_the_server_has_no_key_that_opens_a_contact() -> None:
    assert not [name for name in dir(SERVER_KEYS) if "unseal" in name or "identity" in name]
    assert SERVER_KEYS.seal_contact("anna@example.org") != SERVER_KEYS.seal_contact("anna@example.org")


def test_a_sealed_contact_tells_no_length() -> None:
    longest = f"{'l' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 57}.org"
    assert len(longest) == 254
    sealed = [
        ciphers.from_base64(SERVER_KEYS.seal_contact(address)) for address in ("a@b.eu", "anna@example.org", longest)
    ]
    # age puts a stanza of random length into its header (so that readers stay tolerant): only what follows it counts.
    assert len({len(content.rpartition(b"\n--- ")[2]) for content in sealed}) == 1


@many
@given(st.text(max_size=60) | st.binary(max_size=60).map(ciphers.to_base64))
def test_garbage_is_no_contact(garbage: str) -> None:
    with pytest.raises(KeysError):
        encryption.unseal_contact(ONE, garbage)


@many
@given(st.integers(0))
def test_a_damaged_contact_does_not_open(place: int) -> None:
    sealed = bytearray(ciphers.from_base64(SERVER_KEYS.seal_contact("anna@example.org")))
    sealed[place % len(sealed)] ^= 1
    with pytest.raises(KeysError):
        encryption.unseal_contact(ONE, ciphers.to_base64(bytes(sealed)))


@pytest.mark.parametrize(
    "text",
    ["", "age1", RECIPIENTS[0][:-1], str(ONE), "ssh-ed25519 AAAA"],
    ids=["nothing", "a beginning", "one sign less", "a secret key", "another kind"],
)
def test_what_is_no_public_key_is_refused_by_the_name_of_the_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="PETITION_RECIPIENTS") as refusal:
        ServerKeys("a-key", (RECIPIENTS[0], text), OutboxKeys(ROOT / "none"))
    assert str(ONE) not in str(refusal.value)


def test_an_identity_is_read_from_the_file_that_age_writes() -> None:
    text = f"# created: 2026-11-22T12:00:00Z\n# public key: {ONE.to_public()}\n\n{ONE}\n"
    assert str(encryption.parse_identity(text)) == str(ONE)


@pytest.mark.parametrize(
    "text",
    ["", "# only a comment\n", RECIPIENTS[0], "AGE-SECRET-KEY-1XYZ", "\0"],
    ids=["nothing", "a comment", "a public key", "a beginning", "binary"],
)
def test_a_file_without_an_identity_is_told_so(text: str) -> None:
    with pytest.raises(KeysError, match="no age identity"):
        encryption.parse_identity(text)


@many
@given(NAMES)
def test_a_name_is_read_again_with_the_number_of_its_link(name: str) -> None:
    key = SERVER_KEYS.link_keys(tokens.new_secret()).name_key
    assert decrypt_name(key, encrypt_name(key, name)) == name


@many
@given(NAMES)
def test_a_name_is_hidden_from_every_other_number(name: str) -> None:
    hidden = encrypt_name(SERVER_KEYS.link_keys("n").name_key, name)
    for other in (tokens.new_secret(), "", tokens.secret_hash("n")):
        with pytest.raises(KeysError):
            decrypt_name(SERVER_KEYS.link_keys(other).name_key, hidden)


def test_a_link_leads_nowhere_without_the_key_of_the_server() -> None:
    secret, other = tokens.new_secret(), ServerKeys("another-key", RECIPIENTS, OutboxKeys(ROOT / "none"))
    links = [SERVER_KEYS.link_keys(secret), other.link_keys(secret), SERVER_KEYS.link_keys(tokens.new_secret())]
    assert len({value for link in links for value in (link.row_id, link.name_key, link.unsubscribe_hash)}) == 9
    with pytest.raises(KeysError):
        decrypt_name(links[1].name_key, encrypt_name(links[0].name_key, "Anna"))


def test_a_hidden_name_tells_no_length() -> None:
    assert len({len(encrypt_name(bytes(32), name)) for name in ("A", "Anna Žemaitė", "𐍈" * 100)}) == 1


@many
@given(st.text(max_size=60) | st.binary(max_size=60).map(ciphers.to_base64))
def test_garbage_is_no_name(garbage: str) -> None:
    with pytest.raises(KeysError, match="damaged"):
        decrypt_name(bytes(32), garbage)


@many
@given(st.integers(0))
def test_a_damaged_name_is_noticed(place: int) -> None:
    hidden = bytearray(ciphers.from_base64(encrypt_name(bytes(32), "Anna")))
    hidden[place % len(hidden)] ^= 1
    with pytest.raises(KeysError, match="damaged"):
        decrypt_name(bytes(32), ciphers.to_base64(bytes(hidden)))


def test_a_mailbox_has_two_hashes_that_nobody_without_the_key_can_make() -> None:
    address = EmailAddress("anna+x@gmail.com", "anna@gmail.com")
    mailbox, exact = SERVER_KEYS.email_hashes(address)
    assert mailbox != exact
    assert all(re.fullmatch(r"1\.[\w-]{43}", text) for text in (mailbox, exact))
    assert SERVER_KEYS.email_hashes(EmailAddress("anna@gmail.com", "anna@gmail.com")) == (mailbox, mailbox)
    assert not set(ServerKeys("b-key", RECIPIENTS, OutboxKeys(ROOT / "none")).email_hashes(address)) & {mailbox, exact}


def test_a_sealed_contact_is_an_age_message() -> None:
    """The organisers can open it with any tool for the format (age-encryption.org/v1)."""
    content = ciphers.from_base64(SERVER_KEYS.seal_contact("anna@example.org"))
    assert content.startswith(b"age-encryption.org/v1\n-> X25519 ")
    assert pyrage.decrypt(content, [TWO]).rstrip(b"\0") == b"anna@example.org"
