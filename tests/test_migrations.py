"""Migrations: twice, several at once, and a database that is older, newer or another mode's. The journal only grows."""

import asyncio
from functools import partial

import pytest

from petition import migrations, tally
from petition.db import Connection, Database, Row, opened
from petition.errors import DatabaseError
from petition.settings import Mode


async def _migrate(url: str, mode: Mode = Mode.DEMO) -> str:
    """What migrating says: nothing, or one sentence."""
    try:
        async with opened(url, create=True) as database:
            await migrations.migrate(database, mode)
    except DatabaseError as error:
        return str(error)
    return ""


async def _house(database: Database) -> list[Row]:
    async with database.reading() as c:
        return await c.execute("select name, value from house order by name")


async def _said(database: Database, mode: Mode = Mode.DEMO) -> str:
    """What a check says."""
    try:
        async with database.reading() as c:
            await migrations.check(c, mode)
    except DatabaseError as error:
        return str(error)
    return ""


async def test_an_empty_database_gets_every_step(empty_database_url: str) -> None:
    async with opened(empty_database_url, create=True) as database:
        assert "run `petition migrate`" in await _said(database)
        await migrations.migrate(database, Mode.DEMO)
        assert await _said(database) == ""
        assert {row["name"]: row["value"] for row in await _house(database)} == {
            "mode": "demo",
            "schema": str(migrations.newest()),
        }


async def test_a_second_time_changes_nothing(database: Database) -> None:
    await database.write(partial(tally.change, changes=[tally.Change("PL", "confirmed", 3)]))
    before = await _house(database)
    for _ in range(2):
        await migrations.migrate(database, Mode.DEMO)
    assert await _house(database) == before
    async with database.reading() as c:
        assert await tally.counts(c) == {"PL": 3}


async def test_several_at_once_wait_for_each_other(empty_database_url: str) -> None:
    assert await asyncio.gather(*[_migrate(empty_database_url) for _ in range(5)]) == [""] * 5
    async with opened(empty_database_url) as database:
        assert await _said(database) == ""


async def test_a_database_belongs_to_the_mode_that_came_first(empty_database_url: str) -> None:
    modes = [Mode.DEMO, Mode.PRODUCTION] * 2
    said = await asyncio.gather(*[_migrate(empty_database_url, mode) for mode in modes])
    refused = [sentence for sentence in said if sentence]
    assert len(refused) == 2
    assert len(set(refused)) == 1
    assert "does not belong to" in refused[0]
    async with opened(empty_database_url) as database:
        (mode,) = [row["value"] for row in await _house(database) if row["name"] == "mode"]
        assert await _said(database, Mode(mode)) == ""
        other = Mode.DEMO if mode == "production" else Mode.PRODUCTION
        assert f"does not belong to {other} mode" in await _said(database, other)


async def _set(c: Connection, name: str, value: str) -> None:
    await c.run("house.set", name=name, value=value)


async def test_a_newer_schema_is_left_alone(database: Database) -> None:
    await database.write(partial(_set, name="schema", value=str(migrations.newest() + 1)))
    before = await _house(database)
    with pytest.raises(
        DatabaseError, match=r"^The database was made by a newer version of Petition: update this one.$"
    ):
        await migrations.migrate(database, Mode.DEMO)
    assert await _house(database) == before
    assert "newer version" in await _said(database)


async def test_an_older_schema_asks_to_be_migrated(database: Database) -> None:
    await database.write(partial(_set, name="schema", value="0"))
    assert await _said(database) == "The database has an older schema: run `petition migrate`."


async def test_a_step_that_fails_leaves_nothing_half_done(empty_database_url: str) -> None:
    async with opened(empty_database_url, create=True) as database:
        await database.write(lambda c: c.execute("create table journal (in_the_way text)"))
        with pytest.raises(DatabaseError):
            await migrations.migrate(database, Mode.DEMO)
        async with database.reading() as c:
            assert [row["name"] for row in await c.all("house.tables")] == ["journal"]


CHANGES = {
    "changed": "update {} set n = n + 1",
    "changed in one row": "update {} set n = 5 where n = 1",
    "deleted": "delete from {}",
}


@pytest.mark.parametrize("table", ["journal", "journal_hours"])
@pytest.mark.parametrize("change", CHANGES)
async def test_the_journal_cannot_be(change: str, table: str, database: Database) -> None:
    await database.write(partial(tally.change, changes=[tally.Change("PL", "confirmed", 1)]))
    async with database.reading() as c:
        before = await c.execute(f"select * from {table}")
    with pytest.raises(DatabaseError):
        await database.write(lambda c: c.execute(CHANGES[change].format(table)))
    async with database.reading() as c:
        assert await c.execute(f"select * from {table}") == before


async def test_the_journal_grows(database: Database) -> None:
    for n in (1, -1):
        await database.write(partial(tally.change, changes=[tally.Change("PL", "confirmed", n)]))
    async with database.reading() as c:
        assert [row["n"] for row in await c.execute("select n from journal order by n")] == [-1, 1]
