"""Helpers for the tests of publishing: a database in production mode, changes of counts, what is published."""

from functools import partial

from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.tally import audit, history, releases, tally
from petition.tally.history import History
from petition.tally.tally import Change, Snapshot


async def start_production(database: Database) -> None:
    """As on the first start of a production server."""

    async def switch(c: Connection) -> None:
        await c.execute("update site_state set value = 'production' where name = 'mode'")

    await database.write(switch)
    await releases.release_due(database)


async def change(database: Database, country: str, n: int) -> None:
    reason = "confirmed" if n > 0 else "withdrawn"
    await database.write(partial(tally.apply_changes, changes=[Change(country, reason, n)]))


async def published(database: Database) -> Snapshot:
    """After the releases that are due."""
    await releases.release_due(database)
    async with database.reading() as c:
        return await tally.get_snapshot(c)


async def get_history(database: Database) -> History:
    async with database.reading() as c:
        return await history.get_history(c)


async def rows(database: Database, sql: str) -> list[Row]:
    async with database.reading() as c:
        return await c.execute(sql)


async def disagreements(database: Database) -> list[str]:
    """What the audit finds in the releases; there are no signatures behind the journal of these tests."""
    async with database.reading() as c:
        return [sentence for sentence in await audit.find_disagreements(c) if "the signatures" not in sentence]
