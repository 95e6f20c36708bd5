"""Reads of the desk and backups from a real standby: they show what was acknowledged, as the primary would."""

import asyncio
import re
import secrets
from pathlib import Path

import pytest

from petition.core.database import standby
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Settings
from petition.retention.backup import write_backup
from petition.retention.backup_file import BackupReader, Chunk, mac_keys
from petition.tally.audit import find_disagreements
from tests.conftest import IDENTITY, Clock, visiting
from tests.core.database.conftest import Pair, ask, get, put, reads, where
from tests.relay import Relay

pytestmark = pytest.mark.slow  # it starts two servers
_FIELD = r'<legend>(Anna .)</legend>\s*<label><input type="radio" name="name (\w+)"'


async def test_what_was_written_is_read_on_the_standby_at_once(standby_settings: Settings, beside: Database) -> None:
    """Also what another process has written."""
    async with open_database(standby_settings.database_url) as other:
        for n in range(50):
            await put((beside, other)[n % 2], f"value {n}")
            assert await beside.heavy_read(get) == ("standby", f"value {n}")


async def test_what_is_kept_for_a_standby_that_is_behind_is_told(standby_settings: Settings, pair: Pair) -> None:
    async def kept() -> int:
        async with open_database(standby_settings.database_url) as database, database.reading() as c:
            return await standby.kept_bytes(c)

    assert await kept() == 0
    slot = f"slot_{secrets.token_hex(6)}"
    await ask(pair.primary, f"select count(*) from pg_create_physical_replication_slot('{slot}', true)")
    try:
        await ask(pair.primary, "select length(pg_logical_emit_message(true, 'test', repeat('x', 300000))::text)")
        assert 300_000 < await kept() < 1 << 26
    finally:
        await ask(pair.primary, f"select count(*) from pg_drop_replication_slot('{slot}')")
    assert await kept() == 0


async def test_nothing_is_written_there(standby_settings: Settings, beside: Database) -> None:
    async def write(c: Connection) -> None:
        await c.run("state.put", name="x", value="")

    with pytest.raises(DatabaseError, match="ReadOnlySQLTransactionError"):
        await beside.heavy_read(write)
    async with open_database(standby_settings.standby_url.replace("reader@", "petition@")) as copy:
        with pytest.raises(DatabaseError, match="ReadOnlySQLTransactionError"):
            await copy.write(write)


async def test_the_desk_shows_what_was_saved_a_moment_ago(
    standby_settings: Settings, pair: Pair, time: Clock, smtp: Relay
) -> None:
    async with visiting(standby_settings, smtp) as visitor:
        for n in range(5):
            await visitor.confirmed(f"anna{n}@example.org", named="on", name=f"Anna {'abcde'[n]}")
        time.advance(days=4)
        await visitor.organiser()
        before = await reads(standby_settings, pair.standby)
        for _ in range(5):
            page = (await visitor.get("/organisers/names/PL/new")).text
            (name, handle), *_ = re.findall(_FIELD, page)
            assert (await visitor.post("/organisers/names/PL/new", **{f"name {handle}": "pass"})).status_code == 303
            assert f"<legend>{name}<" not in (await visitor.get("/organisers/names/PL/new")).text
            assert name in (await visitor.get("/organisers/names/PL/approved")).text
        assert await reads(standby_settings, pair.standby) == before + 15
        for page in ("", "forms", "names", "unusual", "set-aside", "signatures.csv", "news.csv"):
            assert (await visitor.get(f"/organisers/{page}")).status_code == 200
        assert await reads(standby_settings, pair.standby) == before + 15 + 7


async def test_a_request_that_may_change_something_reads_the_primary(
    standby_settings: Settings, pair: Pair, smtp: Relay
) -> None:
    async with visiting(standby_settings, smtp) as visitor:
        await visitor.organiser()
        assert (await visitor.get("/organisers/unusual")).status_code == 200
        before = await reads(standby_settings, pair.standby)
        assert before > 0
        assert (await visitor.post("/organisers/set-aside")).status_code == 422
        assert (await visitor.post("/organisers/unusual")).status_code == 422
        assert await reads(standby_settings, pair.standby) == before


async def test_a_backup_and_an_audit_are_the_same_from_both(
    standby_settings: Settings, beside: Database, pair: Pair, smtp: Relay
) -> None:
    settings, folder = standby_settings, standby_settings.var
    async with visiting(settings, smtp) as visitor:
        for n in range(5):
            await visitor.confirmed(f"anna{n}@example.org", named="on", name="Anna")
    before = await reads(settings, pair.standby)
    rows = await write_backup(beside, settings, folder / "standby.age")
    assert await beside.heavy_read(find_disagreements) == []
    assert await reads(settings, pair.standby) == before + 2
    async with open_database(settings.database_url) as alone:
        assert await write_backup(alone, settings, folder / "primary.age") == rows
    from_standby = _chunks(settings, folder / "standby.age")
    assert from_standby == _chunks(settings, folder / "primary.age")
    assert rows == sum(len(found) for _, found in from_standby) > 5


def _chunks(settings: Settings, file: Path) -> list[Chunk]:
    return list(BackupReader(file, [IDENTITY], mac_keys(settings.desk_keys)).chunks())


async def test_an_entry_that_is_cut_at_a_page_does_not_look_late(
    standby_settings: Settings, beside: Database, pair: Pair
) -> None:
    """PostgreSQL writes what nobody waits for in whole pages. What a reader has tidied up may stay cut for long."""
    role = f"plain_{secrets.token_hex(4)}"
    await beside.write(lambda c: c.execute(f"create role {role} login"))
    url = standby_settings.database_url.replace("petition@", f"{role}@")
    flushed, written = (f"pg_wal_lsn_diff(pg_current_wal_{name}_lsn(), '0/0')" for name in ("flush", "insert"))
    async with open_database(url, standby_url=standby_settings.standby_url) as reader:
        for n in range(600):
            if n % 20 == 0:
                async with beside.reading() as c:  # ends with a rollback
                    await c.execute("select pg_logical_emit_message(false, '', repeat('x', 9000))")
            if await ask(pair.primary, f"select {flushed} % 8192 = 0 and {flushed} < {written}"):
                assert await reader.heavy_read(where) == "standby"
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no entry was cut")
