"""Keeps the log: every few seconds it collects what is new, signs what has waited, and writes the files.

One process of a machine does it at a time, on as many machines as there are; only the one with the key signs.
"""

import asyncio
from functools import partial

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.log import collect, heads, notes, own_facts, releases, store
from petition.log.collect import Found
from petition.log.entries import Entry
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.log.heads import Signer
from petition.log.publishing import publish
from petition.log.store import New
from petition.site import Site

# Facts about the database: why nothing is signed, and why a machine without the key writes no files.
STANDS, COPY_STANDS = "log_stands", "log_copy_stands"
_LOOK_AGAIN, _ALL_AGAIN = 600, 6 * HOUR  # seconds after which it is compared again, whatever the marks say


class Keeper:
    def __init__(self, site: Site) -> None:
        self._site, self._database = site, site.database
        self._folder, self._signer = Folder(site.settings.var), Signer(site.database, site.settings)
        self._said: dict[tuple[int, str], Entry] = {}  # by log and kind: what this process last said of itself
        self._collected: tuple[int, ...] = ()  # the marks of what was compared
        self._written: tuple[int, ...] = ()  # the marks of what the files show
        self._is_well = False  # whether the last step did all that it should
        self._look_at = 0  # running seconds
        self._all_at = 0  # the same, for all releases; 0: now

    async def work(self) -> None:
        """Raises DatabaseError."""
        with self._folder.turn() as ours:
            if not ours:
                return
            try:
                if await self._is_idle():
                    return
                await self._step()
            except LogError as error:
                await self._tell(str(error))
            except OSError as error:
                await self._tell(f"The folder of the log cannot be used: {error.strerror}.")
            else:
                await self._tell("")

    async def _is_idle(self) -> bool:
        """Two small queries, every few seconds: nothing has changed, and nothing waits to be signed."""
        async with self._database.reading() as c:
            published, logged = await collect.mark(c), await store.mark(c)
        entries, first, below, *_ = logged
        if (self._signer.keys and entries > max(first, below)) or clock.running_seconds() >= self._look_at:
            return False
        return self._is_well and (*published, *logged) == self._collected and logged == self._written

    async def _step(self) -> None:
        self._is_well = False
        async with self._database.reading() as c:
            own_note = await read_own_note(c, self._folder)
        await self._begin_demo()
        await self._collect()
        await self._signer.sign(own_note)
        await self._write()
        self._is_well = True

    async def _begin_demo(self) -> None:
        """On a real server a person does it: a new machine that awaits its backup must not begin another log."""
        if not (self._site.settings.demo and self._signer.keys):
            return
        async with self._database.reading() as c:
            if await store.list_names(c):
                return
        await self._database.own_transaction(partial(store.begin, settings=self._site.settings))

    async def _collect(self) -> None:
        """Appends what is published and not logged."""
        async with self._database.reading() as c:
            marks = (*await collect.mark(c), *await store.mark(c))
            if marks == self._collected and clock.running_seconds() < self._look_at:
                return
            if (log := await store.read_log(c)) is None:
                self._collected, self._look_at = marks, clock.running_seconds() + _LOOK_AGAIN
                return
            facts = await self._own_facts(c)
            own = [new for new in facts if new.entry != self._said.get((log.first, new.entry["kind"]))]
            found = await collect.find_new(c, log, self._signer.keys, own, self._since())
        if await self._append(found, log.first + log.size):
            self._said |= {(log.first, new.entry["kind"]): new.entry for new in own}
            pause = releases.SETTLE_SECONDS if found.settling else _LOOK_AGAIN
            self._collected, self._look_at = marks, clock.running_seconds() + pause
            self._all_at = self._all_at or clock.running_seconds() + _ALL_AGAIN

    def _since(self) -> int:
        """At the start, and a few times a day, all releases are compared; else those of a week."""
        if clock.running_seconds() >= self._all_at:
            self._all_at = 0
        return clock.epoch() - 8 * DAY if self._all_at else 0

    async def _own_facts(self, c: Connection) -> list[New]:
        appeal = await self._site.read_appeal(c)
        return await asyncio.to_thread(own_facts.own_facts, appeal, self._site.languages)

    async def _append(self, found: Found, after: int) -> bool:
        """Whether all of it is there now; not if somebody else has appended in the meantime."""
        if not (found.news or found.withdrawn_files):
            return True
        return await self._database.own_transaction(partial(_append, found=found, after=after))

    async def _write(self) -> None:
        """Writes the files, if anything has changed since this process last did."""
        async with self._database.reading() as c:
            if (marks := await store.mark(c)) == self._written:
                return
            witnesses = (await self._site.read_appeal(c)).campaign.witnesses
        await publish(self._database, self._site.settings, witnesses)
        self._written = marks

    async def _tell(self, problem: str) -> None:
        """Keeps for doctor and desk why the log stands still; the operator gets one email."""
        name = STANDS if self._signer.keys else COPY_STANDS
        async with self._database.reading() as c:
            if (await state.get(c, name) or "") == problem:
                return
        if not problem:
            await self._database.write(partial(state.delete, name=name))
        elif not await self._database.write(partial(state.insert, name=name, value=problem)):
            await self._database.write(partial(state.put, name=name, value=problem))
        elif name == STANDS:
            await self._site.send_alert(f"The public log stands still; people sign as before. {problem}")


async def read_own_note(c: Connection, folder: Folder) -> str:
    """What this machine has published of the newest log. Raises StandsStill if the database has less, or may have.

    Then nothing is appended either: it would take a place that strangers know as another entry's.
    """
    ends, names = await store.read_ends(c), await store.list_names(c)
    own = folder.own_note(names)
    if own:
        size = notes.read_head(own).size
        heads.refuse_smaller(size, int(ends["entries"]) - int(ends["first"]))
    if names:
        await heads.refuse_restored(c)
    return own


async def _append(c: Connection, *, found: Found, after: int) -> bool:
    if not await store.append(c, found.news, after):
        return False
    if found.withdrawn_files:
        await c.run("log.delete_files", hashes=found.withdrawn_files)
    return True
