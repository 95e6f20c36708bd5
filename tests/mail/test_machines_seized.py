"""All disks of all machines are seized 72 hours after an email left: no key on them opens it, nor any copy of a key."""

import asyncio
import secrets
import shutil
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pyrage
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyrage.x25519 import Identity

from petition.core.ciphers import from_base64
from petition.core.clock import HOUR
from tests.conftest import Clock
from tests.mail.hosts import Host, hosts, pass_hours, pass_minutes, table
from tests.stories import seizing
from tests.web.tools import on_sqlite

LIMIT = 72 * HOUR


class Seizer:
    """Copies everything that is ever in the database, and takes the disks of all machines that live."""

    def __init__(self, disks: Path) -> None:
        self.disks = disks
        self.rows: set[tuple[str, str]] = set()  # (name of the key, encrypted)
        self.copies: set[str] = set()

    async def copy(self, host: Host) -> None:
        """Copies what is there now."""
        self.rows |= {(row["key_name"], row["encrypted"]) for row in await table(host.database, "outbox")}
        self.copies |= {row["sealed"] for row in await table(host.database, "outbox_key_copies")}

    def find_keys(self) -> list[bytes]:
        """Every outbox key on the disks, or in a copy that a key on the disks opens."""
        identities = [Identity.from_str(file.read_text()) for file in self.disks.rglob("*.holder")]
        found = seizing.keys_on([self.disks], [])
        for sealed in self.copies if identities else ():
            with suppress(pyrage.DecryptError):
                found.append(pyrage.decrypt(from_base64(sealed), identities)[:32])
        return found

    def opened(self) -> int:
        """How many of the rows open."""
        keys = self.find_keys()
        return len([row for row in self.rows if seizing.opened(row[1], keys)])


async def test_the_disks_of_all_machines_open_nothing_that_has_left(
    database_url: str, tmp_path: Path, time: Clock
) -> None:
    seizer = Seizer(tmp_path / "disks")
    async with hosts(database_url, seizer.disks, 3) as machines:
        await pass_minutes(time, 2, *machines)
        for hour in range(30):
            await pass_hours(time, 1, *machines)
            await machines[hour % 3].put(f"p{hour}")
            await seizer.copy(machines[0])
        assert seizer.opened() == len(seizer.rows) == 30, "the seizer does find what there is"
        arrived = Counter[str]()
        for machine in machines:
            await machine.deliver(arrived)
        assert arrived.total() == 30
        machines[2].burn()
        for _ in range(72):
            await pass_hours(time, 1, *machines[:2])
            await seizer.copy(machines[0])
        assert seizer.opened() == 0
        await machines[0].put("later")
        await seizer.copy(machines[0])
        assert seizer.opened() == 1


@on_sqlite
@pytest.mark.parametrize("hour", [0, 11, 12, 24, 36, 46, 47])
async def test_the_last_copy_of_a_key_opens_nothing_after_72_hours(
    hour: int, database_url: str, tmp_path: Path, time: Clock
) -> None:
    """A new machine comes at any hour of a key's life: the copy is sealed to the holder key that it makes then."""
    seizer = Seizer(tmp_path / "disks")
    async with hosts(database_url, seizer.disks, 3) as (one, gone, new):
        await pass_minutes(time, 6, one, gone)
        await one.put("anna")
        await seizer.copy(one)
        await pass_hours(time, hour, one, gone)
        gone.burn()
        await pass_minutes(time, 6, one, new)
        await seizer.copy(one)
        (key,) = {key for key in seizer.find_keys() if seizing.opened(min(seizer.rows)[1], [key])}
        late = hour * HOUR + 360
        await pass_minutes(time, 59, one, new)
        await pass_hours(time, (72 * HOUR - late) // HOUR, one, new)
        assert key not in seizer.find_keys()


HOSTS = st.integers(0, 2)
ACTS = st.one_of(
    st.tuples(st.just("put"), HOSTS),
    st.tuples(st.just("hours"), st.integers(1, 30)),
    st.tuples(st.just("burn"), HOSTS),
    st.tuples(st.just("leave"), HOSTS),
    st.tuples(st.just("jump"), HOSTS, st.sampled_from((-100, -3, 3, 30, 100))),
)


class Lives:
    """Three machines that do what hypothesis says. No key of an email is on a disk after LIMIT."""

    def __init__(self, machines: list[Host], time: Clock, seizer: Seizer) -> None:
        self.machines, self.time, self.seizer = machines, time, seizer
        self.keys: dict[bytes, float] = {}  # when each key first encrypted something

    async def act(self, kind: str, n: int, hours: int = 0) -> None:
        """One of ACTS."""
        host = self.machines[n % len(self.machines)] if self.machines else None
        if kind == "hours":
            await self.wait(n)
        elif host and kind == "put":
            await host.put("anna")
            name, _ = host.keys.outbox.encrypt("x")
            self.keys.setdefault(host.keys.outbox.read_key(name), self.time.seconds())
        elif host and kind == "burn" and len(self.machines) > 1:
            host.burn()
            self.machines.remove(host)
        elif host and kind == "leave":
            await host.machine.leave()
        elif host and kind == "jump":
            self.time.advance(hours=hours)
            await host.machine.refresh()
            await host.hourly()
            self.time.advance(hours=-hours)

    async def wait(self, hours: int) -> None:
        """An hour at a time, with a look at all disks."""
        for _ in range(hours):
            await pass_hours(self.time, 1, *self.machines)
            await self.seizer.copy(self.machines[0])
            found = set(self.seizer.find_keys())
            late = [key for key in found & self.keys.keys() if self.time.seconds() - self.keys[key] >= LIMIT]
            assert late == []


@pytest.mark.slow
@examples(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=3, max_size=8))
def test_no_key_lives_longer_than_its_emails_may_be_read(
    acts: list[tuple[str, int]], tmp_path: Path, sqlite_template: Path, time: Clock
) -> None:
    folder = tmp_path / secrets.token_hex(4)
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "petition.db")

    async def live() -> None:
        async with hosts(f"sqlite:///{folder / 'petition.db'}", folder / "disks", 3) as machines:
            await pass_minutes(time, 2, *machines)
            lives = Lives(machines, time, Seizer(folder / "disks"))
            for act in (*acts, ("put", 0)):
                await lives.act(*act)
            await lives.wait(73)
            assert lives.keys

    asyncio.run(live())
