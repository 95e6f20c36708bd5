"""Tables written out and read in again, an empty database in one transaction, and many that open a new file at once."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from petition.core.database import migrations, vacuum
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Mode

REFUSALS: list[Row] = [{"day": f"2026-11-{n:02}", "code": "5.1.1 'x' % :y", "n": n} for n in range(1, 12)]


async def _dumped(database: Database, size: int) -> list[list[Row]]:
    async with database.reading() as c:
        return [rows async for rows in c.stream_rows("refusals", size)]


async def _load(database: Database, rows: list[Row]) -> None:
    await database.write(lambda c: c.insert_rows("refusals", rows))


async def _tables(database: Database) -> set[str]:
    async with database.reading() as c:
        return {row["name"] for row in await c.all("database.tables")}


@pytest.mark.parametrize("size", [1, 4, 11, 100])
async def test_a_table_comes_out_in_parts_as_it_went_in(size: int, database: Database) -> None:
    await _load(database, REFUSALS)
    parts = await _dumped(database, size)
    assert sorted((row for part in parts for row in part), key=lambda row: row["n"]) == REFUSALS
    assert all(len(part) <= size for part in parts)


async def test_nothing_comes_out_of_an_empty_table(database: Database) -> None:
    await _load(database, [])
    assert await _dumped(database, 10) == []


async def test_a_row_that_is_there_already_stays_as_it_is(database: Database) -> None:
    await _load(database, REFUSALS[:1])
    await _load(database, [REFUSALS[0] | {"n": 99}, REFUSALS[1]])
    (rows,) = await _dumped(database, 10)
    assert sorted(row["n"] for row in rows) == [1, 2]


@pytest.mark.parametrize("row", [{"nothing": 1}, {"day": None, "code": "x", "n": 1}])
async def test_a_row_that_does_not_fit_is_a_sentence(row: Row, database: Database) -> None:
    with pytest.raises(DatabaseError, match="The database cannot be used"):
        await _load(database, [row])


async def test_tables_are_emptied_in_one_transaction_or_not_at_all(database: Database) -> None:
    async def empty(c: Connection) -> None:
        await c.lock(("refusals",), "access exclusive")
        await c.truncate(("refusals",))

    async def failing(c: Connection) -> None:
        await empty(c)
        raise LookupError

    await _load(database, REFUSALS)
    with pytest.raises(LookupError):
        await database.write(failing)
    assert len((await _dumped(database, 100))[0]) == len(REFUSALS)
    await database.write(empty)
    assert await _dumped(database, 10) == []


async def test_erased_rows_leave_the_files_of_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    async with open_database(sqlite_url, create=True) as database:
        await migrations.migrate(database, Mode.DEMO)
        await database.write(lambda c: c.run("state.put", name="x", value="a secret to be erased"))
        await database.write(lambda c: c.execute("delete from site_state where name = 'x'"))
        await vacuum.checkpoint(database)
        files = await asyncio.to_thread(lambda: {file.name: file.read_bytes() for file in tmp_path.iterdir()})
    assert {name for name, content in files.items() if b"a secret" in content} == set()


async def test_a_new_file_that_somebody_is_making_is_waited_for(sqlite_url: str) -> None:
    first = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    first.execute("create table site_state (name text)")
    first.execute("begin exclusive")

    async def count() -> list[Row]:
        async with open_database(sqlite_url) as database:
            return await database.write(lambda c: c.execute("select count(*) as n from site_state"))

    waiting = asyncio.create_task(count())
    await asyncio.sleep(0.2)
    first.rollback()
    first.close()
    assert await waiting == [{"n": 0}]
