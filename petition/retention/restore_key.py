"""The one-time key of a restore: an organiser seals a backup to it, so that no organiser's own key is ever here.

It lies in the folder of the outbox's keys, outside the database and every backup, and is destroyed after the restore or
after a day.
"""

from pathlib import Path

from pyrage.x25519 import Identity

from petition.core import clock
from petition.core.clock import DAY
from petition.core.encryption import read_identity
from petition.core.errors import KeysError
from petition.core.key_files import destroy_file, write_key_file

_SUFFIX = ".restore"


class RestoreKey:
    """At most one at a time; the name of its file begins with the moment when it was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self) -> str:
        """A new key in place of an earlier one; returns its public half (age1…). Raises KeysError."""
        identity = Identity.generate()
        try:
            self.destroy()
            write_key_file(self._folder / f"{clock.epoch():011}{_SUFFIX}", str(identity).encode())
        except OSError:
            raise KeysError("The folder of PETITION_OUTBOX_KEYS cannot be used.") from None
        return str(identity.to_public())

    def find(self) -> Identity | None:
        """None if there is none, or if it is older than a day: then it is destroyed."""
        self.delete_expired()
        return next((read_identity(file) for file in self._files()), None)

    def delete_expired(self) -> None:
        for file in self._files():
            if clock.epoch() - int(file.stem) >= DAY:
                destroy_file(file)

    def destroy(self) -> None:
        for file in self._files():
            destroy_file(file)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"))
