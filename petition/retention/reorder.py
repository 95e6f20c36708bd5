"""Removes the order of arrival from the database, so that no copy of it tells who confirmed at which hour.

PostgreSQL stores rows as they came, with the number of the transaction that wrote them; SQLite stores them in the
order of their random keys, but within a page as they came. So recent rows are written again in the order of their
keys. The journal's rows are added up per country, day and reason.
"""

from contextlib import AbstractAsyncContextManager
from functools import partial

from petition.core import clock
from petition.core.database import state, vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.queries import POSTGRESQL
from petition.signing import submissions

MAX_WAIT = 900  # seconds that another process may take
_BUSY = (
    f"Another process has been pruning this database for {MAX_WAIT // 60} minutes: end it if it does nothing, and run "
    "`petition prune` again."
)
ROWS_PER_TRANSACTION = 2000  # nobody else writes during one: it takes some hundredths of a second
# Table -> its key; each has a query `recent_TABLE`. Names and contacts belong to signatures but have their own rows.
KEY_COLUMNS = {
    "signatures": "mailbox",
    "names": "mailbox",
    "contacts": "mailbox",
    "submissions": "id",
    "links": "id",
    "email_counts": "quota_key",
    "never_write": "mailbox",
}


def pruning_lock(database: Database) -> AbstractAsyncContextManager[None]:
    """Only one process prunes or reorders at a time; others wait here, MAX_WAIT seconds at most."""
    return database.holding("reorder.try_lock", MAX_WAIT, _BUSY)


async def reorder_rows(database: Database) -> None:
    """Waits for the lock, then reorders all rows since the day of the last run. Counts, rows and sums stay the same."""
    async with pruning_lock(database):
        await reorder_rows_locked(database)


async def reorder_rows_locked(database: Database) -> None:
    """Like reorder_rows(), for a caller that has the lock."""
    async with database.reading() as c:
        last_day = await state.get(c, "reordered_on")
    since = last_day or ""
    await database.own_transaction(partial(_sum_journal, since=since), locking=("journal",))
    for table, key in KEY_COLUMNS.items():
        await _rewrite_table(database, table, key, since)
    if database.dialect == POSTGRESQL:
        await vacuum.vacuum_tables(database, full=("names", "daily_keys", "journal"))
    if since != clock.today().isoformat():  # once a day is what the privacy page promises
        await vacuum.rotate_wal(database)
    await database.write(mark_reordered)


async def _sum_journal(c: Connection, *, since: str) -> None:
    """Replaces the journal's recent rows by their sums. Triggers in sql/migrations forbid other deletions."""
    days = await c.all("reorder.sum_days", since=since)
    await state.put(c, "reordering", "yes")
    await c.run("reorder.delete_days", since=since)
    await state.delete(c, "reordering")
    await c.insert_rows("journal", days)


async def _rewrite_table(database: Database, table: str, key: str, since: str) -> None:
    midnight = clock.start_of_day(since) if since else 0
    values: dict[str, str | int] = {
        "since": since,
        "midnight": midnight,
        "expiry": midnight + submissions.SUBMISSION_LIFETIME,
    }
    after = ""
    while True:  # in parts: on a busy day there are millions of rows
        async with database.reading() as c:
            rows = await c.all(f"reorder.recent_{table}", **values, after=after, limit=ROWS_PER_TRANSACTION)
        if not rows:
            return
        keys = [str(row["key"]) for row in rows]
        await database.own_transaction(
            partial(Connection.rewrite_rows, table=table, key=key, keys=keys), locking=_tables_to_lock(table)
        )
        after = keys[-1]


def _tables_to_lock(table: str) -> tuple[str, ...]:
    """A table and the one that its rows refer to."""
    return ("signatures", table) if table in ("names", "contacts") else (table,)


async def mark_reordered(c: Connection) -> None:
    """All rows from before today are in order."""
    today = clock.today().isoformat()
    await state.put(c, "reordered_on", today)
