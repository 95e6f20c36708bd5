"""The log in the database: reads it, appends to it, and signs heads of it, of which each extends all earlier ones."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.settings import Settings
from petition.log import notes, tree
from petition.log.entries import Entry, encode
from petition.log.errors import LogError
from petition.log.notes import Head, LogKey
from petition.log.tree import Subtrees

RESTORED = "log_restored"  # a fact about the database: its log comes from a backup, strangers may know a newer one
GRACE, DEMO_GRACE = 600, 30  # seconds that an entry waits before it is signed: a failover may lose the newest ones


class StandsStill(LogError):
    """To sign would contradict what was signed before, or might; a person must look."""


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
    added: Sequence[int]

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
        return Log(self.first, self.contents[:size], self.added[:size])

    def open(self, note: str) -> Head:
        """Raises LogError if none of its keys has signed the note."""
        return notes.parse_head(notes.open_note(note, self.vkeys).text)


async def read_log(c: Connection) -> Log | None:
    """None if nothing was ever logged here."""
    return await read_log_from(c, int((await read_ends(c))["first"]))


async def read_log_from(c: Connection, first: int) -> Log | None:
    rows = await c.all("log.entries", first=first)
    if not rows:
        return None
    return Log(first, [row["entry"].encode() for row in rows], [int(row["added_at"]) for row in rows])


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


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def begin(c: Connection, settings: Settings) -> str:
    """Begins a log under the name of the settings' key; its name. Raises LogError if there is one of this name.

    If there was another one before, whose key is lost, it names where that one ended.
    """
    key = read_keys(settings)[0]
    if key.name in await list_names(c):
        raise LogError(f"There is a log of the name {key.name} already: a new one needs a key of another name.")
    entry: Entry = {"kind": "log", "format": 1, "origin": key.name, "site": settings.base_url, "vkey": key.vkey}
    if (old := await read_log(c)) and (note := await newest_note(c, old)):
        head = notes.parse_head(notes.split_note(note)[0])
        entry |= {"previous_origin": head.origin, "previous_size": head.size}
        entry |= {"previous_root": notes.encode64(head.root)}
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


def refuse_other_keys(log: Log, keys: Collection[LogKey]) -> None:
    """Raises StandsStill for keys that are not those of this log."""
    name = next(iter(keys)).name
    if name != log.origin:
        raise StandsStill(
            f"PETITION_LOG_KEY is the key of {name}, and the log here is {log.origin}: put the key of that one back; "
            "if it is lost for good, `petition log begin --lost-key` begins a new log."
        )
    if not {key.vkey for key in keys} & {*log.current_vkeys}:
        raise StandsStill(
            f"PETITION_LOG_KEY has none of the keys that signed {log.origin}: put the old key after a comma behind the "
            "new one; if it is lost for good, make a key with another name, and `petition log begin --lost-key`."
        )


def refuse_fork(log: Log, note: str, where: str) -> Head:
    """The head in a note that was signed before; raises StandsStill unless the log extends it."""
    try:
        head = log.open(note)
    except LogError as error:
        raise StandsStill(f"The newest head of the log {where} cannot be read ({str(error).rstrip('.')}).") from None
    refuse_smaller(head.size, log.size)
    if head != log.head(head.size):
        raise StandsStill(
            f"The log here is another one than was signed ({where}, place {head.size}): a person must find out why, "
            "before anything is signed."
        )
    return head


def refuse_smaller(signed: int, size: int) -> None:
    """Raises StandsStill if fewer entries are there than were signed."""
    if signed > size:
        raise StandsStill(
            f"The log here has {size} entries, and {signed} were signed: run `petition log adopt`, which brings the "
            "others back."
        )


async def refuse_restored(c: Connection) -> None:
    if await state.get(c, RESTORED):
        raise StandsStill(
            "The log comes from a backup, and strangers may have seen a newer one: run `petition log adopt ADDRESS` "
            "with the address of a mirror, or `petition log adopt --none` if nobody has a newer one."
        )


class Signer:
    """Signs heads, on the machine that has the key. It remembers since when it has seen each entry."""

    def __init__(self, database: Database, settings: Settings, grace: int | None = None) -> None:
        self._database, self._keys = database, [LogKey.parse(text) for text in settings.log_keys]
        self.grace = (DEMO_GRACE if settings.demo else GRACE) if grace is None else grace
        self._seen: dict[int, int] = {}  # row of an entry that is not signed: running seconds

    @property
    def keys(self) -> list[LogKey]:
        return self._keys

    async def sign(self, own_note: str) -> bool:
        """Whether a head was signed. `own_note`: what this machine has published of this log. Raises StandsStill."""
        if not self._keys:
            return False
        async with self._database.reading() as c:
            ends = await read_ends(c)
            waiting = await c.all("log.entries_from", n=max(int(ends["below"]), int(ends["first"])))
            if not self._waited(waiting) or (log := await read_log(c)) is None:
                return False
            refuse_other_keys(log, self._keys)
            newest = await newest_note(c, log)
        if newest:
            refuse_fork(log, newest, "in the database")
        if own_note:
            refuse_fork(log, own_note, "by this machine")
        below = int(waiting[0]["n"]) + self._waited(waiting)
        note = notes.sign_head(log.head(below - log.first), self._keys)
        return await self._database.own_transaction(partial(_insert, below=below, note=note, newest=newest))

    def _waited(self, waiting: Sequence[Row]) -> int:
        """How many entries have waited long enough, by the clock or, since a clock may jump, by what was seen here."""
        now, running = clock.epoch(), clock.running_seconds()
        self._seen = {row["n"]: self._seen.get(row["n"], running) for row in waiting}
        for n, row in enumerate(waiting):
            if row["added_at"] > now - self.grace and self._seen[row["n"]] > running - self.grace:
                return n
        return len(waiting)


async def _insert(c: Connection, *, below: int, note: str, newest: str) -> bool:
    """Unless somebody else has signed another head in the meantime."""
    await c.run("log.lock")
    row = await c.one("log.newest_head")
    if row and (int(row["below"]) >= below or (newest and row["note"] != newest)):
        return False
    await c.run("log.insert_head", below=below, note=note)
    return True
