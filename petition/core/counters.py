"""Counts since the start, of all processes of this machine that serve one site or send its emails.

Each process has a small file that is mapped into memory: a count is one addition, and needs no system call. A file is
locked as long as its process lives; so the others know what to add up, and what to delete.
"""

import fcntl
import logging
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from mmap import mmap
from pathlib import Path

_NUMBER_BYTES = 8
Key = tuple[str, ...]  # the name of a counter, and a value for each of its labels
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that is counted, once for each combination of the values of its labels."""

    name: str
    help: str
    labels: Mapping[str, tuple[str, ...]]
    live: frozenset[str] = frozenset()  # values of the last label of which the exact count may be told: errors

    def series(self) -> Iterator[Key]:
        return product((self.name,), *self.labels.values())

    def is_live(self, key: Key) -> bool:
        return key[-1] in self.live


class Counters:
    """Of one site. The file is made with the first count: commands, which count nothing, have none."""

    def __init__(self, folder: Path, counters: Sequence[Counter]) -> None:
        self._places = {key: place for place, key in enumerate(key for one in counters for key in one.series())}
        self._size = len(self._places) * _NUMBER_BYTES
        self._folder = folder
        # Another version of the program may count other things.
        self._start = f"{zlib.crc32(repr(list(self._places)).encode()):08x}-"
        self._numbers: memoryview | None = None
        self._file: Path | None = None
        self._locked = -1

    def add(self, counter: Counter, *values: str) -> None:
        """Raises KeyError for values that its labels do not have."""
        if self._numbers is None:
            self._numbers = self._open()
        self._numbers[self._places[counter.name, *values]] += 1

    def totals(self) -> tuple[int, dict[Key, int]]:
        """How many processes count, and the sum for each key."""
        others = [file for file in self._folder.glob(f"{self._start}*") if file != self._file]
        alive = [numbers for file in others if not _is_abandoned(file) and (numbers := _read(file))]
        alive += [] if self._numbers is None else [self._numbers]
        return len(alive), {key: sum(numbers[place] for numbers in alive) for key, place in self._places.items()}

    def close(self) -> None:
        """What this process has counted is forgotten."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            os.close(self._locked)
        self._numbers = self._file = None

    def _open(self) -> memoryview:
        """Without room on the disk only this process knows what it counts."""
        try:
            return self._map_file()
        except OSError as error:
            log.warning("The counts for the metrics cannot be shared: %s.", error.strerror)
            return memoryview(bytearray(self._size)).cast("Q")

    def _map_file(self) -> memoryview:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _delete_abandoned(self._folder)
        name = f"{self._start}{secrets.token_hex(8)}"
        new = self._folder / f".{name}"  # nobody takes it for abandoned before it is locked
        self._locked = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX)
            os.posix_fallocate(self._locked, 0, self._size)  # a full disk would end a process that writes to a gap
            numbers = memoryview(mmap(self._locked, self._size)).cast("Q")
            self._file = new.rename(self._folder / name)
        except OSError:
            new.unlink()
            os.close(self._locked)
            raise
        return numbers


def _read(file: Path) -> memoryview | None:
    """None if its process has just ended."""
    with suppress(FileNotFoundError):  # its process has just ended
        return memoryview(file.read_bytes()).cast("Q")
    return None


def _delete_abandoned(folder: Path) -> None:
    for file in folder.glob("[!.]*"):
        if _is_abandoned(file):
            file.unlink(missing_ok=True)


def _is_abandoned(file: Path) -> bool:
    """Whether the process that had locked it is gone."""
    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
