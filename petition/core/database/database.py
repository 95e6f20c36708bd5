"""Opens, reads and writes the database. The only module that imports `databases`."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import databases

from petition.core.database import hosts, sqlite
from petition.core.database.connection import Connection, translate_errors
from petition.core.database.queries import POSTGRESQL, SQLITE
from petition.core.database.standby import Standby, current_place, with_any_standby
from petition.core.database.writer import Act, Writer
from petition.core.errors import Busy, DatabaseError

T = TypeVar("T")
Item = TypeVar("Item")

CLOSE_TIMEOUT = 20  # seconds
CONNECTIONS = 12  # that one process may open: ten of the pool, and two to spare
LOCK_PAUSE = 0.2  # seconds between two tries to get a lock
_NO_PREPARED = "prepared_statements=false"
# The connections of one process: one writer, and readers as needed.
_POOL_OPTIONS: dict[str, Any] = {
    "min_size": 0,
    "max_size": 10,
    "timeout": hosts.SECONDS,
    "command_timeout": 65,  # the server ends a statement after 60: see TRANSACTION_SETTINGS
    "server_settings": {"application_name": "petition"},  # poolers let this one pass
}
for _name in ("aiosqlite", "databases"):  # at debug level they log every statement with its values
    logging.getLogger(_name).setLevel(logging.WARNING)


class Database:
    """An open database. Each read has its own connection; all writes go through one writer."""

    def __init__(self, url: str, standby_url: str = "") -> None:
        self.dialect = SQLITE if url.startswith("sqlite") else POSTGRESQL
        self.on_begin: Callable[[Connection], Awaitable[None]] | None = None  # for each transaction that writes
        self._standby = Standby(partial(connect_once, with_any_standby(standby_url))) if standby_url else None
        self._url, self._pool = url, _pool(url)
        self._failure = ""  # of the last act
        self.writer: Writer[Connection] = Writer(self._connection)

    @property
    def folder(self) -> Path | None:
        """Where the file of a SQLite database is."""
        return sqlite.database_file(self._url).parent if self.dialect == SQLITE else None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection on which all reads see the same moment of the database."""
        async with self._connection() as connection, connection.at_one_moment():
            yield connection

    async def heavy_read(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """The result of job(connection), which reads many rows at one moment and decides nothing about access.

        It runs on the standby if one is named and has all that was acknowledged (see standby.py), else like reading().
        It may run twice.
        """
        if self._standby and self._standby.may_be_asked():
            async with self._connection() as connection:
                place = await current_place(connection)
            try:
                return await self._standby.read(place, job)
            except DatabaseError as error:
                self._standby.rest(str(error))
        async with self.reading() as connection:
            return await job(connection)

    async def write(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs job(connection) in one transaction; returns after its commit. Raises Busy if too many wait."""
        return await self.writer.write(job)

    async def join(self, act: Act[Connection, Item, T], item: Item) -> T:
        """Queues `item` for `act`, which runs once for all queued items. Like write(), it returns after the commit."""
        try:
            result = await self.writer.join(act, item)
        except DatabaseError as error:
            self._failure = "" if isinstance(error, Busy) else str(error)
            raise
        self._failure = ""
        return result

    def take_failure(self) -> str:
        """Why the last act could not be written, until one is or until this is asked; empty if it was."""
        failure, self._failure = self._failure, ""
        return failure

    async def check_room(self) -> None:
        """Raises DatabaseError if a SQLite database cannot grow. Of a PostgreSQL only take_failure() tells."""
        if self.dialect == SQLITE:
            with translate_errors():
                await asyncio.to_thread(sqlite.check_room, self._url)

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
        """A connection without a transaction, for long work."""
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def holding(self, lock: str, seconds: float, refusal: str) -> AsyncIterator[None]:
        """Only one process at a time is in here; `lock` is the query that tries to get the lock.

        The lock belongs to a transaction, not to a connection: so it ends with us, even if there is a pooler between us
        and PostgreSQL. SQLite has locks of its own. Raises DatabaseError(refusal) if others have the lock for so long.
        """
        if self.dialect == SQLITE:
            yield
            return
        async with self._connection() as connection:
            await _get_lock(connection, lock, seconds, refusal)
            try:
                yield
            finally:
                with suppress(DatabaseError):  # if the connection is lost, so is the lock
                    await connection.rollback()

    async def _run_on_begin(self, c: Connection) -> None:
        if self.on_begin:
            await self.on_begin(c)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        # Not pool.connection(): that one belongs to the calling task, ours to the code that opened it.
        held = databases.core.Connection(self._pool, self._pool._backend)
        try:
            with translate_errors():
                await _run_to_end(held.__aenter__())
            yield Connection(held.raw_connection, self.dialect, self._run_on_begin)
        finally:
            if held._connection_counter:  # it was opened, even if the caller was cancelled
                await _run_to_end(held.__aexit__())


async def _get_lock(c: Connection, lock: str, seconds: float, refusal: str) -> None:
    """Waits outside any transaction: a process that makes an index concurrently waits for those."""
    end = time.monotonic() + seconds
    while True:
        # The hook reads a table: who wants to lock that table would wait for us.
        await c.execute("begin")
        if (row := await c.one(lock)) and row["ours"]:
            await c.execute("set local idle_in_transaction_session_timeout = 0")
            return
        await c.rollback()
        if time.monotonic() > end:
            raise DatabaseError(refusal)
        await asyncio.sleep(LOCK_PAUSE)


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
async def open_database(url: str, *, create: bool = False, standby_url: str = "") -> AsyncIterator[Database]:
    """An open database, closed at the end. A SQLite file is made only if `create` is true.

    Raises DatabaseError if the database cannot be reached; whether the standby can be is found out later.
    """
    if url.startswith("sqlite:///"):
        with translate_errors():
            await asyncio.to_thread(sqlite.prepare_file, url, create)
    database = Database(url, standby_url)
    with translate_errors():
        await database._pool.connect()
    try:
        yield database
    finally:
        await database.writer.close()
        with suppress(TimeoutError):  # asyncpg waits forever for a connection that is still in use
            await asyncio.wait_for(database._pool.disconnect(), CLOSE_TIMEOUT)


@asynccontextmanager
async def connect_once(url: str) -> AsyncIterator[Connection]:
    """A connection without a transaction, which no pool keeps."""
    async with open_database(url) as database, database.autocommit() as connection:
        yield connection


def _pool(url: str) -> databases.Database:
    if url.startswith(SQLITE):
        return databases.Database(f"sqlite:///{quote(str(sqlite.database_file(url)))}", factory=sqlite.SafeConnection)
    # `databases` knows only one host. asyncpg reads the whole URL itself, with several hosts and its options.
    alone: dict[str, Any] = dict.fromkeys(("host", "port", "user", "password", "database"))
    if "," in urlsplit(url).netloc and "target_session_attrs" not in url:
        alone["target_session_attrs"] = "read-write"  # of several hosts, the one that is not a standby
    url, has_prepared_statements = _take_option(url)
    if not has_prepared_statements:
        alone["statement_cache_size"] = 0
    if len(urls := hosts.split_hosts(url)) > 1:
        alone["connect"] = hosts.connecting(urls)
    return databases.Database("postgresql://", dsn=url, **_POOL_OPTIONS, **alone)


def _take_option(url: str) -> tuple[str, bool]:
    """The URL as the driver takes it, and whether statements may be prepared.

    `prepared_statements=false` is ours, and Rails': PgBouncer before 1.21 cannot keep them in its transaction mode.
    """
    address, _, query = url.partition("?")
    options = query.split("&")
    kept = "&".join(option for option in options if option != _NO_PREPARED)
    return f"{address}?{kept}".removesuffix("?"), _NO_PREPARED not in options
