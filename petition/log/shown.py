"""What public pages show of the log: its newest head, who else has signed it, the last entries."""

import json
from dataclasses import dataclass

from petition.core.database.connection import Connection, Row
from petition.log import notes, store
from petition.log.entries import Entry

_LAST = 10


@dataclass(frozen=True, slots=True)
class ShownLog:
    """`note`: the newest head, with the lines of witnesses; empty if nothing is signed.

    `witnesses`: the names of those who have signed this or an earlier head; `last`: (place, entry) of the newest
    entries that it covers; `vkeys`: of the keys that sign it; the newest first.
    """

    note: str = ""
    size: int = 0
    witnesses: tuple[str, ...] = ()
    last: tuple[tuple[int, Entry], ...] = ()
    vkeys: tuple[str, ...] = ()


async def read_shown(c: Connection) -> ShownLog:
    """A few rows, since every process asks every few seconds."""
    ends, row = await store.read_ends(c), await c.one("log.newest_head")
    first = int(ends["first"])
    if row is None or int(row["below"]) <= first:
        return ShownLog()
    below, note = int(row["below"]), str(row["note"])
    lines = [row["line"] for row in await c.all("log.cosignatures", after=below - 1)]
    witnesses = tuple(row["name"] for row in await c.all("log.witnesses", first=first))
    size = notes.read_head(note).size
    rows = await c.all("log.entries_between", since=max(first, below - _LAST), below=below)
    last = [(int(r["n"]) - first, json.loads(r["entry"])) for r in rows]
    vkeys = _current(await c.all("log.keys", first=first, below=below))
    return ShownLog(note + "".join(lines), size, witnesses, tuple(reversed(last)), vkeys)


def _current(rows: list[Row]) -> tuple[str, ...]:
    keys = [json.loads(row["entry"]) for row in rows]
    states = {key["vkey"]: key.get("state", "added") for key in keys}  # the first entry of a log has its first key
    return tuple(vkey for vkey in reversed(states) if states[vkey] == "added")
