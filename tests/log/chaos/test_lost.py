"""Machines that burn, standbys that know less, backups that are old: what strangers have got is never contradicted.

The clock is replaced, so that hours pass in a story of minutes; databases, files and commands are real.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petition.core.settings import Settings
from petition.log import adopting
from petition.log.client.sources import open_source
from petition.log.heads import GRACE
from petition.retention.backup import restore_backup, write_backup
from petition.site import open_site
from tests.conftest import IDENTITY, LOG_KEY, Clock, make_settings
from tests.log.conftest import Kept
from tests.tally.publishing import change

Tell = Callable[[str, object], None]


class World:
    """A database that a machine serves, and a stranger who reads the log all the time. Machines burn."""

    def __init__(self, folder: Path, time: Clock, chance: random.Random) -> None:
        self.folder, self.time, self.chance = folder, time, chance
        self.database, self.seen, self.machine = folder / "petition.db", list[str](), 0

    def settings(self, machine: int | None = None) -> Settings:
        var = self.folder / f"machine{self.machine if machine is None else machine}"
        return make_settings(f"sqlite:///{self.database}", var, log_keys=(LOG_KEY,), var=var)

    async def live(self, seconds: float, *, prepare: Callable[[Any], Any] | None = None) -> Kept:
        """The machine serves for so long, while people sign and the stranger looks after each step."""
        async with open_site(self.settings(), migrate=True) as site:
            kept = Kept(site, self.time)
            kept.seen, kept.keeper._signer.grace = self.seen, GRACE
            if prepare:
                await prepare(site)
            while seconds > 0:
                step = min(self.chance.uniform(5, 240), seconds)
                seconds -= step
                await change(site.database, self.chance.choice(["PL", "DE"]), self.chance.randint(1, 30))
                self.time.advance(seconds=step)
                await site.take_snapshot()
                await kept.work()
        return kept

    def copy_database(self) -> Path:
        """What a standby has: all of it, as of now."""
        copy = self.folder / "standby.db"
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.database)) as live, closing(sqlite3.connect(copy)) as there:
            live.backup(there)
        return copy

    def fail_over(self, copy: Path, machine: int) -> None:
        """The machine burns, with its folder; another one continues with the copy of the database."""
        shutil.rmtree(self.folder / f"machine{self.machine}")
        for name in ("petition.db-wal", "petition.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        copy.replace(self.database)
        self.machine = machine


@pytest.fixture
def world(tmp_path: Path, time: Clock, chance: random.Random) -> World:
    return World(tmp_path, time, chance)


async def _end(world: World, record_property: Tell, what: str, n: int) -> None:
    kept = await world.live(3 * GRACE)
    assert kept.forks() == 0
    heads, size = len({note.partition("\n\n")[0] for note in kept.seen}), kept.head().size
    record_property("log", f"the log, {what} {n}: heads {heads}, entries {size}, forks 0")


async def test_a_failover_loses_up_to_ten_minutes_and_forks_nothing(
    world: World, kills: int, record_property: Tell
) -> None:
    for n in range(kills):
        await world.live(world.chance.uniform(0, 2 * GRACE))
        copy = world.copy_database()
        await world.live(world.chance.uniform(0, GRACE - 1))
        world.fail_over(copy, n + 1)
        kept = await world.live(world.chance.uniform(0, GRACE))
        assert await _stands(world) == "", "nobody has seen what was lost"
        assert kept.forks() == 0
    await _end(world, record_property, "failovers within the grace", kills)


async def _stands(world: World) -> str:
    with closing(sqlite3.connect(world.database)) as c:
        row = c.execute("select value from site_state where name = 'log_stands'").fetchone()
    return str(row[0]) if row else ""


async def test_a_failover_that_loses_hours_adopts_from_a_mirror_before_it_serves(
    world: World, kills: int, record_property: Tell
) -> None:
    for n in range(kills):
        await world.live(world.chance.uniform(GRACE, 3 * GRACE))
        copy, mirror = world.copy_database(), world.folder / f"mirror{n}"
        await world.live(world.chance.uniform(2 * GRACE, 12 * GRACE))
        shutil.copytree(world.settings().var / "log", mirror)  # `petition mirror`
        world.fail_over(copy, n + 1)

        async def adopt(site: Any, mirror: Path = mirror) -> None:
            assert await adopting.adopt(site.database, site.settings, open_source(str(mirror))) >= 0

        await world.live(GRACE, prepare=adopt)
        assert await _stands(world) == ""
    await _end(world, record_property, "failovers with a mirror", kills)


async def test_the_database_of_an_hour_ago_stands_still_until_its_machine_adopts(
    world: World, kills: int, record_property: Tell
) -> None:
    """The file was copied back, the machine is the same: its own files know better."""
    stood = 0
    for _ in range(kills):
        await world.live(world.chance.uniform(GRACE, 3 * GRACE))
        copy = world.copy_database()
        await world.live(world.chance.uniform(2 * GRACE, 6 * GRACE))
        for name in ("petition.db-wal", "petition.db-shm"):
            (world.folder / name).unlink(missing_ok=True)
        copy.replace(world.database)
        before = len(world.seen)
        await world.live(2 * GRACE)
        assert "run `petition log adopt`" in await _stands(world)
        assert len({*world.seen[before - 1 :]}) == 1, "strangers see the old head, and no other"
        stood += 1

        async def adopt(site: Any) -> None:
            await adopting.adopt(site.database, site.settings, adopting.own_source(site.settings))

        await world.live(2 * GRACE, prepare=adopt)
        assert await _stands(world) == ""
    await _end(world, record_property, "old databases put back", stood)


async def test_a_new_machine_with_an_old_backup_signs_nothing_before_a_person_has_looked(
    world: World, kills: int, record_property: Tell
) -> None:
    rounds = 1 + kills // 10
    for n in range(rounds):
        backup, mirror = world.folder / f"backup{n}", world.folder / f"mirror{n}"
        await world.live(3 * GRACE)
        async with open_site(world.settings()) as site:
            await write_backup(site.database, site.settings, backup)
        await world.live(4 * GRACE)
        shutil.copytree(world.settings().var / "log", mirror)
        world.database.unlink()
        for name in ("petition.db-wal", "petition.db-shm"):
            (world.folder / name).unlink(missing_ok=True)
        shutil.rmtree(world.settings().var)
        world.machine = n + 1

        async def restore(site: Any, backup: Path = backup) -> None:
            await restore_backup(site.database, site.settings, [IDENTITY], backup)

        kept = await world.live(2 * GRACE, prepare=restore)
        assert "comes from a backup" in await _stands(world)
        assert kept.checkpoint() == "", "strangers get nothing from this machine yet"

        async def adopt(site: Any, mirror: Path = mirror) -> None:
            await adopting.adopt(site.database, site.settings, open_source(str(mirror)))

        await world.live(2 * GRACE, prepare=adopt)
        assert await _stands(world) == ""
    await _end(world, record_property, "backups on new machines", rounds)


async def test_a_restore_over_the_live_database_keeps_the_live_log(
    world: World, kills: int, record_property: Tell
) -> None:
    """Nothing to adopt: the log is never older than it was."""
    rounds = 1 + kills // 10
    for n in range(rounds):
        backup = world.folder / f"backup{n}"
        await world.live(3 * GRACE)
        async with open_site(world.settings()) as site:
            await write_backup(site.database, site.settings, backup)
        await world.live(4 * GRACE)

        async def restore(site: Any, backup: Path = backup) -> None:
            await restore_backup(site.database, site.settings, [IDENTITY], backup)

        await world.live(3 * GRACE, prepare=restore)
        assert await _stands(world) == ""
    await _end(world, record_property, "restores over the live database", rounds)


async def test_a_clock_that_jumps_forks_nothing(world: World, kills: int, record_property: Tell) -> None:
    jumps = 2 + kills // 5
    for _ in range(jumps):
        await world.live(world.chance.uniform(60, GRACE))
        world.time.moment += timedelta(hours=world.chance.uniform(-30, 30))
    kept = await world.live(40 * GRACE)
    assert await _stands(world) == ""
    assert kept.forks() == 0
    await _end(world, record_property, "jumps of the clock", jumps)
