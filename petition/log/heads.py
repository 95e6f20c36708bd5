"""Signs heads of the log, of which each extends all earlier ones; else nothing is signed, and a person must look."""

from collections.abc import Collection, Sequence
from functools import partial

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.settings import Settings
from petition.log import notes
from petition.log.errors import LogError
from petition.log.note_keys import LogKey
from petition.log.notes import Head
from petition.log.store import RESTORED, Log, newest_note, read_ends, read_log

GRACE, DEMO_GRACE = 600, 30  # seconds that an entry waits before it is signed: a failover may lose the newest ones


class StandsStill(LogError):
    """To sign would contradict what was signed before, or might; a person must look."""


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
