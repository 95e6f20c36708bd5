"""Opens, reads and writes the database. The only module that imports `databases`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import databases

from petition.core.database import sqlite
from petition.core.database.connection import LONG_TIMEOUT, Connection, translate_errors
from petition.core.database.queries import POSTGRESQL, SQLITE
from petition.core.database.writer import Act, Writer
from petition.core.errors import DatabaseError

T = TypeVar("T")
Item = TypeVar("Item")

CLOSE_TIMEOUT = 20  # seconds
# The connections of one process: one writer, and readers as needed. A statement for a visitor takes milliseconds. If it
# takes a minute, the visitor is gone, and it must not hold a lock any longer.
_POOL_OPTIONS: dict[str, Any] = {
    "min_size": 0,
    "max_size": 10,
    "command_timeout": 90,
    "server_settings": {
        "application_name": "petition",
        "statement_timeout": "60s",
        "idle_in_transaction_session_timeout": "120s",
        # PostgreSQL keeps a plan that it made while a table was empty. This plan must not read the whole table later,
        # when thousands sign each second.
        "enable_seqscan": "off",
        "jit": "off",  # now a query without an index looks expensive to the planner, but compiling it does not pay
    },
}
for _name in ("aiosqlite", "databases"):  # at debug level they log every statement with its values
    logging.getLogger(_name).setLevel(logging.WARNING)


class Database:
    """An open database. Each read has its own connection; all writes go through one writer."""

    def __init__(self, url: str) -> None:
        self.dialect = SQLITE if url.startswith("sqlite") else POSTGRESQL
        self._pool = _pool(url)
        self.writer: Writer[Connection] = Writer(self._connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection on which all reads see the same moment of the database."""
        begin = "begin" if self.dialect == SQLITE else "begin isolation level repeatable read read only"
        async with self._connection() as connection:
            await connection.execute(begin)
            try:
                yield connection
            finally:
                await connection.rollback()

    async def write(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs job(connection) in one transaction; returns after its commit. Raises Busy if too many wait."""
        return await self.writer.write(job)

    async def join(self, act: Act[Connection, Item, T], item: Item) -> T:
        """Queues `item` for `act`, which runs once for all queued items. Like write(), it returns after the commit."""
        return await self.writer.join(act, item)

    async def own_transaction(self, job: Callable[[Connection], Awaitable[T]], locking: Collection[str] = ()) -> T:
        """Like write(), but on PostgreSQL without the writer: people who sign do not wait for the locks of this job.

        The tables in `locking` are locked before anything else. Until the end, nobody else can write to them.
        """
        if self.dialect == SQLITE:
            return await self.write(job)
        async with self._connection() as connection:
            await connection.begin()
            try:
                await connection.lock(locking)
                result = await job(connection)
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()
            return result

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[Connection]:
        """A connection without a transaction, for long work. Its settings end with it."""
        async with self._connection() as connection:
            if self.dialect == POSTGRESQL:
                await connection.execute(f"set statement_timeout = '{LONG_TIMEOUT}s'")
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        # Not pool.connection(): that one belongs to the calling task, ours to the code that opened it.
        held = databases.core.Connection(self._pool, self._pool._backend)
        try:
            with translate_errors():
                await _run_to_end(held.__aenter__())
            yield Connection(held.raw_connection, self.dialect)
        finally:
            if held._connection_counter:  # it was opened, even if the caller was cancelled
                await _run_to_end(held.__aexit__())


async def _run_to_end(step: Coroutine[Any, Any, object]) -> None:
    """Finishes opening or closing a connection even if the caller is cancelled; else the connection would be lost."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except (ValueError, OverflowError):  # asyncpg raises these for an invalid port
        raise DatabaseError("PETITION_DATABASE_URL is no address that can be used.") from None
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@asynccontextmanager
async def open_database(url: str, *, create: bool = False) -> AsyncIterator[Database]:
    """An open database, closed at the end. A SQLite file is made only if `create` is true.

    Raises DatabaseError if the database cannot be reached.
    """
    if url.startswith("sqlite:///"):
        with translate_errors():
            await asyncio.to_thread(sqlite.prepare_file, url, create)
    database = Database(url)
    with translate_errors():
        await database._pool.connect()
    try:
        yield database
    finally:
        await database.writer.close()
        with suppress(TimeoutError):  # asyncpg waits forever for a connection that is still in use
            await asyncio.wait_for(database._pool.disconnect(), CLOSE_TIMEOUT)


def _pool(url: str) -> databases.Database:
    if url.startswith(SQLITE):
        return databases.Database(f"sqlite:///{quote(str(sqlite.database_file(url)))}", factory=sqlite.SafeConnection)
    # `databases` knows only one host. asyncpg reads the whole URL itself, with several hosts and its options.
    alone: dict[str, Any] = dict.fromkeys(("host", "port", "user", "password", "database"))
    if "," in urlsplit(url).netloc and "target_session_attrs" not in url:
        alone["target_session_attrs"] = "read-write"  # of several hosts, the one that is not a standby
    return databases.Database("postgresql://", dsn=url, **_POOL_OPTIONS, **alone)
