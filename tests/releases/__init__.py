"""Filled databases of each release, kept to be upgraded by every later version: `python -m tests.releases` makes one.

A file has the rows of every table, as JSON. They go into tables that the released migrations of its number make, which
never change (sql/migrations/RELEASED): so one file is a database of that release for SQLite and for PostgreSQL.
"""

import asyncio
import gzip
import json
from pathlib import Path

from petition.commands import demo_data
from petition.core.database import migrations
from petition.core.database.connection import LOCKS, Connection, Row
from petition.core.database.database import Database
from petition.core.settings import Mode

FOLDER = Path(__file__).parent
SIGNATURES = 30
MARKED = "update signatures set named = 1, updates = 1 where mailbox = (select min(mailbox) from signatures)"


def kept_file(number: int, folder: Path = FOLDER) -> Path:
    return folder / f"schema-{number:04}.json.gz"


async def make(database: Database, folder: Path = FOLDER) -> Path:
    """Fills an empty, migrated database: something in every table, and numbers that agree; keeps its rows."""
    await demo_data.fill_database(database, SIGNATURES)
    await database.write(_fill_tables)
    async with database.reading() as c:
        rows = {table: [row async for part in c.stream_rows(table, 1000) for row in part] for table in LOCKS}
    file = kept_file(migrations.latest_version(), folder)
    file.write_bytes(gzip.compress(json.dumps(rows, sort_keys=True).encode(), mtime=0))
    return file


async def _fill_tables(c: Connection) -> None:
    """A made-up row for each table that has none."""
    await c.execute(MARKED)
    (first,) = await c.execute("select min(mailbox) as mailbox from signatures")
    columns: dict[str, Row] = {table: {} for table in LOCKS}
    for column in await c.all("backup.columns"):
        if column["table"] in columns:
            columns[column["table"]][column["name"]] = "x" if column["type"] == "text" else 1
    for table in LOCKS:
        if not await c.count_rows(table):
            row = columns[table] | {name: value for name, value in first.items() if name in columns[table]}
            await c.insert_rows(table, [row])


async def load(database: Database, file: Path) -> int:
    """Makes a database of that release in an empty one; the number of its schema."""
    number = int(file.name.removeprefix("schema-")[:4])
    rows: dict[str, list[Row]] = json.loads(gzip.decompress(await asyncio.to_thread(file.read_bytes)))

    async def insert(c: Connection) -> None:
        for statement in migrations.statements(c.dialect, number):
            await c.execute(statement.replace(" concurrently", ""))
        for table, found in sorted(rows.items(), key=lambda each: LOCKS.index(each[0]) if each[0] in LOCKS else 0):
            await c.insert_rows(table, found)

    await database.write(insert)
    return number


MODE = Mode.DEMO
