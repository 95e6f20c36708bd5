"""Brings a database to the schema of this version with the steps of sql/migrations, and checks that it has it."""

import asyncio
from functools import partial
from pathlib import Path

from petition.core.database import schema, state
from petition.core.database.connection import LONG_TIMEOUT, Connection
from petition.core.database.database import LOCK_PAUSE, Database
from petition.core.database.queries import SQL_FOLDER, SQLITE, split_statements
from petition.core.database.schema import CONCURRENTLY, INDEX
from petition.core.errors import DatabaseError, TableLocked
from petition.core.settings import Mode

MIGRATIONS_FOLDER = SQL_FOLDER / "migrations"
OLDER_SCHEMA = "The database has an older schema: run `petition migrate`."
MAX_LOCK_TRIES = 300  # tries of a step that finds a table in use
MAX_WAIT = 900  # seconds that another process may take
_BUSY = (
    f"Another process has been migrating this database for {MAX_WAIT // 60} minutes: end it if it does nothing, and "
    "run `petition migrate` again."
)


async def migrate(database: Database, mode: Mode) -> None:
    """Applies every missing step. If several machines do this at once, they wait for each other, MAX_WAIT at most.

    An empty database gets all steps in one transaction. A database in use gets each step in its own transaction, and no
    step blocks a table for longer than a second: if it finds the table in use, it gives up and tries again. What takes
    long, such as an index on a large table, is made `concurrently`, outside a transaction.

    Raises DatabaseError for a database of a newer version or of the other mode, or whose tables are not ours.
    """
    async with database.holding("migrations.try_lock", MAX_WAIT, _BUSY), database.autocommit() as c:
        if not await database.write(partial(_create_if_empty, mode=mode)):
            await _check_tables(c, await current_version(c), between_steps=True)
            await _apply_missing(c)
    async with database.reading() as c:
        await check_schema(c, mode)


async def _create_if_empty(c: Connection, *, mode: Mode) -> bool:
    """True if the database was empty; now it has the whole schema."""
    if await current_version(c):
        return False
    await apply_all(c, mode)
    return True


async def apply_all(c: Connection, mode: Mode) -> None:
    """Applies all steps to an empty database, inside the caller's transaction."""
    for statement in statements(c.dialect, latest_version()):
        await c.execute(statement.replace(CONCURRENTLY, ""))
    await state.put(c, "mode", mode.value)
    await _set_version(c, latest_version())


async def _apply_missing(c: Connection) -> None:
    for number, file in _migration_files():
        if number > await current_version(c):
            await _apply_one(c, number, split_statements(c.dialect, file.read_text("utf-8")))


async def _apply_one(c: Connection, number: int, sql: list[str]) -> None:
    if any(CONCURRENTLY in statement for statement in sql):
        for statement in sql:
            await c.execute(statement, within=LONG_TIMEOUT)
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
        for statement in sql if number > await current_version(c) else ():
            await c.execute(statement)
        await _set_version(c, max(number, await current_version(c)))
    except BaseException:
        await c.rollback()
        raise
    await c.commit()


async def _set_version(c: Connection, number: int) -> None:
    await state.put(c, "schema", str(number))


async def check_schema(c: Connection, mode: Mode) -> None:
    """Raises DatabaseError unless the database has this version's schema, in truth and by number, and this mode."""
    version = await current_version(c)
    if version:
        await state.refuse_if_moved(c)
    if version < latest_version():
        raise DatabaseError(OLDER_SCHEMA)
    if version > latest_version():
        raise DatabaseError("The database was made by a newer version of Petition: update this one.")
    if await state.get(c, "mode") != mode.value:
        raise DatabaseError(
            f"The database does not belong to {mode.value} mode: set PETITION_MODE or another database."
        )
    await _check_tables(c, version)


async def _check_tables(c: Connection, version: int, *, between_steps: bool = False) -> None:
    """Between steps, an index may be missing: a step that makes one again was ended in its middle."""
    expected = schema.expected_facts(c.dialect, statements(SQLITE, version), statements(c.dialect, version))
    if between_steps:
        expected = frozenset(fact for fact in expected if not fact[1].startswith(INDEX))
    lacks, extra = schema.disagreements(expected, await schema.read_facts(c))
    if lacks or extra:
        words = [f"{word}: {_first(what)}" for word, what in (("missing", lacks), ("not ours", extra)) if what]
        raise DatabaseError(
            f"The tables of the database are not those of schema {version} ({'; '.join(words)}): somebody changed "
            "them, or a version made them that was never released; restore a backup into a new, empty database."
        )


def _first(what: list[str], n: int = 3) -> str:
    return f"{', '.join(what[:n])}{f' and {len(what) - n} more' if len(what) > n else ''}"


def statements(dialect: str, version: int, *, after: int = 0) -> list[str]:
    """All statements of the steps up to a version, or of those that came after another one."""
    files = [file for number, file in _migration_files() if after < number <= version]
    return [statement for file in files for statement in split_statements(dialect, file.read_text("utf-8"))]


def latest_version() -> int:
    return _migration_files()[-1][0]


async def is_migrated(c: Connection) -> bool:
    """Whether the database was ever migrated."""
    return await c.one("migrations.is_migrated") is not None


async def current_version(c: Connection) -> int:
    """The number of the newest step that was applied; 0 for an empty database."""
    return int(await state.get(c, "schema") or 0) if await is_migrated(c) else 0


def _migration_files() -> list[tuple[int, Path]]:
    return sorted((int(file.name[:4]), file) for file in MIGRATIONS_FOLDER.glob("*.sql"))


def table_names(version: int) -> set[str]:
    """The tables that a version has."""
    sql = statements(SQLITE, version)
    return {table for table, _ in schema.expected_facts(SQLITE, sql, sql)}
