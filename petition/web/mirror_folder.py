"""The folder of a mirror that is kept fresh: one process at a time, each file replaced as a whole, others' files left.

A page never shows what is not there yet: assets are written first, then pages, then feeds and the heads of the log,
which say that there is something new. Then what is no page any more is deleted.
"""

import fcntl
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from petition.core.errors import DataError

LIST = ".petition-mirror"  # the names that a mirror wrote here; written last, so that who copies files can watch it
_TEMPORARY = ".petition-mirror-"
_ASSETS = ("static/", "pictures/", "log/tile/", "log/files/", "log/before/")
_LAST = ("feed.xml", "log/checkpoint")


class MirrorFolder:
    """`update` and `close` block. Raises DataError with one sentence; then the next update looks at every file."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None
        self._written: dict[str, bytes] = {}

    def update(self, contents: dict[str, bytes]) -> int:
        """Makes the files of the mirror these; how many were written or deleted."""
        try:
            self._open()
            return self._update(contents)
        except OSError as error:
            self.close()
            raise DataError(f"{self.path} cannot be written: {error.strerror}. It is tried again.") from None

    def close(self) -> None:
        self._written = {}
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self) -> None:
        if self._lock is not None and not self._is_there(self._lock):
            self.close()
        if self._lock is None:
            self.path.mkdir(exist_ok=True)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            self._take()
            self.path.chmod(0o755)
            for rest in self.path.rglob(f"{_TEMPORARY}*"):  # of a process that was killed
                rest.unlink()

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock or 0, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise DataError(f"Another process keeps {self.path} fresh already.") from None
        if not (self.path / LIST).exists() and any(self.path.iterdir()):
            self.close()
            raise DataError(f"{self.path} has files that no mirror wrote: name a new folder, or an empty one.")

    def _is_there(self, lock: int) -> bool:
        with suppress(FileNotFoundError):  # then it is not
            return os.path.samestat(os.fstat(lock), self.path.stat())
        return False

    def _update(self, contents: dict[str, bytes]) -> int:
        before = self._read_list()
        changed = [name for name in sorted(contents, key=_order) if not self._has(name, contents[name])]
        gone = sorted(before - contents.keys())
        if before != contents.keys():
            self._write_list(before | contents.keys())  # before any file, so that none is forgotten
        for name in changed:
            self._replace(name, contents[name])
        for name in gone:
            self._delete(name)
        if changed or gone:
            self._write_list(set(contents))
        self._written = dict(contents)
        return len(changed) + len(gone)

    def _has(self, name: str, content: bytes) -> bool:
        if name in self._written:
            return self._written[name] == content and (self.path / name).is_file()
        with suppress(OSError):  # it cannot be read: it is written again
            return (self.path / name).read_bytes() == content
        return False

    def _replace(self, name: str, content: bytes) -> None:
        file = self.path / name
        for folder in reversed(file.relative_to(self.path).parents[:-1]):
            (self.path / folder).mkdir(exist_ok=True)
            (self.path / folder).chmod(0o755)  # all of it is public
        new = file.parent / f"{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            new.write_bytes(content)
            new.chmod(0o644)
            new.rename(file)
        except OSError:
            with suppress(OSError):  # the disk may be gone
                new.unlink(missing_ok=True)
            raise

    def _delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)
        for folder in (self.path / name).relative_to(self.path).parents[:-1]:
            with suppress(OSError):  # it is not empty
                (self.path / folder).rmdir()

    def _read_list(self) -> set[str]:
        """Only names inside the folder: nobody can make us delete elsewhere by writing into the list."""
        try:
            names = json.loads((self.path / LIST).read_text("utf-8"))
        except FileNotFoundError:
            return set()
        except ValueError:
            names = []  # damaged: what is there and no page any more is then left
        return {name for name in names if isinstance(name, str) and ".." not in Path(name).parts and name[:1] != "/"}

    def _write_list(self, names: set[str]) -> None:
        self._replace(LIST, json.dumps(sorted(names)).encode())


def _order(name: str) -> tuple[int, str]:
    return (0 if name.startswith(_ASSETS) else 2 if name.endswith(_LAST) else 1), name
