"""Files that hold a key: written so that no other process sees half of one, destroyed so that nothing is left."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from petition.core import clock

CLOCK_TOLERANCE = 300  # seconds; a key that is younger than nothing by more was made by a clock that was ahead


class KeyFiles:
    """The keys of one kind in a folder. The name of each begins with the moment when it was made (epoch seconds)."""

    def __init__(self, folder: Path, suffix: str, lifetime: int) -> None:
        self._folder, self._suffix, self._lifetime = folder, suffix, lifetime

    def path(self, name: str) -> Path:
        return self._folder / f"{name}{self._suffix}"

    def names(self) -> list[str]:
        """Oldest first."""
        return sorted(file.stem for file in self._folder.glob(f"*{self._suffix}"))

    def expired(self) -> list[str]:
        """The keys that must be destroyed: those that are too old, or that were made in the future."""
        return [name for name in self.names() if not is_younger(name, self._lifetime)]

    def made_by(self, moment: int) -> list[str]:
        """Keys made at this moment (epoch seconds) or before."""
        return [name for name in self.names() if clock.epoch() - key_age(name) <= moment]

    def write(self, name: str, content: bytes) -> None:
        write_key_file(self.path(name), content)

    def destroy(self, name: str) -> None:
        """Overwrites and removes a key; when this returns, it is done on disk."""
        destroy_file(self.path(name))


def new_name(tail: str) -> str:
    """The name of a key that is made now."""
    return f"{clock.epoch():011}-{tail}"


def key_age(name: str) -> int:
    """In seconds; negative for a key that was made in the future."""
    return clock.epoch() - int(name.partition("-")[0])


def is_younger(name: str, seconds: int) -> bool:
    return -CLOCK_TOLERANCE < key_age(name) < seconds


def write_key_file(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read. When this returns, it is on disk; others see all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.rename(file)
    sync_folder(file.parent)


def replace_file(file: Path, content: bytes) -> None:
    """As write_key_file(), over an older content; of several processes that do so at once, one is last."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        write_key_file(new, content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def write_once(file: Path, content: bytes) -> bytes:
    """Writes a file unless there is one; returns what it holds. If several processes do so at once, one is first."""
    with suppress(FileNotFoundError):  # then it is written
        return file.read_bytes()
    new = file.with_name(secrets.token_hex(8))
    write_key_file(new, content)
    with suppress(FileExistsError):  # another process was first: its content is returned
        os.link(new, file)
    new.unlink()
    return file.read_bytes()


def destroy_file(file: Path) -> None:
    """Overwrites and removes a file; when this returns, it is done on disk."""
    with suppress(FileNotFoundError):  # another process was faster
        overwrite_file(file)
        file.unlink()
        sync_folder(file.parent)


def overwrite_file(file: Path, mark: str = "") -> None:
    """Overwrites a file with a mark and random text, and syncs it to the disk.

    It writes in place, since a new file would leave the old content on the disk. On flash memory a copy may survive
    anyway: that is why the disk must be encrypted.
    """
    with file.open("r+b", buffering=0) as out:
        out.write((mark + secrets.token_urlsafe(max(48, file.stat().st_size))).encode())  # never shorter than before
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Syncs the folder's list of files: if a power cut removed a new key, emails encrypted with it would be lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
