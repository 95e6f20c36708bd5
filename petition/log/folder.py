"""The log as files, which any web server can send: tiles, bundles, what is beside the log, and last the checkpoint."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from petition.campaign.witnesses import Witnesses
from petition.core import key_files
from petition.log import tiles
from petition.log.errors import LogError
from petition.log.heads import StandsStill
from petition.log.store import Log
from petition.log.tiles import ENTRIES, WIDTH

CHECKPOINT, COSIGNED, BEFORE = "checkpoint", "cosigned", "before"


@dataclass(frozen=True, slots=True)
class Signed:
    """A head: its note, and the lines of witnesses by their names."""

    size: int
    note: str
    lines: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.note + "".join(self.lines.values())


class Folder:
    """The folder of one machine. Its checkpoint is the memory of what strangers have got from here."""

    def __init__(self, var: Path) -> None:
        self.path, self._lock = var / "log", var / "log.lock"

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether this process may write: one of this machine at a time."""
        self._lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def checkpoint(self) -> str:
        """What this machine has published; empty if nothing."""
        file = self.path / CHECKPOINT
        try:
            return file.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise LogError(
                f"The checkpoint of the log is damaged. Delete {file}, then run `petition log adopt https://MIRROR`."
            ) from None

    def own_note(self, names: Sequence[str]) -> str:
        """The checkpoint. That of an earlier log, of which `names` has the names, binds the newest one to nothing."""
        note = self.checkpoint()
        return "" if note.partition("\n")[0] in names[:-1] else note

    def make_room(self, log: Log) -> None:
        """What an earlier log left, whose key was lost, moves to log/before/NAME. A call that was killed is done again.

        The folder itself stays: it may be a link to where nginx reads.
        """
        origin = self.checkpoint().partition("\n")[0]
        if not origin or origin == log.origin:
            return
        before = self.path / BEFORE / origin.rpartition("/")[2]
        _make_folder(before)
        files = [file for file in self.path.iterdir() if file.name != BEFORE]
        for file in sorted(files, key=lambda file: file.name == CHECKPOINT):  # it says that there is more to do
            file.rename(before / file.name)

    def write_tiles(self, log: Log, sizes: Sequence[int]) -> None:
        """What readers of heads of these sizes need. Nothing that is there is changed: raises StandsStill instead."""
        for size in sizes:
            for name, width, make in _tiles(log, size):
                file = self.path / name
                if not file.exists():
                    _put(file, make())
                elif size == sizes[-1] and width < WIDTH and file.read_bytes() != make():
                    raise StandsStill(f"{file} is not of the log in the database: a person must find out why.")
        if sizes:
            self._drop_parts(sizes[-1])

    def _drop_parts(self, size: int) -> None:
        """Parts of a tile that is full by now, but for the last full one: some readers are a moment behind."""
        for part in self.path.glob("tile/**/*.p"):
            level, *digits = part.relative_to(self.path / "tile").with_suffix("").parts
            n = int("".join(digit.removeprefix("x") for digit in digits))
            if n < (size >> (0 if level == ENTRIES else 8 * int(level))) // WIDTH - 1:
                shutil.rmtree(part)

    def write_files(self, contents: Mapping[str, str]) -> None:
        """The files beside the log, by their hash; what is withdrawn goes."""
        folder = self.path / "files"
        _make_folder(folder)
        there = {file.stem for file in folder.glob("*.json")}
        for name in contents.keys() - there:
            _put(folder / f"{name}.json", contents[name].encode())
        for name in there - contents.keys():
            (folder / f"{name}.json").unlink()

    def write_facts(self, log: Log, prefix: str, witnesses: Witnesses) -> None:
        """What helps readers, and proves nothing."""
        texts = {
            "vkey": "".join(f"{vkey}\n" for vkey in log.current_vkeys),
            "policy": policy(log, prefix, witnesses),
            "index.json": json.dumps(index_of(log), separators=(",", ":")),
        }
        for name, text in texts.items():
            _put(self.path / name, text.encode())

    def write_checkpoint(self, head: Signed, cosigned: Signed | None) -> None:
        """Last of all: now strangers see it. `cosigned`: the newest head that enough witnesses have signed."""
        if cosigned:
            _put(self.path / COSIGNED, cosigned.text.encode())
        _put(self.path / CHECKPOINT, head.text.encode())


def _tiles(log: Log, size: int) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """(name, width, what makes the content) of each tile and bundle of a tree of this size."""
    for level, n, width in tiles.tiles_of(size):
        yield tiles.tile_path(level, n, width), width, partial(tiles.tile, log.subtrees, level, n, width)
    for n, width in enumerate(tiles.widths(size)):
        part = log.contents[n * WIDTH : n * WIDTH + width]
        yield tiles.tile_path(ENTRIES, n, width), width, partial(tiles.bundle, part)


def policy(log: Log, prefix: str, witnesses: Witnesses) -> str:
    """Whose signatures a reader should ask for (c2sp.org/tlog-policy)."""
    names = [f"w{n}" for n, _ in enumerate(witnesses.vkeys, start=1)]
    lines = [f"log {vkey} {prefix}" for vkey in log.current_vkeys]
    lines += [f"witness {name} {vkey}" for name, vkey in zip(names, witnesses.vkeys, strict=True)]
    lines += [f"group witnesses {witnesses.quorum} {' '.join(names)}", "quorum witnesses"] if names else ["quorum none"]
    return "\n".join([*lines, ""])


def index_of(log: Log) -> dict[str, int]:
    """The place of each document and each file beside the log, by its hash."""
    found: dict[str, int] = {}
    for n, entry in enumerate(log.entries):
        named = [entry.get(name) for name in ("sha256", "countries", "file", "lock", "script")]
        named += [*entry.get("letters", {}).values(), *entry.get("texts", {}).values()]
        found |= {hash_: n for hash_ in named if hash_ and hash_ not in found}
    return found


def _put(file: Path, content: bytes) -> None:
    """When this returns, it is on disk; others see all of it or nothing. Everybody may read it."""
    if not file.parent.is_dir():
        _make_folder(file.parent)
    new = file.with_name(f".{file.name}.new")
    with new.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.chmod(0o644)
    new.replace(file)
    key_files.sync_folder(file.parent)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
