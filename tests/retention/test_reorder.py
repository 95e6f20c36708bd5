"""After `prune` no copy of the database tells in which order people confirmed; all sums stay the same."""

import asyncio
import re
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from petition.core.database import migrations, vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Mode, Settings
from petition.retention import reorder
from petition.site import Site, open_site
from petition.tally import audit
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import on_postgresql

PEOPLE = [(f"person{n}@example.net", country) for n, country in enumerate(["PL", "LT", "PL", "MT", "LV", "PL"] * 2)]


async def _sign_all(visitor: Visitor, time: Clock) -> None:
    for email, country in PEOPLE:
        await visitor.confirmed(email, country, named="on", name=f"Name of {email}", updates="on")
        await visitor.sign(email, country)
        time.advance(minutes=10)


async def _rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.reading() as c:
        return [tuple(row.values()) for row in await c.execute(sql)]


async def test_the_journal_keeps_its_sums_and_loses_its_order(time: Clock, visitor: Visitor) -> None:
    await _sign_all(visitor, time)
    database = visitor.site.database
    sums = "select country, day, reason, cast(sum(n) as bigint) as n from journal group by country, day, reason"
    before = sorted(await _rows(database, sums))
    await visitor.site.prune()
    journal = await _rows(database, "select country, day, reason, n from journal")
    assert sorted(journal) == before
    assert journal == sorted(journal, key=lambda row: (row[1], row[0], row[2]))
    async with database.reading() as c:
        assert await audit.find_disagreements(c) == []


async def test_reordering_again_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await _sign_all(visitor, time)
    await visitor.site.prune()
    before = await _rows(visitor.site.database, "select country, day, reason, n from journal")
    time.advance(days=1)
    await visitor.site.prune()
    assert await _rows(visitor.site.database, "select country, day, reason, n from journal") == before


@pytest.mark.parametrize("how", ["update journal set n = n", "delete from journal"])
async def test_the_journal_is_append_only_all_the_same(visitor: Visitor, how: str) -> None:
    await visitor.confirmed("anna@example.net")
    await visitor.site.prune()

    async def change(c: Connection) -> None:
        await c.execute(how)

    with pytest.raises(DatabaseError):
        await visitor.site.database.write(change)


async def test_postgresql_does_not_truncate_it_either(postgresql_settings: Settings) -> None:
    connection = await asyncpg.connect(postgresql_settings.database_url)
    with pytest.raises(asyncpg.RaiseError):
        await connection.execute("truncate journal")
    await connection.close()


@on_postgresql
async def test_rows_lie_in_another_order_written_by_one_transaction(visitor: Visitor, time: Clock) -> None:
    await _sign_all(visitor, time)
    as_they_came = {table: await _lying(visitor, table) for table in reorder.KEY_COLUMNS}
    await visitor.site.prune()
    for table, came in as_they_came.items():
        rows = await _lying(visitor, table)
        assert sorted(key for key, _ in rows) == sorted(key for key, _ in came), table
        assert len({transaction for _, transaction in rows}) <= 1, table
        assert not rows or [key for key, _ in rows] != [key for key, _ in came], table


async def _lying(visitor: Visitor, table: str) -> list[tuple[Any, ...]]:
    """(key, transaction that wrote it) of each row, in the order of the file."""
    sql = f"select {reorder.KEY_COLUMNS[table]}, xmin::text from {table} order by ctid"
    return await _rows(visitor.site.database, sql)


async def test_on_sqlite_no_page_tells_who_came_first(time: Clock, tmp_path: Path) -> None:
    keys = [f"1.{sha256(bytes([n])).hexdigest()}" for n in range(200)]
    layouts = []
    for name, arrival in (("one", keys), ("other", keys[::-1])):
        async with open_database(f"sqlite:///{tmp_path / name}", create=True) as database:
            await migrations.migrate(database, Mode.DEMO)
            for key in arrival:
                row = {"mailbox": key, "email_hash": key, "country": "PL", "confirmed_on": "2026-11-22"}
                rows = [row | {"named": 0, "updates": 0, "consent": "test"}]
                await database.write(partial(Connection.insert_rows, table="signatures", rows=rows))
            await reorder.reorder_rows(database)
            await vacuum.checkpoint(database)
        content = await asyncio.to_thread((tmp_path / name).read_bytes)
        pages = [content[n : n + 4096] for n in range(0, len(content), 4096)]
        layouts.append({tuple(re.findall(rb"1\.[0-9a-f]{64}", page)) for page in pages})
    assert layouts[0] == layouts[1], "within every page of the file"


@on_postgresql
async def test_someone_who_acts_while_rows_are_rewritten_is_served(time: Clock, visit: Visit, visitor: Visitor) -> None:
    await _sign_all(visitor, time)
    path = await visitor.link(PEOPLE[0][0], "confirm")
    other: Visitor = await visit()
    acts = other.post(path), other.sign("new@example.net")
    both = reorder.reorder_rows(visitor.site.database), reorder.reorder_rows(other.site.database)
    answers = await asyncio.gather(*acts, *both)
    assert [answer.status_code for answer in answers[:2]] == [303, 303]
    assert len(await _rows(visitor.site.database, "select 1 from signatures")) == len(PEOPLE)


@on_postgresql
async def test_a_name_taken_back_leaves_no_byte_in_the_table(time: Clock, visitor: Visitor) -> None:
    await visitor.site.prune()  # and not at the same time as the test
    await visitor.confirmed("anna@example.net", named="on", name="Anna Quispel-Zorro")
    assert await _bytes_of(visitor.site, "names", b"Quispel")
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.post(await visitor.link("anna@example.net", "manage"), action="unname")
    await visitor.site.prune()
    assert not await _bytes_of(visitor.site, "names", b"Quispel")


async def _bytes_of(site: Site, table: str, what: bytes) -> bool:
    """Whether the file of a table holds these bytes."""
    connection = await asyncpg.connect(site.settings.database_url)
    try:
        await connection.execute("checkpoint")
        folder = await connection.fetchval("show data_directory")
        file = await connection.fetchval(f"select pg_relation_filepath('{table}')")
    finally:
        await connection.close()
    content = await asyncio.to_thread(Path(folder, file).read_bytes)
    return what in content


async def test_pruning_waits_for_another_process_but_not_for_ever(
    postgresql_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reorder, "MAX_WAIT", 0)
    async with open_site(postgresql_settings) as first, open_site(postgresql_settings) as second:
        async with reorder.pruning_lock(first.database):
            with pytest.raises(DatabaseError, match=r"^Another process has been pruning this database"):
                await second.prune()
        await second.prune()
