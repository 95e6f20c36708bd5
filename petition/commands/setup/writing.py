"""Writes files so that nobody sees half of one, and keeps those that a person changed.

The record, /etc/petition/setup.toml, has a hash of each file that setup wrote. It is written before the files: after a
run that was killed, each file has its old or its new content, and the record knows both.
"""

import hashlib
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from petition.commands.setup.place import Account, Place
from petition.core.errors import DataError
from petition.core.toml_edits import quote

RECORD = "/etc/petition/setup.toml"
DPKG_STATUS = "/var/lib/dpkg/status"  # has a hash of each settings file that a package brought


@dataclass(frozen=True, slots=True)
class PlannedFile:
    name: str  # on the machine, such as /etc/petition/petition.env
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = ""  # the owner's if empty

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(slots=True)
class Record:
    """What setup remembers: answers that stand in no other file, and hashes of what it wrote."""

    answers: dict[str, str] = field(default_factory=dict)
    written: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, place: Place) -> "Record":
        try:
            table = tomllib.loads(place.read(RECORD))
            return cls(dict(table.get("answers", {})), {k: list(v) for k, v in table.get("written", {}).items()})
        except ValueError:
            raise DataError(
                f"{RECORD} is damaged: delete it, and petition setup keeps every file that is there."
            ) from None

    def text(self) -> str:
        answers = "".join(f"{name} = {quote(value)}\n" for name, value in self.answers.items())
        hashes = "".join(f"{quote(k)} = [{', '.join(map(quote, v))}]\n" for k, v in sorted(self.written.items()))
        return f"# Written by `petition setup`, for its next run.\n[answers]\n{answers}\n[written]\n{hashes}"


class Writer:
    """`changed` has the names of files that were written, `kept` those of files that a person changed."""

    def __init__(self, place: Place, record: Record) -> None:
        self._place, self._record = place, record
        self.changed: list[str] = []
        self.kept: list[str] = []

    def make_folder(self, name: str, mode: int, owner: str = "root", group: str = "") -> None:
        path = self._place.path(name)
        with _naming(name):
            path.mkdir(parents=True, exist_ok=True)
            _adjust_path(path, mode, self._ids(owner, group))

    def put_all(self, files: list[PlannedFile]) -> None:
        """Each replaces what setup or Debian wrote; beside what a person wrote it is put as NAME.new."""
        kept = [file for file in files if not self._is_ours(file)]
        for file in files:
            self._remember(file)
        self.put(PlannedFile(RECORD, self._record.text(), 0o600))
        self.changed = [name for name in self.changed if name != RECORD]
        for file in files:
            self.put(replace(file, name=f"{file.name}.new") if file in kept else file)
        self.kept += [file.name for file in kept]

    def _remember(self, file: PlannedFile) -> None:
        """The content it may have now and the one it gets."""
        known, now = self._record.written.get(file.name, []), self._hash(file.name)
        if file.hash not in known or now not in known:
            self._record.written[file.name] = [*({now} & set(known)), file.hash]

    def put(self, file: PlannedFile) -> None:
        """Writes a file unless it has this content already."""
        path = self._place.path(file.name)
        with _naming(file.name):
            if self._hash(file.name) != file.hash:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
                _write(path, file.content, file.mode, self._ids(file.owner, file.group))
                self.changed.append(file.name)

    def make_secret(self, file: PlannedFile) -> None:
        """Writes a file only if there is none; makes sure that nobody else reads the one that is there."""
        path = self._place.path(file.name)
        with _naming(file.name):
            if path.exists() or path.is_symlink():
                _adjust_path(path, file.mode, self._ids(file.owner, file.group))
            else:
                _write(path, file.content, file.mode, self._ids(file.owner, file.group))
                self.changed.append(file.name)

    def _is_ours(self, file: PlannedFile) -> bool:
        path, now = self._place.path(file.name), self._hash(file.name)
        if path.is_symlink():
            return False
        known = [file.hash, "", *self._record.written.get(file.name, [])]
        return now in known or self._is_debians(file.name)

    def _is_debians(self, name: str) -> bool:
        """Whether a file is as its package brought it."""
        content = self._place.path(name).read_bytes()
        with suppress(OSError):  # no such file in this package: dpkg knows the hash
            if content == self._place.path(f"/usr/share/postfix/{Path(name).name}.dist").read_bytes():
                return True
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()  # the hash that dpkg has
        return f"\n {name} {found}\n" in self._place.read(DPKG_STATUS)

    def _hash(self, name: str) -> str:
        """Of the content that a file has now; empty if there is none."""
        path = self._place.path(name)
        with _naming(name), suppress(FileNotFoundError):
            return hashlib.sha256(path.read_bytes()).hexdigest()
        return ""

    def _ids(self, owner: str, group: str) -> tuple[int, int]:
        """(-1, -1) leaves both as they are: in a folder without that account, or if we are not root."""
        if os.geteuid() != 0:
            return -1, -1
        user, group_account = self._find(owner), self._find(group or owner)
        return user.uid if user else -1, group_account.gid if group_account else -1

    def _find(self, name: str) -> Account | None:
        return Account(0, 0) if name == "root" else self._place.account(name)


def _write(path: Path, content: str, mode: int, ids: tuple[int, int]) -> None:
    """When this returns, the file is on disk. A file that was begun by a killed run is begun again."""
    new = path.with_name(f".{path.name}.setup")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content.encode())
        _adjust(out.fileno(), mode, ids)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _adjust_path(path: Path, mode: int, ids: tuple[int, int]) -> None:
    """The owner of a folder can put a link in it that leads elsewhere: we follow none that is not root's or our own."""
    is_ours = path.parent.stat().st_uid in (0, os.geteuid())
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if is_ours else os.O_NOFOLLOW))
    try:
        _adjust(descriptor, mode, ids)
    finally:
        os.close(descriptor)


def _adjust(descriptor: int, mode: int, ids: tuple[int, int]) -> None:
    """Owner first: a change of owner may take away bits of the mode."""
    found = os.fstat(descriptor)
    if any(new not in (-1, old) for new, old in zip(ids, (found.st_uid, found.st_gid), strict=True)):
        os.fchown(descriptor, *ids)
    if os.fstat(descriptor).st_mode & 0o7777 != mode:
        os.fchmod(descriptor, mode)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Turns an error of the system into one sentence that names the file."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{name} cannot be written: {error.strerror}.") from None
