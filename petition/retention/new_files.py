"""Writes several new files as one act. Killed at any moment, it can be run again."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from petition.core.errors import DataError
from petition.core.key_files import sync_folder


@contextmanager
def new_files(contents: Mapping[Path, bytes]) -> Iterator[None]:
    """Files (0600) that did not exist; they stay if the body succeeds. Raises DataError.

    Beside the first lies, until the end, a note with their hashes: by it the next run knows what a killed one left.
    """
    first = next(iter(contents))
    note = first.with_name(f"{first.name}.unfinished")
    try:
        _remove_leftovers(note, contents)
        _refuse_existing(contents)
        _write(note, "\n".join(_hash(content) for content in contents.values()).encode())
        try:
            for file, content in contents.items():
                _write(file, content)
            yield
        except BaseException:
            _remove_leftovers(note, contents)
            raise
        note.unlink()
    except OSError as error:
        raise DataError(f"{error.filename or first} cannot be written: {error.strerror}.") from None


def _remove_leftovers(note: Path, contents: Mapping[Path, bytes]) -> None:
    if not note.exists():
        return
    hashes = note.read_text("ascii", "replace").split()
    for file in contents:
        if file.is_file() and _hash(file.read_bytes()) in hashes:
            file.unlink()
    note.unlink()


def _refuse_existing(contents: Mapping[Path, bytes]) -> None:
    for file in contents:
        if file.exists():
            raise DataError(f"{file} exists already: name a new file.")


def _write(file: Path, content: bytes) -> None:
    """When this returns, it is on disk; until then there is a file beside it that the next run writes over."""
    part = file.with_name(f"{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
