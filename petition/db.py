"""The database: open, named queries, migrations. The only room that names `databases`, SQLite and PostgreSQL.

Statements go to the driver as they stand in sql/ (aiosqlite takes `:name`, asyncpg `$1`), since `databases`
would recompile each on every call and logs the values when asked to debug.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import databases

from petition.errors import DatabaseError
from petition.settings import ROOT
from petition.writer import Writer

Row = dict[str, Any]
Value = str | int | None
T = TypeVar("T")

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SQL = ROOT / "sql"
CLOSING = 20  # seconds
# What drivers raise when the database is away, locked, read-only or full.
FAILURES = (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_BIND = re.compile(r"(?<![:\w]):([a-z_]+)")
_ONLY = re.compile(r"-- (sqlite|postgresql)$")


class Connection:
    """One connection of either database: one(), all(), run() a query of sql/queries by its name."""

    def __init__(self, raw: Any, dialect: str) -> None:
        self._raw = raw
        self.dialect = dialect

    async def one(self, name: str, /, **values: Value) -> Row | None:
        """The first row of a query such as `signatures.put`, or None."""
        rows = await self.all(name, **values)
        return rows[0] if rows else None

    async def all(self, name: str, /, **values: Value) -> list[Row]:
        """Every row of a query."""
        return await self.execute(queries(self.dialect)[name], values)

    async def run(self, name: str, /, **values: Value) -> None:
        """A query whose rows nobody reads."""
        await self.execute(queries(self.dialect)[name], values)

    async def execute(self, sql: str, values: Mapping[str, Value] | None = None) -> list[Row]:
        """A statement as text; migrations, backup and audit build theirs from sql/ and the schema."""
        with sentences():
            if self.dialect == POSTGRESQL:
                text, names = _numbered(sql)
                return [dict(row) for row in await self._raw.fetch(text, *[(values or {})[n] for n in names])]
            return [dict(row) for row in await self._raw.execute_fetchall(sql, values or {})]

    async def dump(self, table: str, size: int) -> AsyncIterator[list[Row]]:
        """All rows of a table of ours, `size` at a time, in no promised order."""
        sql = f"select * from {table}"  # noqa: S608 (a name from backup.TABLES)
        with sentences():
            if self.dialect == SQLITE:
                async with self._raw.execute(sql) as cursor:
                    while rows := await cursor.fetchmany(size):
                        yield [dict(row) for row in rows]
                return
            cursor = await self._raw.cursor(sql)
            while rows := await cursor.fetch(size):
                yield [dict(row) for row in rows]

    async def load(self, table: str, rows: list[Row]) -> None:
        """Puts rows into a table; those that are there already stay as they are."""
        if not rows:
            return
        names = list(rows[0])
        binds = [f"${n}" if self.dialect == POSTGRESQL else "?" for n in range(1, len(names) + 1)]
        columns, marks = ", ".join(names), ", ".join(binds)
        sql = f"insert into {table} ({columns}) values ({marks}) on conflict do nothing"  # noqa: S608 (as above)
        with sentences():
            await self._raw.executemany(sql, [[row[name] for name in names] for row in rows])

    async def drop_everything(self) -> None:
        """An empty database, for a restore in the same transaction."""
        for row in await self.all("house.tables"):
            cascade = " cascade" if self.dialect == POSTGRESQL else ""
            await self.execute(f"drop table if exists {row['name']}{cascade}")
        await self.run("house.drop_functions")

    async def weakness(self) -> str:
        """What could make this database lose a committed transaction; empty if nothing known does."""
        if self.dialect == SQLITE:
            (row,) = await self.execute("pragma synchronous")
            return "" if row["synchronous"] >= 2 else "SQLite does not sync fully"
        off = [row["name"] for row in await self.all("house.durability") if row["setting"] == "off"]
        return f"PostgreSQL has {', '.join(off)} off: a power cut could lose signatures" if off else ""

    async def begin(self) -> None:
        """A transaction that writes. SQLite takes its lock now, so that nothing fails half-way."""
        await self.execute("begin immediate" if self.dialect == SQLITE else "begin")

    async def commit(self) -> None:
        """Returns when the transaction is on disk."""
        await self.execute("commit")

    async def rollback(self) -> None:
        """As if the transaction had never begun."""
        await self.execute("rollback")


class Database:
    """An open database. Reads take a connection of their own; writes go through the one writer."""

    def __init__(self, url: str) -> None:
        self.dialect = SQLITE if url.startswith("sqlite") else POSTGRESQL
        self._pool = _pool(url)
        self.writer: Writer[Connection] = Writer(self._connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection that sees one moment of the database for as long as it is held."""
        begin = "begin" if self.dialect == SQLITE else "begin isolation level repeatable read read only"
        async with self._connection() as connection:
            await connection.execute(begin)
            try:
                yield connection
            finally:
                await connection.rollback()

    async def write(self, job: Callable[[Connection], Awaitable[T]]) -> T:
        """Runs job(connection) in one transaction; returns after its commit. Raises Busy when too many wait."""
        return await self.writer.write(job)

    async def compact(self) -> None:
        """Takes erased rows out of the write-ahead log; on PostgreSQL autovacuum does its own."""
        if self.dialect == SQLITE:
            async with self._connection() as connection:
                await connection.execute("pragma wal_checkpoint(truncate)")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        # Not pool.connection(): that one belongs to the calling task, ours to whoever holds it.
        held = databases.core.Connection(self._pool, self._pool._backend)
        try:
            with sentences():
                await _whole(held.__aenter__())
            yield Connection(held.raw_connection, self.dialect)
        finally:
            if held._connection_counter:  # it was opened, even if nobody waits for it any more
                await _whole(held.__aexit__())


async def _whole(step: Coroutine[Any, Any, object]) -> None:
    """Opening or closing a connection, to its end even if the caller is cancelled meanwhile: else it is lost."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except (ValueError, OverflowError):  # what asyncpg makes of a port that is none
        raise DatabaseError("PETITION_DATABASE_URL is no address that can be used.") from None
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@asynccontextmanager
async def opened(url: str, *, create: bool = False) -> AsyncIterator[Database]:
    """An open database, closed again at the end. A SQLite file is made only if `create` says so.

    Raises DatabaseError with one sentence when it cannot be reached.
    """
    await asyncio.to_thread(_sqlite_file, url, create)
    database = Database(url)
    with sentences():
        await database._pool.connect()
    try:
        yield database
    finally:
        await database.writer.close()
        with suppress(TimeoutError):  # asyncpg waits for ever for a connection that somebody still holds
            await asyncio.wait_for(database._pool.disconnect(), CLOSING)


@contextmanager
def sentences() -> Iterator[None]:
    """Turns what the drivers raise into a DatabaseError whose sentence holds no value of any query."""
    try:
        yield
    except FAILURES as error:
        raise DatabaseError(f"The database cannot be used: {_said(error)}.") from None


def _said(error: BaseException) -> str:
    if isinstance(error, sqlite3.Error):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError):
        return error.strerror or "it does not answer"
    # The message of a PostgreSQL error may quote a value: its class and code never do.
    return f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}".strip()


@cache
def queries(dialect: str) -> dict[str, str]:
    """Every query of sql/queries as `file.name`, with the lines of the other database left out."""
    found: dict[str, str] = {}
    for file in sorted((SQL / "queries").glob("*.sql")):
        for part in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, sql = part.partition("\n")
            found[f"{file.stem}.{name.strip()}"] = _for(dialect, sql)
    return found


def _for(dialect: str, sql: str) -> str:
    """The statement for one database: lines that end in `-- sqlite` or `-- postgresql` are its alone."""
    lines = [line for line in sql.splitlines() if (only := _ONLY.search(line)) is None or only[1] == dialect]
    return "\n".join(line.partition("-- ")[0].rstrip() for line in lines).strip()


def statements(dialect: str, text: str) -> list[str]:
    """The statements of a migration for one database; a blank line ends each."""
    return [sql for part in text.split("\n\n") if (sql := _for(dialect, part))]


@cache
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` as `$1` for asyncpg, and the names in that order."""
    names = tuple(dict.fromkeys(_BIND.findall(sql)))
    return _BIND.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names


class _SafeSQLite(sqlite3.Connection):
    """What SQLite needs to be trusted: foreign keys, waiting for a lock, WAL, and a full sync at each commit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row_factory = sqlite3.Row
        for pragma in ("busy_timeout=10000", "synchronous=full", "foreign_keys=on"):
            self.execute(f"pragma {pragma}")
        self._write_ahead()
        self.execute("pragma secure_delete=on")  # an erased row is overwritten, not only unlinked

    def _write_ahead(self) -> None:
        """Only the first connection of all switches; SQLite lets the others run into its lock without waiting."""
        for _ in range(100):
            try:
                self.execute("pragma journal_mode=wal")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(0.05)  # in the thread of this connection, which nobody else shares
        raise sqlite3.OperationalError("database is locked")


def _pool(url: str) -> databases.Database:
    if url.startswith(SQLITE):
        return databases.Database(url, factory=_SafeSQLite)
    # `databases` knows one host only; asyncpg reads the whole URL itself, with several hosts and its options.
    alone: dict[str, Any] = dict.fromkeys(("host", "port", "user", "password", "database"))
    return databases.Database("postgresql://", dsn=url, min_size=0, max_size=10, command_timeout=60, **alone)


def _sqlite_file(url: str, create: bool) -> None:
    if not url.startswith("sqlite:///"):
        return
    file = Path(url.removeprefix("sqlite:///"))
    if create:
        with sentences():
            file.parent.mkdir(parents=True, exist_ok=True)
    elif not file.is_file():
        raise DatabaseError("There is no database yet: run `petition migrate` first.")
    with sentences():  # here and not in a thread of the driver's, which would outlive its failure
        sqlite3.connect(file, factory=_SafeSQLite, isolation_level=None).close()
