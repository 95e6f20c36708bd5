"""The holder key of this machine: another machine seals its outbox keys to it, so that two can open each email."""

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyrage
from pyrage.x25519 import Identity

from petition.core.ciphers import from_base64
from petition.core.clock import HOUR
from petition.core.errors import KeysError
from petition.core.key_files import KeyFiles, is_younger, new_name

ROTATION = 12 * HOUR
# An outbox key lives for two days. Its last copy is sealed to a key that lives for 23 hours at most: together an hour
# less than 72, in case a process is late.
LIFETIME = 23 * HOUR


class HolderKeys:
    """age identities (X25519) in the folder of the outbox's keys, outside database and backups."""

    def __init__(self, folder: Path) -> None:
        self.files = KeyFiles(folder, ".holder", LIFETIME)

    def public_key(self) -> str:
        """The newest one (age1…), at most twelve hours old."""
        fresh = list(self._identities(ROTATION))
        return str((fresh[-1] if fresh else self._make()).to_public())

    def open(self, sealed: str) -> bytes:
        """Raises KeysError if no key of this machine opens it."""
        try:
            return bytes(pyrage.decrypt(from_base64(sealed), list(self._identities(LIFETIME))))
        except (pyrage.DecryptError, ValueError):
            raise KeysError("A copy of a key is damaged, or sealed to a key that is gone.") from None

    def destroy_expired(self) -> None:
        for name in self.files.expired():
            self.files.destroy(name)

    def _make(self) -> Identity:
        identity = Identity.generate()
        self.files.write(new_name(secrets.token_hex(4)), str(identity).encode())
        return identity

    def _identities(self, age: int) -> Iterator[Identity]:
        """Those that are younger, oldest first. A damaged one opens nothing, and soon another takes its place."""
        for name in self.files.names():
            if is_younger(name, age):
                with suppress(OSError, UnicodeDecodeError, pyrage.IdentityError):  # it is damaged or just deleted
                    yield Identity.from_str(self.files.path(name).read_text("ascii"))
