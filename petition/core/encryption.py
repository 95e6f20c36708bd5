"""Encrypts personal data: keyed hashes, addresses sealed to the organisers, the rotating keys of the outbox.

This server can decrypt only emails that it has not sent yet. The organisers open sealed contacts on their own machine.
A name before confirmation can be decrypted only with the link secret, which is only in the signatory's mailbox.
"""

import hashlib
import hmac
import secrets
from functools import cached_property
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import tokens
from petition.core.ciphers import PADDED_BYTES, decrypt, encrypt, from_base64, pad, to_base64
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, keyed_hash
from petition.core.errors import DataError, KeysError, SettingsError
from petition.core.outbox_keys import OutboxKeys

CONTACT_BYTES = MAX_EMAIL_LENGTH + 306  # bytes; also room for a link on a host with the longest possible name


class LinkKeys:
    """What the secret of an emailed link leads to.

    All of it is made with PETITION_EMAIL_KEY too. So neither an email, nor a provider's log with its Message-ID, nor a
    phone with its link tells which row of a copied database belongs to it. `signed_at`: when its email was written.
    """

    def __init__(self, server_keys: "ServerKeys", secret: str, signed_at: int = 0) -> None:
        self._server_keys, self._secret, self.signed_at = server_keys, secret, signed_at

    @cached_property
    def row_id(self) -> str:
        """Of the submission that it confirms, or of the link to manage or log in."""
        return self._server_keys.row_id(tokens.message_reference(self._secret))

    @cached_property
    def name_key(self) -> bytes:
        """Decrypts the name in the submission."""
        return self._server_keys.name_key(self._secret)

    def unmask_quota(self, quota: str) -> str:
        """The quota key in the row; after the email was given back, a key of nobody."""
        return self._server_keys.mask_quota(quota, self.row_id)

    @cached_property
    def unsubscribe_hash(self) -> str:
        """Of the link in emails with news."""
        return self._server_keys.unsubscribe_hash(tokens.unsubscribe_secret(self._secret))


class ServerKeys:
    def __init__(self, email_key: str, recipients: tuple[str, ...], outbox_keys: OutboxKeys) -> None:
        self._email_key = email_key
        self._blake_key = hashlib.blake2b(email_key.encode(), person=b"petition keys").digest()  # of any length
        self._recipients = [parse_recipient(r) for r in recipients]
        self.outbox = outbox_keys

    def email_hashes(self, address: EmailAddress) -> tuple[str, str]:
        """(mailbox, address): keyed hashes of the canonical and of the exact form."""
        mailbox = keyed_hash(self._email_key, address.canonical)
        return mailbox, mailbox if address.exact == address.canonical else keyed_hash(self._email_key, address.exact)

    def daily_key(self, random_text: str) -> bytes:
        """A key derived from a random text and PETITION_EMAIL_KEY. Nobody can compute it without both."""
        return self._keyed("day", random_text)

    def link_keys(self, secret: str, signed_at: int = 0) -> LinkKeys:
        """What the secret of an emailed link leads to."""
        return LinkKeys(self, secret, signed_at)

    def name_key(self, secret: str) -> bytes:
        return self._keyed("name", secret)

    def quota_key(self, address: EmailAddress) -> str:
        """Under this key the emails to a mailbox are counted. Any other table has it masked only, so that the hours of
        emails in a provider's log lead to no signature."""
        return self._keyed("quota", address.quota_form).hex()

    def mask_quota(self, quota_key: str, row_id: str) -> str:
        """The quota key as the row of its email has it; the same again unmasks it. Each row has a mask of its own."""
        mask = self._keyed("quota of", row_id)
        return bytes(a ^ b for a, b in zip(bytes.fromhex(quota_key), mask, strict=True)).hex()

    def organiser_hash(self, address: EmailAddress) -> str:
        """Not the hash of signatures: a copied database must not tell which organiser has signed."""
        return self._keyed("organiser", address.exact).hex()

    def row_id(self, reference: str) -> str:
        """The id of the row that an email belongs to, by the reference in its Message-ID."""
        return self._keyed("row", reference).hex()

    def unsubscribe_hash(self, unsubscribe_secret: str) -> str:
        return self._keyed("unsubscribe", unsubscribe_secret).hex()

    def remainder(self, subject: str) -> int:
        """A secret number from 0 to 9 that is taken off a count before it is rounded; the same each time, so that
        counting again tells no more."""
        return int.from_bytes(self._keyed("remainder", subject)) % 10

    def rule_hash(self, rule: str) -> str:
        """By it a rule is known again that may name a tag, and no tag."""
        return self._keyed("rule", rule).hex()

    def machine_mac(self, machine: str, public_key: str) -> str:
        """Proves that a public key in the database is of one of our machines: else anyone who can write to the database
        could have the keys of the outbox sealed to their own."""
        return self._keyed("machine", f"{machine} {public_key}").hex()

    def seal_outbox_key(self, name: str, key: bytes, public_key: str) -> str:
        """A copy of an outbox key for the machine with this public key."""
        recipient = pyrage.x25519.Recipient.from_str(public_key)
        return to_base64(pyrage.encrypt(key + self._outbox_key_mac(name, key), [recipient]))

    def open_outbox_key(self, name: str, sealed: str) -> bytes:
        """Raises KeysError if it is not for this machine, or was not sealed by one of ours for this name."""
        opened = self.outbox.holder_keys.open(sealed)
        key, mac = opened[:32], opened[32:]
        if not hmac.compare_digest(mac, self._outbox_key_mac(name, key)):
            raise KeysError("A copy of a key is not of one of our machines.")
        return key

    def _outbox_key_mac(self, name: str, key: bytes) -> bytes:
        return self._keyed("outbox key", f"{name} {key.hex()}")

    def _keyed(self, purpose: str, text: str) -> bytes:
        """Keyed BLAKE2b (RFC 7693, 2.9), which takes half the time of HMAC; a form needs three."""
        return hashlib.blake2b(f"{purpose} {text}".encode(), key=self._blake_key, digest_size=32).digest()

    def seal_contact(self, address: str, unsubscribe: str = "") -> str:
        """Seals an address and its unsubscribe link to the organisers (age, X25519), padded to one length."""
        return to_base64(pyrage.encrypt(pad(f"{address}\n{unsubscribe}".strip(), CONTACT_BYTES), self._recipients))


def parse_recipient(text: str, origin: str = "PETITION_RECIPIENTS") -> pyrage.x25519.Recipient:
    """Raises SettingsError for a text that is not an age public key; `origin` says where it stands."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise SettingsError(f"{origin} holds something that is not an age public key (age1…).") from None


def parse_identity(text: str) -> pyrage.x25519.Identity:
    """The secret key from a file of `age-keygen`: the first line that is not a comment. Raises KeysError."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0])
    except (pyrage.IdentityError, IndexError):
        raise KeysError("The identity file holds no age identity (AGE-SECRET-KEY-1…).") from None


def read_identity(file: Path) -> pyrage.x25519.Identity:
    """Raises DataError if the file cannot be read, KeysError if it holds no identity."""
    try:
        return parse_identity(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{file} cannot be read.") from None


def unseal_contact(identity: pyrage.x25519.Identity, sealed: str) -> tuple[str, str]:
    """(address, unsubscribe link). Runs on the organisers' machine only. Raises KeysError."""
    try:
        opened: bytes = pyrage.decrypt(from_base64(sealed), [identity])
        address, _, unsubscribe = opened.rstrip(b"\0").decode().partition("\n")
        return address, unsubscribe
    except (pyrage.DecryptError, ValueError):
        raise KeysError("A sealed address does not open with this identity.") from None


def random_quota() -> str:
    """As long as a masked quota key, but of nobody."""
    return secrets.token_hex(32)


def encrypt_name(name_key: bytes, text: str) -> str:
    return encrypt(AESGCM(name_key), pad(text, PADDED_BYTES))


def decrypt_name(name_key: bytes, encrypted: str) -> str:
    """Raises KeysError for another key or a damaged text."""
    return decrypt(AESGCM(name_key), encrypted)
