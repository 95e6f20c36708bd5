"""A connection to SQLite or PostgreSQL: runs queries by name, streams and inserts rows, locks tables.

Statements from sql/ go directly to the driver (aiosqlite takes `:name`, asyncpg `$1`): `databases` would compile each
of them again on every call, and at debug level it logs their values.
"""

import json
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg

from petition.core.database import sqlite
from petition.core.database.queries import POSTGRESQL, SQLITE, numbered_parameters, queries
from petition.core.errors import DatabaseAway, DatabaseError, Deadlock, TableLocked

Row = dict[str, Any]

# A list goes to the database as JSON; `json_each` and `json_to_recordset` turn it into rows.
Value = str | int | Sequence[str | Mapping[str, object]] | None

# For statements that take long: vacuum, migrations.
LONG_TIMEOUT = 3600  # seconds

# Every table, in the order in which all transactions lock tables and rows. If transactions wait for each other in a
# circle (a deadlock), PostgreSQL ends one of them. So a transaction locks rows of several tables in this order, and the
# rows of one table in the order of its key (or with `skip locked`). Whole tables are locked before anything else, in
# own_transaction().
LOCKS = (
    *("daily_keys", "used_proofs", "email_counts", "submissions", "never_write", "signatures", "contacts", "names"),
    *("journal", "links", "outbox", "outbox_machines", "outbox_key_copies", "refusals", "token_buckets"),
    *("report_counts", "pulse", "pulse_days", "clusters", "notices", "batches", "quality_weeks"),
    *("switches", "figures", "organisers", "factors", "sessions"),
    *("editions", "edition_letters", "edition_annexes", "follow_ups", "sealed_copies"),
    "time_stamps",
    *("edits", "enabled_annexes", "source_checks", "corrections"),
    *("correspondence", "answer_summaries", "paper_counts"),
    *("log_entries", "log_files", "log_heads", "log_cosignatures"),
    *("site_state", "releases", "actions"),
)

# A statement for a visitor takes milliseconds. If it takes a minute, the visitor is gone, and it must not hold a lock
# any longer. These come with each transaction, in the message that begins it: a pooler refuses most of what is sent
# when a connection begins, and what is set for a session reaches others. No cost of it could be measured.
TRANSACTION_SETTINGS = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",
    # PostgreSQL keeps a plan that it made while a table was empty. This plan must not read the whole table later, when
    # thousands sign each second.
    "enable_seqscan": "off",
    "jit": "off",  # now a query without an index looks expensive to the planner, but compiling it does not pay
}
_SET = "".join(f"; set local {name} = '{value}'" for name, value in TRANSACTION_SETTINGS.items())

# What drivers raise when the database is not reachable, locked, read-only or full.
DRIVER_ERRORS = (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

# Of these, what may end by itself: no server there yet, one that starts or ends, one that takes no writes yet (of
# several hosts), no connection free.
AWAY_ERRORS = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.TargetServerAttributeNotMatched,
)
LASTING_ERRORS = (PermissionError, ssl.SSLError, asyncpg.QueryCanceledError)


class Connection:
    """one(), all() and run() take the name of a query in sql/queries, such as `tally.figures`.

    `on_begin` runs at the beginning of each transaction that writes; if it raises, there is no transaction.
    """

    def __init__(
        self, raw: Any, dialect: str, on_begin: "Callable[[Connection], Awaitable[None]] | None" = None
    ) -> None:
        self._raw = raw
        self.dialect = dialect
        self._on_begin = on_begin

    async def one(self, name: str, /, **values: Value) -> Row | None:
        """The first row, or None."""
        rows = await self.all(name, **values)
        return rows[0] if rows else None

    async def all(self, name: str, /, **values: Value) -> list[Row]:
        return await self.execute(queries(self.dialect)[name], values)

    async def run(self, name: str, /, **values: Value) -> None:
        await self.execute(queries(self.dialect)[name], values)

    async def execute(
        self, sql: str, values: Mapping[str, Value] | None = None, *, within: float | None = None
    ) -> list[Row]:
        """Runs a statement that has no name in sql/queries: migrations, locks, vacuum. `within`: seconds."""
        with translate_errors():
            if self.dialect == POSTGRESQL:
                return await self._execute_on_postgresql(sql, values, {"timeout": within} if within else {})
            named = {name: _bind_value(values, name) for name in values or {}}
            return [dict(row) for row in await self._raw.execute_fetchall(sql, named)]

    async def _execute_on_postgresql(
        self, sql: str, values: Mapping[str, Value] | None, patience: dict[str, float]
    ) -> list[Row]:
        try:
            if sql.startswith("begin"):
                await self._raw.execute(sql + _SET)
                return []
            text, names = numbered_parameters(sql)
            bound = [_bind_value(values, name) for name in names]
            return [dict(row) for row in await self._raw.fetch(text, *bound, **patience)]
        except TimeoutError:
            # The server is frozen. The driver would ask it to cancel, and every later step would wait for the answer.
            self._raw.terminate()
            raise

    async def count_rows(self, table: str) -> int:
        (row,) = await self.execute(f"select count(*) as n from {table}")  # noqa: S608 (a name from LOCKS)
        return int(row["n"])

    async def stream_rows(self, table: str, size: int, order: str = "") -> AsyncIterator[list[Row]]:
        """All rows of a table, `size` at a time, in the order of the columns in `order`, or in any order."""
        sql = f"select * from {table}{f' order by {order}' if order else ''}"  # noqa: S608 (names of our own schema)
        with translate_errors():
            if self.dialect == SQLITE:
                async with self._raw.execute(sql) as cursor:
                    while rows := await cursor.fetchmany(size):
                        yield [dict(row) for row in rows]
                return
            cursor = await self._raw.cursor(sql)
            while rows := await cursor.fetch(size):
                yield [dict(row) for row in rows]

    async def insert_rows(self, table: str, rows: list[Row]) -> None:
        """Rows that exist already are not changed."""
        if not rows:
            return
        names = list(rows[0])
        binds = [f"${n}" if self.dialect == POSTGRESQL else "?" for n in range(1, len(names) + 1)]
        columns, marks = ", ".join(names), ", ".join(binds)
        sql = f"insert into {table} ({columns}) values ({marks}) on conflict do nothing"  # noqa: S608 (ours; backup_check takes no name from a file)
        with translate_errors():
            await self._raw.executemany(sql, [[row[name] for name in names] for row in rows])

    async def bulk_insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
        """For very many rows, none of which exists yet. It is fast only if they are in the order of the table's key."""
        with translate_errors():
            if self.dialect == POSTGRESQL:
                await self._raw.copy_records_to_table(table, columns=columns, records=rows)
                return
            sql = f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"  # noqa: S608 (a name from demo_data)
            await self._raw.executemany(sql, rows)

    async def rewrite_rows(self, table: str, key: str, keys: list[str]) -> None:
        """Deletes rows and inserts them again in the order of their key. The caller must have locked the table."""
        these = "in (select value from json_each(:keys))"
        if self.dialect == POSTGRESQL:
            these = "= any(array(select json_array_elements_text(cast(:keys as json))))"
        rows = await self.execute(f"delete from {table} where {key} {these} returning *", {"keys": keys})  # noqa: S608 (names from reorder.KEY_COLUMNS)
        await self.insert_rows(table, sorted(rows, key=lambda row: str(row[key])))

    async def lock(self, tables: Collection[str], mode: str = "exclusive") -> None:
        """Until this transaction ends, nobody else can write to these tables. SQLite has only one writer anyway."""
        if tables and self.dialect == POSTGRESQL:
            await self.execute(f"lock table {', '.join(sorted(tables, key=LOCKS.index))} in {mode} mode")

    async def delete_all(self, tables: Sequence[str]) -> None:
        """Deletes all rows. `tables` are in the order of LOCKS; later ones refer to earlier ones, so go first."""
        for table in reversed(tables):
            await self.execute(f"delete from {table}")  # noqa: S608 (a name from LOCKS)

    async def truncate(self, tables: Sequence[str]) -> None:
        """Like delete_all(), but immediate on PostgreSQL. The caller has locked the tables (`access exclusive`)."""
        if self.dialect == POSTGRESQL:
            await self.execute(f"truncate {', '.join(tables)}")
        else:
            await self.delete_all(tables)

    async def durability_warning(self) -> str:
        """A setting that could make the database lose a committed transaction; empty if there is none."""
        if self.dialect == SQLITE:
            (row,) = await self.execute("pragma synchronous")
            return "" if row["synchronous"] >= 2 else "SQLite does not sync fully"
        off = [row["name"] for row in await self.all("database.durability_settings") if row["setting"] == "off"]
        return f"PostgreSQL has {', '.join(off)} off: a power cut could lose signatures" if off else ""

    @asynccontextmanager
    async def at_one_moment(self) -> AsyncIterator[None]:
        """Inside, all reads see the same moment of the database, and PostgreSQL refuses to write."""
        await self.execute("begin" if self.dialect == SQLITE else "begin isolation level repeatable read read only")
        try:
            yield
        finally:
            await self.rollback()

    async def begin(self) -> None:
        """Begins a transaction that writes. SQLite takes its lock now, so that nothing fails half-way."""
        await self.execute(sqlite.BEGIN if self.dialect == SQLITE else "begin")
        try:
            if self._on_begin:
                await self._on_begin(self)
        except BaseException:
            await self.rollback()
            raise

    async def commit(self) -> None:
        """Returns when the transaction is on disk."""
        await self.execute("commit")

    async def rollback(self) -> None:
        await self.execute("rollback")


def _bind_value(values: Mapping[str, Value] | None, name: str) -> str | int | None:
    value = (values or {})[name]
    return value if value is None or isinstance(value, str | int) else json.dumps(value)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what the drivers raise into a DatabaseError whose sentence holds no value of any query."""
    try:
        yield
    except asyncpg.LockNotAvailableError:
        raise TableLocked("The database cannot be used: somebody else holds a table for long.") from None
    except asyncpg.DeadlockDetectedError as error:
        raise Deadlock(f"The database cannot be used: {_error_text(error)}.") from None
    except AWAY_ERRORS as error:
        kind = DatabaseError if isinstance(error, LASTING_ERRORS) else DatabaseAway
        raise kind(f"The database cannot be used: {_error_text(error)}.") from None
    except DRIVER_ERRORS as error:
        raise DatabaseError(f"The database cannot be used: {_error_text(error)}.") from None


def _error_text(error: BaseException) -> str:
    if isinstance(error, sqlite3.Error):
        return str(error)
    if isinstance(error, OSError):  # TimeoutError is one too
        return error.strerror or "it does not answer"
    # The message of a PostgreSQL error may quote a value; its class and code never do.
    return f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}".strip()
