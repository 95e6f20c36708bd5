"""Removes deleted rows from the files of the database too: from tables, free space and write-ahead log."""

from petition.core.database.connection import LONG_TIMEOUT, Connection
from petition.core.database.database import Database
from petition.core.database.queries import SQLITE


async def checkpoint(database: Database) -> None:
    """Removes deleted rows from SQLite's write-ahead log. For PostgreSQL there are vacuum_tables() and rotate_wal()."""
    if database.dialect == SQLITE:
        async with database.autocommit() as c:
            await c.execute("pragma wal_checkpoint(truncate)")


async def vacuum_tables(database: Database, full: tuple[str, ...]) -> None:
    """Removes deleted rows from PostgreSQL's tables. The small tables in `full` get new files."""
    async with database.autocommit() as c:
        for table in [row["name"] for row in await c.all("database.tables")]:
            await c.execute(f"vacuum {'full ' if table in full else ''}{table}", within=LONG_TIMEOUT)


async def rotate_wal(database: Database) -> None:
    """Removes deleted rows from PostgreSQL's write-ahead log, if our role may: starts a new file, removes old ones.

    Without archive and `wal_recycle` (see retention_warning()), only free blocks of the disk are left of the old files.
    """
    async with database.autocommit() as c:
        if not await _missing_rights(c):
            await c.run("vacuum.rotate_wal")
            await c.run("vacuum.checkpoint")


async def retention_warning(c: Connection) -> str:
    """Settings and missing rights that make PostgreSQL keep deleted rows for long; empty if there are none."""
    if c.dialect == SQLITE:
        return ""
    wrong = [f"{row['name']} is {row['setting']}" for row in await c.all("vacuum.settings")] + await _missing_rights(c)
    return f"PostgreSQL would keep what was erased ({', '.join(wrong)}): see the handbook" if wrong else ""


async def _missing_rights(c: Connection) -> list[str]:
    may = await c.one("vacuum.rights") or {}
    lacking = {"switch": "our role may not call pg_switch_wal()", "flush": "our role is not in pg_checkpoint"}
    return [sentence for right, sentence in lacking.items() if not may[right]]
