"""What has become of each email of a mailing, on disk before and after it leaves: a killed run sends nothing twice.

A line says what happened to one mailbox; the last line about it counts. Mailboxes are keyed hashes, and the key is made
from the organiser's identity: without it, the file does not tell whether a given address is in it.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pyrage

from petition.core.errors import DataError
from petition.core.key_files import sync_folder


class State(StrEnum):
    """Of one mailbox. `begun` as the last word: a run ended between the email and the answer of the relay."""

    BEGUN = "begun"
    SENT = "sent"
    GONE = "gone"  # the mailbox does not exist
    FREE = "free"  # was not taken: it can be tried again
    UNSURE = "unsure"  # sent whole, and no answer came
    ENDED = "ended"  # the mailbox does not exist, and its news were ended on the site


TESTED, TEXT = "tested", "text"  # with the digest of the texts that were tested, or are sent
_HEAD = re.compile(rb"petition news 1 ([0-9a-f]{32}) ([0-9a-f]{32})")
_LINE = re.compile(rb"([a-z]+) ([0-9a-f]{32})")
_MAX_BYTES = 500_000_000


@dataclass
class Contents:
    """What the lines say. `size`: bytes of whole lines; what is behind them was cut off in its middle."""

    salt: str = ""
    check: str = ""
    states: dict[str, State] = field(default_factory=dict)
    tested: set[str] = field(default_factory=set)
    text: str = ""
    size: int = 0


def parse(content: bytes) -> Contents:
    """Raises DataError for what a killed run cannot have left."""
    found = Contents(size=content.rfind(b"\n") + 1)
    lines = content[: found.size].split(b"\n")[:-1]
    if not lines:
        return found
    if not (head := _HEAD.fullmatch(lines[0])):
        raise DataError("it does not begin like a journal")
    found.salt, found.check = head[1].decode(), head[2].decode()
    for number, line in enumerate(lines[1:], 2):
        if not (match := _LINE.fullmatch(line)) or not _take(found, match[1].decode(), match[2].decode()):
            raise DataError(f"line {number} is damaged")
    return found


def _take(found: Contents, kind: str, value: str) -> bool:
    if kind == TESTED:
        found.tested.add(value)
    elif kind == TEXT:
        found.text = value
    elif kind in set(State):
        found.states[value] = State(kind)
    else:
        return False
    return True


class Journal:
    """Of one mailing. The file is made with the first line, so that looking leaves nothing behind."""

    def __init__(
        self, file: Path, identity: pyrage.x25519.Identity, contents: Contents, descriptor: int | None
    ) -> None:
        self._file, self._descriptor, self._contents = file, descriptor, contents
        salt = contents.salt or secrets.token_hex(16)
        self._key = hashlib.blake2b(f"{salt} {identity}".encode(), person=b"petition news").digest()
        check = self._keyed("check", "")
        if contents.salt and check != contents.check:
            raise DataError(f"{file} was begun with another identity: continue with that one.")
        self._head = f"petition news 1 {salt} {check}"

    def state(self, address: str) -> State | None:
        """Of a mailbox; None if nothing is written about it."""
        return self._contents.states.get(self._keyed("mailbox", address))

    def counts(self) -> Counter[State]:
        return Counter(self._contents.states.values())

    def reference(self, address: str) -> str:
        """For the Message-ID of the email to an address, the same after a kill. It leads to no line of the journal."""
        return self._keyed("email", address)

    def was_tested(self, digest: str) -> bool:
        return digest in self._contents.tested

    @property
    def text(self) -> str:
        """The digest of the texts that are being sent; empty before the first email."""
        return self._contents.text

    def write_state(self, address: str, state: State) -> None:
        self._append(state, self._keyed("mailbox", address))

    def write_tested(self, digest: str) -> None:
        self._append(TESTED, digest)

    def write_text(self, digest: str) -> None:
        self._append(TEXT, digest)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _keyed(self, purpose: str, text: str) -> str:
        return hashlib.blake2b(f"{purpose} {text}".encode(), key=self._key, digest_size=16).hexdigest()

    def _append(self, kind: str, value: str) -> None:
        """When this returns, the line is on disk. Raises DataError."""
        try:
            if self._descriptor is None:
                self._descriptor = _create(self._file)
            if not self._contents.size:
                self._write_line(self._descriptor, self._head)
                sync_folder(self._file.parent)
            self._write_line(self._descriptor, f"{kind} {value}")
        except OSError as error:
            raise DataError(f"{self._file} cannot be written: {error.strerror}. No email leaves unwritten.") from None
        _take(self._contents, kind, value)

    def _write_line(self, descriptor: int, text: str) -> None:
        """What a full disk or a power cut left behind the last whole line is written over."""
        line = f"{text}\n".encode("ascii")
        os.ftruncate(descriptor, self._contents.size)
        if os.pwrite(descriptor, line, self._contents.size) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
        self._contents.size += len(line)


@contextmanager
def open_journal(file: Path, identity: pyrage.x25519.Identity) -> Iterator[Journal]:
    """Raises DataError if another run has it, if it is damaged, or if it belongs to another identity."""
    descriptor = _open(file)
    try:
        journal = Journal(file, identity, _read(file, descriptor), descriptor)
    except DataError:
        if descriptor is not None:
            os.close(descriptor)
        raise
    try:
        yield journal
    finally:
        journal.close()


def _read(file: Path, descriptor: int | None) -> Contents:
    try:
        return parse(os.pread(descriptor, _MAX_BYTES, 0)) if descriptor is not None else Contents()
    except DataError as fault:
        raise DataError(f"{file} cannot be used: {fault}.") from None


def _open(file: Path) -> int | None:
    try:
        return _lock(file, os.open(file, os.O_RDWR))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None


def _create(file: Path) -> int:
    return _lock(file, os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _lock(file: Path, descriptor: int) -> int:
    """The lock ends with this process."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DataError(f"{file} is being used by another run: let it finish, or stop it.") from None
    return descriptor
