"""Erased rows leave the files of the database too: its tables, its free space, its write-ahead log."""

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.queries import SQLITE


async def checkpoint(database: Database) -> None:
    """Takes erased rows out of SQLite's write-ahead log; PostgreSQL has vacuum_tables() and rotate_wal()."""
    if database.dialect == SQLITE:
        async with database.autocommit() as c:
            await c.execute("pragma wal_checkpoint(truncate)")


async def vacuum_tables(database: Database, full: tuple[str, ...]) -> None:
    """Takes erased rows out of PostgreSQL's tables; the small ones named in `full` get new files."""
    async with database.autocommit() as c:
        for table in [row["name"] for row in await c.all("database.tables")]:
            await c.execute(f"vacuum {'full ' if table in full else ''}{table}", long_running=True)


async def rotate_wal(database: Database) -> None:
    """Takes erased rows out of PostgreSQL's write-ahead log, if our role may: a new file, and the old ones go.

    Without archive and `wal_recycle` (see retention_warning()) nothing of them is left but free blocks of the disk.
    """
    async with database.autocommit() as c:
        if not await _missing_rights(c):
            await c.run("vacuum.rotate_wal")
            await c.run("vacuum.checkpoint")


async def retention_warning(c: Connection) -> str:
    """What would make a database keep for long what was erased; empty if nothing known does."""
    if c.dialect == SQLITE:
        return ""
    wrong = [f"{row['name']} is {row['setting']}" for row in await c.all("vacuum.settings")] + await _missing_rights(c)
    return f"PostgreSQL would keep what was erased ({', '.join(wrong)}): see the handbook" if wrong else ""


async def _missing_rights(c: Connection) -> list[str]:
    may = await c.one("vacuum.rights") or {}
    lacking = {"switch": "our role may not call pg_switch_wal()", "flush": "our role is not in pg_checkpoint"}
    return [sentence for right, sentence in lacking.items() if not may[right]]
