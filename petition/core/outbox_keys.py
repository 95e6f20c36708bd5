"""The short-lived keys of the outbox: files in a folder of this machine, each destroyed after two days.

A machine is one folder of keys, however many processes share it.
"""

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import key_files
from petition.core.ciphers import PADDED_BYTES, decrypt, encrypt, pad
from petition.core.clock import DAY, HOUR
from petition.core.errors import KeysError
from petition.core.holder_keys import HolderKeys
from petition.core.key_files import KeyFiles, is_younger

KEY_ROTATION = DAY  # seconds; a key encrypts for a day
KEY_LIFETIME = 2 * DAY  # and is destroyed after two: then nobody can decrypt what was sent in its first hour
PREPARATION = HOUR  # so long before it is needed, the next key is made


class OutboxKeys:
    """A folder of short-lived keys, outside database and backups: a new key each day, none older than two days.

    In memory it also has copies of keys of other machines (see mail/machines.py).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.holder_keys = HolderKeys(folder)
        self._machine_file = folder / "machine"
        self._files = KeyFiles(folder, ".key", KEY_LIFETIME)
        self._cache: dict[str, _Key] = {}
        self._copies: dict[str, AESGCM] = {}

    @property
    def machine(self) -> str:
        """The random handle of this machine, made once. It is in the name of each key, and tells nothing of a host."""
        return key_files.write_once(self._machine_file, secrets.token_hex(4).encode()).decode()

    def find_machine(self) -> str:
        """The handle of this machine; empty if it has none yet. Writes nothing."""
        with suppress(OSError):  # none was made yet
            return self._machine_file.read_text("ascii")
        return ""

    def encrypt(self, text: str) -> tuple[str, str]:
        """(name of the key, encrypted text), with a key younger than a day."""
        name, cipher = self._current_key()
        return name, encrypt(cipher, pad(text, PADDED_BYTES))

    def decrypt(self, name: str, encrypted: str) -> str:
        """Raises KeysError if this machine has neither the key nor a copy, or if the text is damaged."""
        return decrypt(self._copies.get(name) or self._load_cipher(name), encrypted)

    def key_names(self) -> list[str]:
        """The keys of this machine, oldest first. Also forgets the keys that another process has destroyed."""
        names = self._files.names()
        self._cache = {name: key for name, key in self._cache.items() if name in names}
        return names

    def has_key(self, name: str) -> bool:
        """Whether this machine has the key or a copy."""
        return name in self._copies or self._files.path(name).exists()

    def copy_names(self) -> list[str]:
        """The keys of other machines of which this one has copies."""
        return sorted(self._copies)

    def keep_copies(self, copies: dict[str, bytes]) -> None:
        """From now on these are the copies, by the name of the key. They are on no disk."""
        self._copies = {name: AESGCM(key) for name, key in copies.items()}

    def expired(self) -> list[str]:
        """Keys that are too old. First encrypt again the emails that still need them, then destroy the keys."""
        return self._files.expired()

    def made_by(self, moment: int) -> list[str]:
        """Keys made at this moment (epoch seconds) or before."""
        return self._files.made_by(moment)

    def prepare_key(self) -> tuple[str, bytes] | None:
        """(name, key) of the next key if it is time for one. It is used once it is written with add_key()."""
        is_early = any(is_younger(name, KEY_ROTATION - PREPARATION) for name in self.key_names())
        return None if is_early else self._generate_key()

    def add_key(self, name: str, key: bytes) -> None:
        self._files.write(name, key)

    def read_key(self, name: str) -> bytes:
        """Raises KeysError if it is not on this machine."""
        try:
            return self._files.path(name).read_bytes()
        except OSError:
            raise KeysError("The key of a mail in the outbox is not on this machine.") from None

    def destroy(self, name: str) -> None:
        """Overwrites and removes a key; when this returns, it is done on disk."""
        self._cache.pop(name, None)
        self._files.destroy(name)

    def _current_key(self) -> tuple[str, AESGCM]:
        newest = _newest(self._cache)
        if newest and self._cache[newest].exists():
            return newest, self._cache[newest].cipher
        if not (name := _newest(self.key_names())):
            name, key = self._generate_key()
            self.add_key(name, key)
        return name, self._load_cipher(name)

    def _generate_key(self) -> tuple[str, bytes]:
        return key_files.new_name(f"{self.machine}-{secrets.token_hex(4)}"), AESGCM.generate_key(256)

    def _load_cipher(self, name: str) -> AESGCM:
        key = self._cache.pop(name, None)
        if key is None or not key.exists():
            key = _Key(self._files.path(name))
        self._cache[name] = key
        return key.cipher


def machine_of(key_name: str) -> str:
    """The handle of the machine that made a key."""
    return key_name.split("-")[1]


def _newest(names: Iterable[str]) -> str:
    """Of the keys that may encrypt; empty if there is none."""
    return max((name for name in names if is_younger(name, KEY_ROTATION)), default="")


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
