"""Encrypts personal data: keyed hashes, addresses sealed to the organisers, the rotating keys of the outbox.

This server can decrypt only emails that it has not sent yet. The organisers open sealed contacts on their own machine.
A name before confirmation can be decrypted only with the link secret, which is only in the signatory's mailbox.
"""

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import clock, tokens
from petition.core.clock import DAY
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, keyed_hash
from petition.core.errors import DataError, KeysError, SettingsError
from petition.core.key_files import destroy_file, write_key_file

NONCE_BYTES = 12
CONTACT_BYTES = MAX_EMAIL_LENGTH + 306  # bytes; also room for a link on a host with the longest possible name
PADDED_BYTES = 416  # bytes; room for the longest name, or address and link secret, so that the length tells nothing
KEY_ROTATION = DAY  # seconds; a key encrypts for a day
KEY_LIFETIME = 2 * DAY  # and is destroyed after two: then nobody can decrypt what was sent in its first hour


class LinkKeys:
    """What the secret of an emailed link leads to.

    All of it is made with PETITION_EMAIL_KEY too. So neither an email, nor a provider's log with its Message-ID, nor a
    phone with its link tells which row of a copied database belongs to it.
    """

    def __init__(self, server_keys: "ServerKeys", secret: str) -> None:
        self._server_keys, self._secret = server_keys, secret

    @cached_property
    def row_id(self) -> str:
        """Of the submission that it confirms, or of the link to manage or log in."""
        return self._server_keys.row_id(tokens.message_reference(self._secret))

    @cached_property
    def name_key(self) -> bytes:
        """Decrypts the name in the submission."""
        return self._server_keys.name_key(self._secret)

    @cached_property
    def unsubscribe_hash(self) -> str:
        """Of the link in emails with news."""
        return self._server_keys.unsubscribe_hash(tokens.unsubscribe_secret(self._secret))


class ServerKeys:
    def __init__(self, email_key: str, recipients: tuple[str, ...], outbox_keys: "OutboxKeys") -> None:
        self._email_key = email_key
        self._recipients = [parse_recipient(r) for r in recipients]
        self.outbox = outbox_keys

    def email_hashes(self, address: EmailAddress) -> tuple[str, str]:
        """(mailbox, address): keyed hashes of the canonical and of the exact form."""
        mailbox = keyed_hash(self._email_key, address.canonical)
        return mailbox, mailbox if address.exact == address.canonical else keyed_hash(self._email_key, address.exact)

    def daily_key(self, random_text: str) -> bytes:
        """A key derived from a random text and PETITION_EMAIL_KEY. Nobody can compute it without both."""
        return self._keyed("day", random_text)

    def link_keys(self, secret: str) -> LinkKeys:
        """What the secret of an emailed link leads to."""
        return LinkKeys(self, secret)

    def name_key(self, secret: str) -> bytes:
        return self._keyed("name", secret)

    def quota_key(self, address: EmailAddress) -> str:
        """Under this key the emails to a mailbox are counted. It is in no other table, so that the hours of emails in
        a provider's log lead to no signature."""
        return self._keyed("quota", address.quota_form).hex()

    def organiser_hash(self, address: EmailAddress) -> str:
        """Not the hash of signatures: a copied database must not tell which organiser has signed."""
        return self._keyed("organiser", address.exact).hex()

    def row_id(self, reference: str) -> str:
        """The id of the row that an email belongs to, by the reference in its Message-ID."""
        return self._keyed("row", reference).hex()

    def unsubscribe_hash(self, unsubscribe_secret: str) -> str:
        return self._keyed("unsubscribe", unsubscribe_secret).hex()

    def _keyed(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._email_key.encode(), f"petition {purpose} {text}".encode(), hashlib.sha256)

    def seal_contact(self, address: str, unsubscribe: str = "") -> str:
        """Seals an address and its unsubscribe link to the organisers (age, X25519), padded to one length."""
        return _to_base64(pyrage.encrypt(_pad(f"{address}\n{unsubscribe}".strip(), CONTACT_BYTES), self._recipients))


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
        opened: bytes = pyrage.decrypt(_from_base64(sealed), [identity])
        address, _, unsubscribe = opened.rstrip(b"\0").decode().partition("\n")
        return address, unsubscribe
    except (pyrage.DecryptError, ValueError):
        raise KeysError("A sealed address does not open with this identity.") from None


def encrypt_name(name_key: bytes, text: str) -> str:
    return _encrypt(AESGCM(name_key), _pad(text, PADDED_BYTES))


def decrypt_name(name_key: bytes, encrypted: str) -> str:
    """Raises KeysError for another key or a damaged text."""
    return _decrypt(AESGCM(name_key), encrypted)


class OutboxKeys:
    """A folder of short-lived keys, outside database and backups: a new key each day, none older than two days."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cache: dict[str, _Key] = {}

    def encrypt(self, text: str) -> tuple[str, str]:
        """(name of the key, encrypted text), with a key younger than a day."""
        name, cipher = self._current_key()
        return name, _encrypt(cipher, _pad(text, PADDED_BYTES))

    def decrypt(self, name: str, encrypted: str) -> str:
        """Raises KeysError if this machine does not have the key, or if the text is damaged."""
        return _decrypt(self._load_cipher(name), encrypted)

    def key_names(self) -> list[str]:
        """The keys on this machine, oldest first. Also forgets the keys that another process has destroyed."""
        names = sorted(file.stem for file in self.folder.glob("*.key"))
        self._cache = {name: key for name, key in self._cache.items() if name in names}
        return names

    def expired(self) -> list[str]:
        """Keys that are too old. First encrypt again the emails that still need them, then destroy the keys."""
        return [name for name in self.key_names() if _key_age(name) >= KEY_LIFETIME]

    def made_by(self, moment: int) -> list[str]:
        """Keys made at this moment (epoch seconds) or before."""
        return [name for name in self.key_names() if clock.epoch() - _key_age(name) <= moment]

    def destroy(self, name: str) -> None:
        """Overwrites and removes a key; when this returns, it is done on disk."""
        self._cache.pop(name, None)
        destroy_file(self.folder / f"{name}.key")

    def _current_key(self) -> tuple[str, AESGCM]:
        newest = max(self._cache, default="")
        if newest and _key_age(newest) < KEY_ROTATION and self._cache[newest].exists():
            return newest, self._cache[newest].cipher
        newest = max(self.key_names(), default="")
        name = newest if newest and _key_age(newest) < KEY_ROTATION else self._make_key()
        return name, self._load_cipher(name)

    def _make_key(self) -> str:
        name = f"{clock.epoch():011}-{secrets.token_hex(4)}"
        write_key_file(self.folder / f"{name}.key", AESGCM.generate_key(256))
        return name

    def _load_cipher(self, name: str) -> AESGCM:
        key = self._cache.pop(name, None)
        if key is None or not key.exists():
            key = _Key(self.folder / f"{name}.key")
        self._cache[name] = key
        return key.cipher


class _Key:
    """A key in memory, valid only while its file exists. Raises KeysError if the file is missing or damaged."""

    def __init__(self, file: Path) -> None:
        try:
            self.file, self.cipher = file, AESGCM(file.read_bytes())
        except OSError:
            raise KeysError("The key of a mail in the outbox is not on this machine.") from None
        except ValueError:
            raise KeysError("The key of a mail in the outbox is damaged.") from None

    def exists(self) -> bool:
        """False once another process has destroyed the key. Checked at each use, so that it encrypts nothing more."""
        return os.path.exists(self.file)  # noqa: PTH110 (runs for each signature; pathlib takes three times as long)


def _key_age(name: str) -> int:
    return clock.epoch() - int(name.partition("-")[0])


def _pad(text: str, length: int) -> bytes:
    return text.encode().ljust(length, b"\0")


def _encrypt(cipher: AESGCM, content: bytes) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return _to_base64(nonce + cipher.encrypt(nonce, content, None))


def _decrypt(cipher: AESGCM, text: str) -> str:
    try:
        content = _from_base64(text)
        return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None).rstrip(b"\0").decode()
    except (InvalidTag, ValueError):
        raise KeysError("A sealed text is damaged.") from None


def _to_base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode()


def _from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text.encode())
