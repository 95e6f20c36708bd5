"""Opened keys on an organiser's machine: a new folder of files that only their owner can read, or a tar for ssh."""

import io
import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO

from petition.core import clock
from petition.core.errors import DataError
from petition.core.key_files import sync_folder, write_key_file
from petition.retention.sealed_keys import SealedKeys


def write_folder(folder: Path, keys: SealedKeys) -> None:
    """All files or none; a killed run leaves FOLDER.part, which the next one replaces. Raises DataError."""
    part = folder.with_name(f"{folder.name}.part")
    try:
        if folder.exists():
            raise DataError(f"{folder} exists already: name a new folder.")
        if part.exists():
            shutil.rmtree(part)
        part.mkdir(mode=0o700)
        for name, value in keys.keys.items():
            write_key_file(part / name, f"{value}\n".encode())
        part.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror}.") from None


def write_tar(out: BinaryIO, keys: SealedKeys) -> None:
    with tarfile.open(fileobj=out, mode="w|") as archive:
        for name, value in keys.keys.items():
            content = f"{value}\n".encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), 0o600, clock.epoch()
            archive.addfile(member, io.BytesIO(content))
