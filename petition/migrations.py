"""Brings a database to the schema of this version, and says whether it is there: sql/migrations, in order."""

from functools import partial
from pathlib import Path

from petition.db import Connection, Database
from petition.errors import DatabaseError
from petition.queries import SQL, statements
from petition.settings import Mode


async def migrate(database: Database, mode: Mode) -> None:
    """Every step that is missing, all in one transaction; several machines at once wait for each other.

    Raises DatabaseError for a database of a newer version or of the other mode.
    """
    await database.write(partial(steps, mode=mode))


async def steps(c: Connection, mode: Mode) -> None:
    """The missing steps, inside the caller's transaction."""
    await c.run("house.lock")
    version = await _version(c)
    for number, file in _files():
        if number > version:
            for statement in statements(c.dialect, file.read_text("utf-8")):
                await c.execute(statement)
    await c.run("house.keep", name="mode", value=mode.value)
    await c.run("house.keep", name="schema", value="0")
    await c.run("house.set", name="schema", value=str(max(newest(), version)))
    await check(c, mode)


async def check(c: Connection, mode: Mode) -> None:
    """Raises DatabaseError unless the database has this version's schema and this mode."""
    version = await _version(c)
    if version < newest():
        raise DatabaseError("The database has an older schema: run `petition migrate`.")
    if version > newest():
        raise DatabaseError("The database was made by a newer version of Petition: update this one.")
    if (kept := await c.one("house.get", name="mode")) is None or kept["value"] != mode.value:
        raise DatabaseError(
            f"The database does not belong to {mode.value} mode: set PETITION_MODE or another database."
        )


def newest() -> int:
    """The schema of this version."""
    return _files()[-1][0]


async def _version(c: Connection) -> int:
    if await c.one("house.exists") is None:
        return 0
    row = await c.one("house.get", name="schema")
    return int(row["value"]) if row else 0


def _files() -> list[tuple[int, Path]]:
    return sorted((int(file.name[:4]), file) for file in (SQL / "migrations").glob("*.sql"))
