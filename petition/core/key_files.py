"""Files that hold a key: written so that no other process sees half of one, destroyed so that nothing is left."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_key_file(file: Path, content: bytes) -> None:
    """Writes a file that only its owner may read. When this returns, it is on disk; others see all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.rename(file)
    _sync_folder(file.parent)


def destroy_file(file: Path) -> None:
    """Overwrites and removes a file; when this returns, it is done on disk."""
    with suppress(FileNotFoundError):  # another process was faster
        overwrite_file(file)
        file.unlink()
        _sync_folder(file.parent)


def overwrite_file(file: Path, mark: str = "") -> None:
    """Overwrites a file with a mark and random text, and syncs it to the disk.

    It writes in place, since a new file would leave the old content on the disk. On flash memory a copy may survive
    anyway: that is why the disk must be encrypted.
    """
    with file.open("r+b", buffering=0) as out:
        out.write((mark + secrets.token_urlsafe(max(48, file.stat().st_size))).encode())  # never shorter than before
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    """Syncs the folder's list of files: if a power cut removed a new key, emails encrypted with it would be lost."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
