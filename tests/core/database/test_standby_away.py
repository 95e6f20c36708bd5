"""A standby that cannot be read: late, stopped, frozen, promoted, or of others. The primary is read, and says why."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from petition.commands.doctor import Finding, postgresql
from petition.core.database import database as database_module
from petition.core.database import standby
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.settings import Settings
from tests.conftest import Clock
from tests.core.database.conftest import Pair, ask, get, put, where
from tests.postgres import Server

pytestmark = pytest.mark.slow  # it starts two servers, and waits for one that is late


async def test_a_standby_that_is_late_is_left_alone_for_a_while(
    standby_settings: Settings,
    beside: Database,
    pair: Pair,
    time: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await put(beside, "before")
    assert await beside.heavy_read(get) == ("standby", "before")
    await ask(pair.standby, "select pg_wal_replay_pause()")
    try:
        with monkeypatch.context() as patch:
            patch.setattr(standby, "CATCH_UP_SECONDS", 1)
            await put(beside, "after")
            assert await beside.heavy_read(get) == ("primary", "after")
            found = await postgresql.check_standby(standby_settings)
            assert _found(found) == ("warn", f"it is not read now: {standby.LATE}")
    finally:
        await ask(pair.standby, "select pg_wal_replay_resume()")
    time.advance(seconds=standby.REST_SECONDS - 1)
    assert await beside.heavy_read(get) == ("primary", "after")
    time.advance(seconds=1)
    assert await beside.heavy_read(get) == ("standby", "after")
    assert _found(await postgresql.check_standby(standby_settings)) == ("ok", "")
    assert [record.getMessage() for record in caplog.records if record.name == standby.__name__] == [
        f"The standby is not read, the primary is read instead: {standby.LATE}",
        "The standby is read again.",
    ]


def _found(findings: list[Finding]) -> tuple[str, str]:
    (finding,) = findings
    return finding.state, finding.what


async def test_a_standby_that_is_stopped_keeps_nobody_waiting(
    standby_settings: Settings, beside: Database, pair: Pair, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await put(beside, "x")
    pair.standby.stop()
    try:
        for _ in range(3):  # the log says it once
            assert await beside.heavy_read(get) == ("primary", "x")
            time.advance(seconds=standby.REST_SECONDS)
        state, what = _found(await postgresql.check_standby(standby_settings))
        assert (state, what[:24]) == ("warn", "it is not read now: The ")
    finally:
        await asyncio.to_thread(pair.standby.start)
    assert await beside.heavy_read(get) == ("standby", "x")
    assert [record.name for record in caplog.records].count(standby.__name__) == 2


@pytest.mark.parametrize("moment", ["before", "while it is read"])
async def test_a_standby_that_is_frozen_is_given_up(
    moment: str, standby_settings: Settings, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _thawing(pair.standby) as freeze:

        async def job(c: Connection) -> tuple[str, str]:
            if moment != "before" and await where(c) == "standby":
                freeze()
            return await get(c)

        async with (
            asyncio.timeout(60),
            open_database(standby_settings.database_url, standby_url=standby_settings.standby_url) as database,
        ):
            await put(database, "x")
            for name in ("timeout", "command_timeout"):  # of a new connection, and of a statement; from now on
                monkeypatch.setitem(database_module._POOL_OPTIONS, name, 2)
            if moment == "before":
                freeze()
            assert await database.heavy_read(job) == ("primary", "x")


@contextmanager
def _thawing(server: Server) -> Iterator[Callable[[], None]]:
    frozen: list[int] = []

    def freeze() -> None:
        assert server.process is not None
        frozen.extend([*server.children(), server.process.pid])
        for process in frozen:
            os.kill(process, signal.SIGSTOP)

    try:
        yield freeze
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)


async def test_what_replay_removes_under_a_reader_is_read_on_the_primary(
    standby_settings: Settings, beside: Database, pair: Pair
) -> None:
    """PostgreSQL ends a reader that holds up replay, after max_standby_streaming_delay."""
    await put(beside, "x")

    async def job(c: Connection) -> tuple[str, str]:
        if await where(c) == "standby":
            await c.count_rows("daily_keys")
            await beside.own_transaction(lambda writer: writer.truncate(["daily_keys"]))
            for _ in range(600):  # until replay has come to it
                await c.count_rows("daily_keys")
                await asyncio.sleep(0.1)
        return await get(c)

    await ask(pair.standby, "alter system set max_standby_streaming_delay = 0")
    await ask(pair.standby, "select pg_reload_conf()")
    try:
        assert await beside.heavy_read(job) == ("primary", "x")
    finally:
        await ask(pair.standby, "alter system reset max_standby_streaming_delay")
        await ask(pair.standby, "select pg_reload_conf()")


async def test_a_standby_of_others_is_refused(
    standby_settings: Settings, postgresql_settings: Settings, pair: Pair
) -> None:
    """Of another cluster; another database of ours; and our primary itself."""
    ours, theirs = standby_settings.database_url, postgresql_settings.database_url
    another = standby_settings.standby_url.rpartition("/")[0] + "/template_petition"
    for url, standby_url, reason in (
        (theirs, standby_settings.standby_url, standby.ANOTHER),
        (ours, another, standby.ANOTHER),
        (ours, ours, standby.NOT_A_STANDBY),
        (ours, theirs, standby.NOT_A_STANDBY),
    ):
        async with open_database(url, standby_url=standby_url) as database:
            await put(database, reason)
            assert await database.heavy_read(get) == ("primary", reason)
        found = await postgresql.check_standby(replace(standby_settings, database_url=url, standby_url=standby_url))
        assert _found(found) == ("fix", f"the server of PETITION_STANDBY_URL is not read: {reason}")


async def test_after_a_promotion_no_reader_sees_the_past(standby_settings: Settings, pair: Pair) -> None:
    """The old primary comes back as a standby of nobody: it is further in its log, and has not what was saved since."""
    both = f"{pair.standby.url.rpartition('@')[2]},{pair.primary.url.rpartition('@')[2]}"
    name = standby_settings.database_url.rpartition("/")[2]
    several, promoted = f"postgresql://reader@{both}/{name}", f"{pair.standby.url}/{name}"
    async with open_database(standby_settings.database_url, standby_url=standby_settings.standby_url) as database:
        await put(database, "before")
        assert await database.heavy_read(get) == ("standby", "before")
        await ask(pair.standby, "select pg_promote()")
        try:
            assert await database.heavy_read(get) == ("primary", "before")
            found = await postgresql.check_standby(standby_settings)
            assert _found(found)[1].endswith(standby.NOT_A_STANDBY)
            for n in range(100):
                await put(database, f"only on the old primary {n}")
            await _come_back_without_a_primary(pair.primary)
            async with open_database(promoted, standby_url=several) as new:
                await put(new, "after")
                assert await new.heavy_read(get) == ("primary", "after")
            turned = replace(standby_settings, database_url=promoted, standby_url=several)
            assert _found(await postgresql.check_standby(turned))[1].endswith(standby.OTHER_TIMELINE)
        finally:
            await ask(pair.primary, "select pg_promote()")
            await asyncio.to_thread(pair.copy_again)


async def _come_back_without_a_primary(server: Server) -> None:
    server.stop()
    (server.data / "standby.signal").touch()
    os.chown(server.data / "standby.signal", *(server.data.stat().st_uid, server.data.stat().st_gid))
    await asyncio.to_thread(server.start)
