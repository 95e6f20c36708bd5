"""Brings a database to the schema of this version with the steps of sql/migrations, and checks that it has it."""

import asyncio
from functools import partial
from pathlib import Path

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.queries import SQL_FOLDER, split_statements
from petition.core.errors import DatabaseError, TableLocked
from petition.core.settings import Mode

MIGRATIONS_FOLDER = SQL_FOLDER / "migrations"
MAX_LOCK_TRIES, LOCK_PAUSE = 300, 0.2  # tries of a step that finds a table in use; seconds between two tries
# PostgreSQL only; stands before `if exists` and `if not exists`, so that the statement can be tried again.
_CONCURRENTLY = " concurrently"


async def migrate(database: Database, mode: Mode) -> None:
    """Applies every missing step. If several machines do this at once, they wait for each other.

    An empty database gets all steps in one transaction. A database in use gets each step in its own transaction, and no
    step blocks a table for longer than a second: if it finds the table in use, it gives up and tries again. What takes
    long, such as an index on a large table, is made `concurrently`, outside a transaction.

    Raises DatabaseError for a database of a newer version or of the other mode.
    """
    async with database.autocommit() as c:
        await _wait_for_lock(c)
        if not await database.write(partial(_create_if_empty, mode=mode)):
            await _apply_missing(c)
    async with database.reading() as c:
        await check_schema(c, mode)


async def _wait_for_lock(c: Connection) -> None:
    """Waits outside any statement or transaction: another machine that makes an index concurrently waits for those."""
    while (row := await c.one("migrations.try_lock")) and not row["ours"]:  # noqa: ASYNC110 (another process has it)
        await asyncio.sleep(LOCK_PAUSE)


async def _create_if_empty(c: Connection, *, mode: Mode) -> bool:
    """True if the database was empty; now it has the whole schema."""
    if await _current_version(c):
        return False
    await apply_all(c, mode)
    return True


async def apply_all(c: Connection, mode: Mode) -> None:
    """Applies all steps to an empty database, inside the caller's transaction."""
    for _, file in _migration_files():
        for statement in split_statements(c.dialect, file.read_text("utf-8")):
            await c.execute(statement.replace(_CONCURRENTLY, ""))
    await state.put(c, "mode", mode.value)
    await _set_version(c, latest_version())


async def _apply_missing(c: Connection) -> None:
    for number, file in _migration_files():
        if number > await _current_version(c):
            await _apply_one(c, number, split_statements(c.dialect, file.read_text("utf-8")))


async def _apply_one(c: Connection, number: int, sql: list[str]) -> None:
    if any(_CONCURRENTLY in statement for statement in sql):
        for statement in sql:
            await c.execute(statement, long_running=True)
        await _set_version(c, number)
        return
    for left in reversed(range(MAX_LOCK_TRIES)):
        try:
            await _apply_in_transaction(c, number, sql)
            break
        except TableLocked:
            if not left:
                raise
        await asyncio.sleep(LOCK_PAUSE)


async def _apply_in_transaction(c: Connection, number: int, sql: list[str]) -> None:
    await c.begin()
    try:
        await c.run("migrations.limit_lock_wait")
        for statement in sql if number > await _current_version(c) else ():
            await c.execute(statement)
        await _set_version(c, max(number, await _current_version(c)))
    except BaseException:
        await c.rollback()
        raise
    await c.commit()


async def _set_version(c: Connection, number: int) -> None:
    await state.put(c, "schema", str(number))


async def check_schema(c: Connection, mode: Mode) -> None:
    """Raises DatabaseError unless the database has this version's schema and this mode."""
    version = await _current_version(c)
    if version < latest_version():
        raise DatabaseError("The database has an older schema: run `petition migrate`.")
    if version > latest_version():
        raise DatabaseError("The database was made by a newer version of Petition: update this one.")
    if await state.get(c, "mode") != mode.value:
        raise DatabaseError(
            f"The database does not belong to {mode.value} mode: set PETITION_MODE or another database."
        )


def latest_version() -> int:
    return _migration_files()[-1][0]


async def _current_version(c: Connection) -> int:
    if await c.one("migrations.is_migrated") is None:
        return 0
    return int(await state.get(c, "schema") or 0)


def _migration_files() -> list[tuple[int, Path]]:
    return sorted((int(file.name[:4]), file) for file in MIGRATIONS_FOLDER.glob("*.sql"))
