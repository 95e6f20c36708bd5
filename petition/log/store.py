"""The log in the database: reads it, appends to it, and signs heads of it, of which each extends all earlier ones."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.settings import Settings
from petition.log import note_keys, notes, tree
from petition.log.entries import Entry, encode, sha256
from petition.log.errors import LogError
from petition.log.note_keys import LogKey
from petition.log.notes import Head
from petition.log.tree import Subtrees

ADOPTED = "log_adopted"  # when the newest restore was answered (epoch seconds): what it lost is taken back
RESTORED = "log_restored"  # a fact about the database: its log comes from a backup, strangers may know a newer one


@dataclass(frozen=True, slots=True)
class New:
    """An entry that is to be appended. `files`: those that it names, their content, and until when each is kept."""

    entry: Entry
    files: Mapping[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """The newest log of a database. `first`: the row with which it begins."""

    first: int
    contents: Sequence[bytes]

    @property
    def size(self) -> int:
        return len(self.contents)

    @cached_property
    def entries(self) -> list[Entry]:
        return [json.loads(content) for content in self.contents]

    @property
    def origin(self) -> str:
        return str(self.entries[0]["origin"])

    @cached_property
    def vkeys(self) -> list[str]:
        """Of all keys that ever signed it, in the order in which they came."""
        added = [entry["vkey"] for entry in self.of_kind("key") if entry["state"] == "added"]
        return list(dict.fromkeys([self.entries[0]["vkey"], *added]))

    @property
    def current_vkeys(self) -> list[str]:
        """Newest first."""
        last = {entry["vkey"]: entry["state"] for entry in self.of_kind("key")}
        return [vkey for vkey in reversed(self.vkeys) if last.get(vkey) != "retired"]

    def of_kind(self, *kinds: str) -> list[Entry]:
        return [entry for entry in self.entries if entry["kind"] in kinds]

    @cached_property
    def subtrees(self) -> Subtrees:
        return tree.subtrees_of([tree.leaf_hash(content) for content in self.contents])

    def head(self, size: int) -> Head:
        return Head(self.origin, size, tree.root(self.subtrees, size))

    def until(self, size: int) -> "Log":
        return Log(self.first, self.contents[:size])

    def open(self, note: str) -> Head:
        """Raises LogError if none of its keys has signed the note."""
        return notes.parse_head(notes.open_note(note, self.vkeys).text)


async def read_log(c: Connection) -> Log | None:
    """None if nothing was ever logged here."""
    first = int((await read_ends(c))["first"])
    rows = await c.all("log.entries", first=first)
    if not rows:
        return None
    return Log(first, [row["entry"].encode() for row in rows])


async def read_ends(c: Connection) -> Row:
    """As the query `ends` says."""
    return await c.one("log.ends") or {}


async def mark(c: Connection) -> tuple[int, ...]:
    """Changes with everything that is written here."""
    return tuple(int(value) for value in (await read_ends(c)).values())


async def list_names(c: Connection) -> list[str]:
    """Of all logs of this database, the newest last."""
    return [json.loads(row["entry"])["origin"] for row in await c.all("log.first_of_all")]


async def newest_note(c: Connection, log: Log) -> str:
    """The newest head of this log; empty if it has none."""
    row = await c.one("log.newest_head")
    return str(row["note"]) if row and int(row["below"]) > log.first else ""


async def append(c: Connection, news: Sequence[New], after: int, first: int | None = None) -> bool:
    """Appends, unless somebody else did so since there were `after` entries in all. `first`: of a log that begins.

    Raises LogError for an entry that must not be logged.
    """
    encoded = [encode(new.entry).decode() for new in news]
    await c.run("log.lock")
    ends = await read_ends(c)
    if int(ends["entries"]) != after:
        return False
    start = int(ends["first"]) if first is None else first
    rows = [{"n": after + i, "first": start, "entry": e, "added_at": clock.epoch()} for i, e in enumerate(encoded)]
    await c.run("log.append", rows=rows)
    for content, kept_until in (item for new in news for item in new.files.items()):
        await c.run("log.insert_file", digest=sha256(content), content=content.decode(), kept_until=kept_until)
    return True


async def begin(c: Connection, settings: Settings) -> str:
    """Begins a log under the name of the settings' key; its name. Raises LogError if there is one of this name.

    If there was another one before, whose key is lost, it names where that one ended.
    """
    key = read_keys(settings)[0]
    if key.name in await list_names(c):
        raise LogError(f"There is a log of the name {key.name} already: a new one needs a key of another name.")
    entry: Entry = {"kind": "log", "format": 1, "origin": key.name, "site": settings.base_url, "vkey": key.vkey}
    if (old := await read_log(c)) and (note := await newest_note(c, old)):
        head = notes.read_head(note)
        entry |= {"previous_origin": head.origin, "previous_size": head.size}
        entry |= {"previous_root": note_keys.encode64(head.root)}
    after = int((await read_ends(c))["entries"])
    await append(c, [New(entry)], after, first=after)
    await state.delete(c, RESTORED)
    return key.name


def read_keys(settings: Settings) -> list[LogKey]:
    """Newest first. Raises LogError if there is none, or one is damaged."""
    keys = [LogKey.parse(text) for text in settings.log_keys]
    if not keys:
        raise LogError("This needs PETITION_LOG_KEY: `petition log key NAME` makes one.")
    return keys
