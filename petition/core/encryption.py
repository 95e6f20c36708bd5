"""Everything that encrypts personal data: keyed hashes, addresses sealed to the organisers, the outbox's rotating keys.

This server can decrypt only email that was not sent yet. A sealed contact opens on the organisers' own
machine; a name before confirmation opens with the secret in the link, which is in the signatory's mailbox alone.
"""

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from pathlib import Path

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import clock
from petition.core.clock import DAY
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailAddress, keyed_hash
from petition.core.errors import KeysError, SettingsError

NONCE_BYTES = 12
CONTACT_BYTES = MAX_EMAIL_LENGTH + 306  # bytes; and a link on a host of the longest name
PADDED_BYTES = 416  # bytes; room for the longest name, or address and link's secret, so that length says nothing
KEY_ROTATION = DAY  # a key encrypts for a day
KEY_LIFETIME = 2 * DAY  # and is destroyed after two: what was sent in its first hour stays encrypted 48 hours later


class ServerKeys:
    """The keys of this server in one hand."""

    def __init__(self, email_key: str, recipients: tuple[str, ...], outbox_keys: "OutboxKeys") -> None:
        self._email_key = email_key
        self._recipients = [parse_recipient(r) for r in recipients]
        self.outbox = outbox_keys

    def email_hashes(self, address: EmailAddress) -> tuple[str, str]:
        """(mailbox, address): the keyed hashes of the canonical and of the exact form."""
        mailbox = keyed_hash(self._email_key, address.canonical)
        return mailbox, mailbox if address.exact == address.canonical else keyed_hash(self._email_key, address.exact)

    def daily_key(self, random_text: str) -> bytes:
        """A key for a day or two, made of a random text and the key of the hashes: it takes both to have it."""
        return hmac.digest(self._email_key.encode(), b"petition day " + random_text.encode(), hashlib.sha256)

    def seal_contact(self, address: str, unsubscribe: str = "") -> str:
        """An address, and the link that ends news to it, for the organisers' identities alone (age, X25519).

        Padded to one length.
        """
        return _to_base64(pyrage.encrypt(_pad(f"{address}\n{unsubscribe}".strip(), CONTACT_BYTES), self._recipients))


def parse_recipient(text: str) -> pyrage.x25519.Recipient:
    """An organisers' public key. Raises SettingsError for anything else."""
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise SettingsError("PETITION_RECIPIENTS holds something that is not an age public key (age1…).") from None


def parse_identity(text: str) -> pyrage.x25519.Identity:
    """The organisers' secret key from a file of `age-keygen`: its line that is no comment."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0])
    except (pyrage.IdentityError, IndexError):
        raise KeysError("The identity file holds no age identity (AGE-SECRET-KEY-1…).") from None


def unseal_contact(identity: pyrage.x25519.Identity, sealed: str) -> tuple[str, str]:
    """The reverse of ServerKeys.seal_contact, on the organisers' machine: (address, link)."""
    try:
        opened: bytes = pyrage.decrypt(_from_base64(sealed), [identity])
        address, _, unsubscribe = opened.rstrip(b"\0").decode().partition("\n")
        return address, unsubscribe
    except (pyrage.DecryptError, ValueError):
        raise KeysError("A sealed address does not open with this identity.") from None


def encrypt_name(secret: str, text: str) -> str:
    """A name that only the holder of a link's secret can read."""
    return _encrypt(_name_cipher(secret), _pad(text, PADDED_BYTES))


def decrypt_name(secret: str, encrypted: str) -> str:
    """The reverse of encrypt_name()."""
    return _decrypt(_name_cipher(secret), encrypted)


class OutboxKeys:
    """A folder of short-lived keys, outside database and backups: one new each day, none older than two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[str, _Key] = {}

    def encrypt(self, text: str) -> tuple[str, str]:
        """(name of the key, encrypted text), with a key younger than a day."""
        name, cipher = self._current_key()
        return name, _encrypt(cipher, _pad(text, PADDED_BYTES))

    def decrypt(self, name: str, encrypted: str) -> str:
        """The text again. Raises KeysError if this machine does not hold that key."""
        return _decrypt(self._load_cipher(name), encrypted)

    def key_names(self) -> list[str]:
        """The keys on this machine, oldest first. What another process destroyed leaves our memory too."""
        names = sorted(file.stem for file in self._folder.glob("*.key"))
        self._cache = {name: key for name, key in self._cache.items() if name in names}
        return names

    def expired(self) -> list[str]:
        """Keys whose time is over: what still waits under them must be encrypted again, then they are destroyed."""
        return [name for name in self.key_names() if _key_age(name) >= KEY_LIFETIME]

    def made_by(self, moment: int) -> list[str]:
        """The keys that were made up to a moment (epoch seconds)."""
        return [name for name in self.key_names() if clock.epoch() - _key_age(name) <= moment]

    def destroy(self, name: str) -> None:
        """Overwrites and removes a key, on disk before this returns."""
        file = self._folder / f"{name}.key"
        self._cache.pop(name, None)
        with suppress(FileNotFoundError):  # another process was faster
            overwrite_file(file)
            file.unlink()
            _sync_folder(self._folder)

    def _current_key(self) -> tuple[str, AESGCM]:
        newest = max(self._cache, default="")
        if newest and _key_age(newest) < KEY_ROTATION and self._cache[newest].exists():
            return newest, self._cache[newest].cipher
        newest = max(self.key_names(), default="")
        name = newest if newest and _key_age(newest) < KEY_ROTATION else self._make_key()
        return name, self._load_cipher(name)

    def _make_key(self) -> str:
        name = f"{clock.epoch():011}-{secrets.token_hex(4)}"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._folder / f"{name}.new"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as key:
            key.write(AESGCM.generate_key(256))
            key.flush()
            os.fsync(key.fileno())
        new.rename(new.with_suffix(".key"))  # other processes see it whole or not at all
        _sync_folder(self._folder)
        return name

    def _load_cipher(self, name: str) -> AESGCM:
        key = self._cache.pop(name, None)
        if key is None or not key.exists():
            key = _Key(self._folder / f"{name}.key")
        self._cache[name] = key
        return key.cipher


class _Key:
    """A key in memory; it counts only as long as its file is there. Raises KeysError for one of no use."""

    def __init__(self, file: Path) -> None:
        try:
            self.file, self.cipher = file, AESGCM(file.read_bytes())
        except OSError:
            raise KeysError("The key of a mail in the outbox is not on this machine.") from None
        except ValueError:
            raise KeysError("The key of a mail in the outbox is damaged.") from None

    def exists(self) -> bool:
        """False once another process has destroyed it: asked each time, so that it encrypts nothing more."""
        return os.path.exists(self.file)  # noqa: PTH110 (each signature asks; pathlib takes thrice as long)


def overwrite_file(file: Path, mark: str = "") -> None:
    """Puts random text, behind a mark, in the place of what a file holds, and sees it on disk.

    In place, since a new file would leave the old content where it lies. On flash memory a copy may survive all the
    same: hence disk encryption.
    """
    with file.open("r+b", buffering=0) as out:
        out.write((mark + secrets.token_urlsafe(max(48, file.stat().st_size))).encode())  # never shorter than before
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    """The folder's list of files on disk: an email encrypted with a key that a power cut takes away would be lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _key_age(name: str) -> int:
    return clock.epoch() - int(name.partition("-")[0])


def _name_cipher(secret: str) -> AESGCM:
    return AESGCM(hashlib.sha256(b"petition name " + secret.encode()).digest())


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
