"""Migrations: twice, several at once, on an older or newer database, or one of another mode. The journal only grows."""

import asyncio
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from petition.core.database import migrations
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Mode, Settings
from petition.site import open_site
from petition.tally import tally
from tests.postgres import hang_up


async def _migrate(url: str, mode: Mode = Mode.DEMO) -> str:
    """The error sentence of a migration; empty if there was none."""
    try:
        async with open_database(url, create=True) as database:
            await migrations.migrate(database, mode)
    except DatabaseError as error:
        return str(error)
    return ""


async def _site_state(database: Database) -> list[Row]:
    async with database.reading() as c:
        return await c.execute("select name, value from site_state order by name")


async def _said(database: Database, mode: Mode = Mode.DEMO) -> str:
    """The error sentence of a check; empty if there was none."""
    try:
        async with database.reading() as c:
            await migrations.check_schema(c, mode)
    except DatabaseError as error:
        return str(error)
    return ""


async def test_an_empty_database_gets_every_step(empty_database_url: str) -> None:
    async with open_database(empty_database_url, create=True) as database:
        assert "run `petition migrate`" in await _said(database)
        await migrations.migrate(database, Mode.DEMO)
        assert await _said(database) == ""
        assert {row["name"]: row["value"] for row in await _site_state(database)} == {
            "mode": "demo",
            "schema": str(migrations.latest_version()),
        }


async def test_a_second_time_changes_nothing(database: Database) -> None:
    await database.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", 3)]))
    before = await _site_state(database)
    for _ in range(2):
        await migrations.migrate(database, Mode.DEMO)
    assert await _site_state(database) == before
    async with database.reading() as c:
        assert await c.all("audit.journal") == [{"country": "PL", "n": 3}]


async def test_several_at_once_wait_for_each_other(empty_database_url: str) -> None:
    assert await asyncio.gather(*[_migrate(empty_database_url) for _ in range(5)]) == [""] * 5
    async with open_database(empty_database_url) as database:
        assert await _said(database) == ""


async def test_a_database_belongs_to_the_mode_that_came_first(empty_database_url: str) -> None:
    modes = [Mode.DEMO, Mode.PRODUCTION] * 2
    said = await asyncio.gather(*[_migrate(empty_database_url, mode) for mode in modes])
    refused = [sentence for sentence in said if sentence]
    assert len(refused) == 2
    assert len(set(refused)) == 1
    assert "does not belong to" in refused[0]
    async with open_database(empty_database_url) as database:
        (mode,) = [row["value"] for row in await _site_state(database) if row["name"] == "mode"]
        assert await _said(database, Mode(mode)) == ""
        other = Mode.DEMO if mode == "production" else Mode.PRODUCTION
        assert f"does not belong to {other} mode" in await _said(database, other)


async def _set(c: Connection, name: str, value: str) -> None:
    await c.run("state.put", name=name, value=value)


async def test_a_newer_schema_is_left_alone(database: Database) -> None:
    await database.write(partial(_set, name="schema", value=str(migrations.latest_version() + 1)))
    before = await _site_state(database)
    with pytest.raises(
        DatabaseError, match=r"^The database was made by a newer version of Petition: update this one.$"
    ):
        await migrations.migrate(database, Mode.DEMO)
    assert await _site_state(database) == before
    assert "newer version" in await _said(database)


async def test_an_older_schema_asks_to_be_migrated(database: Database) -> None:
    await database.write(partial(_set, name="schema", value="0"))
    assert await _said(database) == "The database has an older schema: run `petition migrate`."


async def test_a_step_that_fails_leaves_nothing_half_done(empty_database_url: str) -> None:
    async with open_database(empty_database_url, create=True) as database:
        await database.write(lambda c: c.execute("create table journal (in_the_way text)"))
        with pytest.raises(DatabaseError):
            await migrations.migrate(database, Mode.DEMO)
        async with database.reading() as c:
            assert [row["name"] for row in await c.all("database.tables")] == ["journal"]


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """later(sql): adds a migration, as the next version of Petition does."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.MIGRATIONS_FOLDER, folder)
    monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", folder)

    def add(sql: str) -> None:
        folder.joinpath(f"{migrations.latest_version() + 1:04}_more.sql").write_text(sql)

    return add


INDEX = """drop index concurrently if exists signatures_day -- postgresql
drop index if exists signatures_day -- sqlite

create index concurrently if not exists signatures_day on signatures (confirmed_on) -- postgresql
create index if not exists signatures_day on signatures (confirmed_on) -- sqlite
"""
COLUMN = "alter table signatures add column more text"


async def test_the_next_steps_are_taken_one_by_one(
    database: Database, database_url: str, later: Callable[[str], None]
) -> None:
    later(COLUMN)
    later(INDEX)
    assert await asyncio.gather(*[_migrate(database_url) for _ in range(4)]) == [""] * 4
    assert await _said(database) == ""
    await database.write(lambda c: c.execute("update signatures set more = 'x'"))
    await database.write(lambda c: c.execute("drop index signatures_day"))


async def test_an_empty_database_gets_later_steps_too(empty_database_url: str, later: Callable[[str], None]) -> None:
    later(INDEX)
    assert await _migrate(empty_database_url) == ""


async def test_a_later_step_that_fails_leaves_nothing_of_it(
    database: Database, database_url: str, later: Callable[[str], None]
) -> None:
    later(f"{COLUMN}\n\ncreate table journal (in_the_way text)")
    assert "cannot be used" in await _migrate(database_url)
    assert "older schema" in await _said(database)
    await database.write(lambda c: c.execute(COLUMN))


async def _sign(connection: "asyncpg.Connection[asyncpg.Record]", mailbox: str) -> None:
    await connection.execute(
        "insert into signatures (mailbox, email_hash, country, confirmed_on, named, updates, consent) "
        "values ($1, $1, 'PL', '2026-11-22', 0, 0, 'x')",
        mailbox,
    )


async def _under_way(connection: "asyncpg.Connection[asyncpg.Record]", what: str) -> None:
    asked = "select 1 from pg_stat_activity where query like $1 and state = 'active'"
    while await connection.fetchval(asked, f"{what}%") is None:
        await connection.execute("select pg_sleep(0.02)")


async def _read(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Begins to read and does not end the transaction."""
    await connection.execute("begin")
    await connection.fetch("select mailbox from signatures")


async def test_people_sign_while_an_index_is_made(postgresql_settings: Settings, later: Callable[[str], None]) -> None:
    url = postgresql_settings.database_url
    early, late = await asyncpg.connect(url), await asyncpg.connect(url)
    later(INDEX)
    transaction = early.transaction()
    await transaction.start()
    await _sign(early, "early")
    migrating = asyncio.create_task(_migrate(url))
    await _under_way(late, "create index")
    await _sign(late, "late")
    assert not migrating.done(), "it waits for the first, and holds up nobody"
    await transaction.commit()
    assert await migrating == ""
    assert await late.fetchval("select indisvalid from pg_index where indexrelid = 'signatures_day'::regclass")
    await early.close()
    await late.close()


async def test_people_sign_while_a_step_waits_for_a_long_reader(
    postgresql_settings: Settings, later: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql_settings.database_url
    reader, signer = await asyncpg.connect(url), await asyncpg.connect(url)
    later(COLUMN)
    await _read(reader)
    migrating = asyncio.create_task(_migrate(url))
    await _under_way(signer, "alter table")
    await _sign(signer, "somebody")
    assert not migrating.done(), "it lets go and comes again"
    await reader.execute("commit")
    assert await migrating == ""
    monkeypatch.setattr(migrations, "MAX_LOCK_TRIES", 1)
    later("alter table signatures add column still_more text")
    await _read(reader)
    assert "holds a table for long" in await _migrate(url)
    await reader.close()
    await signer.close()


CHANGES = {
    "changed": "update journal set n = n + 1",
    "changed in one row": "update journal set n = 5 where n = 1",
    "deleted": "delete from journal",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_journal_cannot_be(change: str, database: Database) -> None:
    await database.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", 1)]))
    async with database.reading() as c:
        before = await c.execute("select * from journal")
    with pytest.raises(DatabaseError):
        await database.write(lambda c: c.execute(CHANGES[change]))
    async with database.reading() as c:
        assert await c.execute("select * from journal") == before


async def test_the_journal_grows(database: Database) -> None:
    for n in (1, -1):
        await database.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", n)]))
    async with database.reading() as c:
        assert [row["n"] for row in await c.execute("select n from journal order by n")] == [-1, 1]


LOCKS_HELD = "select count(*) from pg_locks where locktype = 'advisory'"


async def test_only_one_migrates_at_a_time_and_no_lock_stays(
    postgresql_settings: Settings, later: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler gives a connection to others: a lock that belonged to it would stay, and shut nobody out."""
    url = postgresql_settings.database_url
    watcher = await asyncpg.connect(url)
    monkeypatch.setattr(migrations, "MAX_WAIT", 0)
    later(COLUMN)
    async with open_database(url) as first, open_database(url) as second:
        async with first.holding("migrations.try_lock", 0, "busy"):
            with pytest.raises(
                DatabaseError, match=r"^Another process has been migrating this database for 15 minutes"
            ):
                await migrations.migrate(second, Mode.DEMO)
            assert await watcher.fetchval(LOCKS_HELD) == 1
        await migrations.migrate(second, Mode.DEMO)
        connections = "select count(*) from pg_stat_activity where application_name = 'petition'"
        assert await watcher.fetchval(connections) > 0, "they are open"
        assert await watcher.fetchval(LOCKS_HELD) == 0
        assert await watcher.fetchval(f"{connections} and state like 'idle in%'") == 0
    await watcher.close()


async def test_a_lock_ends_with_its_connection(postgresql_settings: Settings) -> None:
    url = postgresql_settings.database_url
    async with open_database(url) as first, open_database(url) as second, first.holding("migrations.try_lock", 0, "x"):
        await hang_up(url)
        await migrations.migrate(second, Mode.DEMO)


async def test_who_waits_for_a_table_does_not_wait_for_a_lock_that_is_held(postgresql_settings: Settings) -> None:
    async with open_site(postgresql_settings) as site, site.database.holding("migrations.try_lock", 0, "busy"):
        connection = await asyncpg.connect(postgresql_settings.database_url, timeout=10)
        await connection.execute("set lock_timeout = '5s'")
        await connection.execute("begin")
        await connection.execute("lock table site_state in access exclusive mode")
        await connection.close()
