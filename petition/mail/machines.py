"""The machines that share the outbox: two of them have the key of each email, so that one may die with its disk.

A machine is one folder of outbox keys (see core/outbox_keys.py). Every minute it says in the database that it lives,
and each of its keys is sealed to the holder key of one other machine that lives. A machine alone makes no copies.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from petition.core import clock
from petition.core.clock import DAY, from_epoch
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import DatabaseError, KeysError
from petition.core.key_files import key_age
from petition.core.languages import N_
from petition.core.outbox_keys import KEY_LIFETIME, machine_of
from petition.core.sentences import Sentence
from petition.mail import outbox
from petition.mail.delivery_rules import OnUnreadable, ignore_unreadable
from petition.mail.key_rotation import delete_copy, drop_emails, reencrypt_emails

REFRESH_SECONDS = 60
AWAY_SECONDS = 300  # without a sign of life
LOOKS = AWAY_SECONDS // REFRESH_SECONDS
# By then a key and all its copies are destroyed, even if its machine was off for a day and came back.
UNREADABLE_AFTER = KEY_LIFETIME + DAY


class Watch:
    """Which machines are away, as this process has seen. A wrong clock, here or there, makes nobody seem away."""

    def __init__(self) -> None:
        self._last_seen: dict[str, int] = {}
        self._unchanged: dict[str, int] = {}  # looks since its last sign of life

    def look(self, seen: dict[str, int]) -> None:
        """`seen`: the last sign of life of each machine. Call it once in REFRESH_SECONDS."""
        for machine, seen_at in seen.items():
            if machine not in self._last_seen:  # which of them live is known after the next look
                is_old = abs(clock.epoch() - seen_at) >= AWAY_SECONDS
                self._unchanged[machine] = LOOKS - 1 if is_old else 0
            else:
                self._unchanged[machine] = self._unchanged[machine] + 1 if seen_at == self._last_seen[machine] else 0
        self._last_seen = dict(seen)

    def is_away(self, machine: str) -> bool:
        """True also for a machine that nobody has seen; False for all before the first look."""
        if not self._last_seen:
            return False
        return machine not in self._last_seen or self._unchanged[machine] >= LOOKS


class Machine:
    """This machine among the others. Each process has one object; `on_unreadable` gets ids of submissions and links."""

    def __init__(
        self, database: Database, server_keys: ServerKeys, on_unreadable: OnUnreadable = ignore_unreadable
    ) -> None:
        self._database, self._server_keys, self._on_unreadable = database, server_keys, on_unreadable
        self._keys = server_keys.outbox
        self._watch = Watch()

    async def refresh(self) -> None:
        """Says that this machine lives, exchanges keys, takes over emails of machines that are away. Every minute."""
        await asyncio.to_thread(self._keys.holder_keys.destroy_expired)
        prepared = self._keys.prepare_key()
        await self._database.own_transaction(partial(self._exchange_keys, prepared=prepared))
        if prepared:  # only now, so that it encrypts nothing before its copy is stored
            self._keys.add_key(*prepared)
        await self._open_copies()
        for name in self._keys.copy_names():
            if self._watch.is_away(machine_of(name)):
                await reencrypt_emails(self._database, self._server_keys, name, self._on_unreadable)

    async def leave(self) -> None:
        """At a clean stop: nobody seals a key to this machine, and nobody is told that it is away."""
        with suppress(DatabaseError):  # a stop does not wait for a database: the others soon see that we are away
            await self._database.own_transaction(lambda c: c.run("machines.leave", machine=self._keys.machine))

    async def drop_unreadable(self) -> None:
        """Drops emails that no machine can open any more, and forgets machines that are gone for good."""
        async with self._database.reading() as c:
            names = [row["key_name"] for row in await c.all("outbox.key_names")]
            copies = [row["key_name"] for row in await c.all("machines.copies")]
            machines = [row["machine"] for row in await c.all("machines.all")]
        own = [*self._keys.key_names(), *self._keys.copy_names()]
        for name in names:
            if name not in own and key_age(name) >= UNREADABLE_AFTER and self._is_not_elsewhere(name):
                await drop_emails(self._database, name, self._on_unreadable)
        for name in copies:
            if key_age(name) >= KEY_LIFETIME and self._is_not_elsewhere(name):
                await delete_copy(self._database, name)
        for machine in filter(self._watch.is_away, machines):
            await self._database.own_transaction(partial(_forget, machine=machine))

    def _is_not_elsewhere(self, key_name: str) -> bool:
        return machine_of(key_name) == self._keys.machine or self._watch.is_away(machine_of(key_name))

    async def _exchange_keys(self, c: Connection, *, prepared: tuple[str, bytes] | None) -> None:
        await self._say_alive(c)
        machines = await c.all("machines.all")
        self._watch.look({row["machine"]: int(row["seen_at"]) for row in machines})
        if (holder := self._choose_holder(machines)) is None:
            return
        sealed = {row["key_name"]: row["public_key"] for row in await c.all("machines.copies")}
        expired = self._keys.expired()
        names = [name for name in self._keys.key_names() if name not in expired]
        for name in sorted([*names, *(prepared or ())[:1]]):
            if sealed.get(name) != holder["public_key"]:
                await self._seal_copy(c, name, holder, prepared)

    async def _say_alive(self, c: Connection) -> None:
        machine, public_key = self._keys.machine, self._keys.holder_keys.public_key()
        mac = self._server_keys.machine_mac(machine, public_key)
        now = clock.epoch() // 60 * 60
        await c.run("machines.put", machine=machine, public_key=public_key, mac=mac, seen_at=now)

    def _choose_holder(self, machines: list[Row]) -> Row | None:
        """The next living machine in a ring: so each has the copies of one other."""
        own = self._keys.machine
        living = [row for row in machines if row["machine"] != own and self._is_holder(row)]
        return min(living, key=lambda row: (row["machine"] < own, row["machine"]), default=None)

    def _is_holder(self, row: Row) -> bool:
        """Believes nothing that was not written with a key of the server."""
        mac = self._server_keys.machine_mac(row["machine"], row["public_key"])
        return bool(row["public_key"]) and row["mac"] == mac and not self._watch.is_away(row["machine"])

    async def _seal_copy(self, c: Connection, name: str, holder: Row, prepared: tuple[str, bytes] | None) -> None:
        try:
            key = prepared[1] if prepared and name == prepared[0] else self._keys.read_key(name)
        except KeysError:  # another process has destroyed it
            return
        sealed = self._server_keys.seal_outbox_key(name, key, holder["public_key"])
        public_key = holder["public_key"]
        await c.run("machines.put_copy", key_name=name, holder=holder["machine"], public_key=public_key, sealed=sealed)

    async def _open_copies(self) -> None:
        """A copy that does not open is deleted: then its machine seals another one."""
        async with self._database.reading() as c:
            rows = [row for row in await c.all("machines.copies") if row["holder"] == self._keys.machine]
        opened, damaged = {}, []
        for row in rows:
            try:
                opened[row["key_name"]] = self._server_keys.open_outbox_key(row["key_name"], row["sealed"])
            except KeysError:
                damaged.append((row["key_name"], row["sealed"]))
        self._keys.keep_copies(opened)
        for name, sealed in damaged:
            await self._database.own_transaction(partial(_delete_damaged, key_name=name, sealed=sealed))


async def _delete_damaged(c: Connection, *, key_name: str, sealed: str) -> None:
    await c.run("machines.delete_damaged_copy", key_name=key_name, sealed=sealed)


async def _forget(c: Connection, *, machine: str) -> None:
    await c.run("machines.delete", machine=machine, seen_by=clock.epoch() - UNREADABLE_AFTER)


@dataclass(frozen=True, slots=True)
class AwayMachine:
    """A machine that gave no sign of life for AWAY_SECONDS; `openable`, `lost`: its waiting emails."""

    name: str
    seen_at: int  # epoch seconds
    openable: int  # by another machine
    lost: int  # nobody can open them

    def describe(self, show: Callable[[int], str]) -> Sentence:
        """One sentence for those who run the site; `show` makes a coarse text of a count."""
        message = N_(
            "Machine %(name)s was last seen at %(seen)s UTC (or its clock is wrong); of its waiting emails "
            "%(openable)s can be opened by another machine, %(lost)s by nobody."
        )
        seen = f"{from_epoch(self.seen_at):%Y-%m-%d %H:%M}"
        return Sentence(message, name=self.name, seen=seen, openable=show(self.openable), lost=show(self.lost))


async def count_machines(c: Connection) -> int:
    """Those that share the outbox, without those that were stopped cleanly."""
    return len([row for row in await c.all("machines.all") if row["public_key"]])


async def away_machines(c: Connection) -> list[AwayMachine]:
    """Machines that are away by the clock; one that was stopped cleanly only if it has emails that nobody can open."""
    machines = {row["machine"]: row for row in await c.all("machines.all")}
    away = {name for name, row in machines.items() if not row["public_key"] or _is_away(row)}
    if not away:  # counting reads all that waits
        return []
    holders = {row["key_name"]: row["holder"] for row in await c.all("machines.copies")}
    counts = dict.fromkeys(away, (0, 0))
    for row in await c.all("outbox.waiting_by_key", held=outbox.HELD_URGENCY):
        machine, n = machine_of(row["key_name"]), int(row["n"])
        if machine in away:
            openable, lost = counts[machine]
            is_held = holders.get(row["key_name"], machine) not in away
            counts[machine] = (openable + n, lost) if is_held else (openable, lost + n)
    found = [AwayMachine(name, int(machines[name]["seen_at"]), *counts[name]) for name in sorted(away)]
    return [machine for machine in found if machine.lost or machines[machine.name]["public_key"]]


def _is_away(row: Row) -> bool:
    return abs(clock.epoch() - int(row["seen_at"])) >= AWAY_SECONDS
