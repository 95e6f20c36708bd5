"""Reads a backup of an older schema: its rows go into tables as they were then, and the later migrations change them.

So a migration that moves data moves that of the backup too. The tables are in a SQLite database of their own, without
a name on the disk: it is gone when the process ends, however it ends.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

from petition.core.database import migrations
from petition.core.database.connection import Row
from petition.core.database.queries import SQLITE, queries
from petition.core.database.schema import CONCURRENTLY
from petition.core.errors import DataError
from petition.retention.backup_check import Checks, read_columns
from petition.retention.backup_file import BackupReader, Chunk

_CACHE = "pragma cache_size=-65536"  # 64 MB in memory, the rest in the file


@contextmanager
def current_chunks(
    reader: BackupReader, file: Path, sizes: Mapping[str, int], excluded: Collection[tuple[str, str]]
) -> Iterator[Callable[[], Iterator[Chunk]]]:
    """What gives the chunks of a backup as this version would have written them, as often as it is called.

    `sizes` are the tables of a backup of this version, in its order, with the rows of a chunk; `excluded` are columns
    of tables that it leaves out. Raises DataError.
    """
    version = _version(reader)
    if version >= migrations.latest_version():
        yield reader.chunks
        return
    with closing(sqlite3.connect("", isolation_level=None)) as then:
        then.row_factory = sqlite3.Row
        try:
            _load(then, reader, file, version)
        except sqlite3.Error:
            raise DataError(f"{file} cannot be brought from schema {version} to that of this version.") from None
        yield partial(_read, then, sizes, excluded)


def _version(reader: BackupReader) -> int:
    """A backup begins with the facts about its database. One without a number is for the checks of today."""
    table, rows = next(chain(reader.chunks(), [("", [])]))
    found = [row.get("value") for row in rows if table == "site_state" and row.get("name") == "schema"]
    number = str(found[0]) if found else ""
    return int(number) if number.isdecimal() and int(number) else migrations.latest_version()


def _load(then: sqlite3.Connection, reader: BackupReader, file: Path, version: int) -> None:
    latest = migrations.latest_version()
    then.execute(_CACHE)
    then.execute("begin")
    _apply(then, migrations.statements(SQLITE, version))
    columns = read_columns([dict(row) for row in then.execute(queries(SQLITE)["backup.columns"])])
    checks = Checks(file, columns, {}, None)
    for table, found in reader.chunks():
        _insert(then, table, checks.check(table, found))
    _apply(then, migrations.statements(SQLITE, latest, after=version))


def _apply(then: sqlite3.Connection, statements: list[str]) -> None:
    for statement in statements:
        then.execute(statement.replace(CONCURRENTLY, ""))


def _insert(then: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    for row in rows[:1]:
        sql = f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})"  # noqa: S608 (names that Checks found in our schema)
        then.executemany(sql, [tuple(each.values()) for each in rows])


def _read(then: sqlite3.Connection, sizes: Mapping[str, int], excluded: Collection[tuple[str, str]]) -> Iterator[Chunk]:
    latest = str(migrations.latest_version())
    for table, size in sizes.items():
        cursor = then.execute(f"select * from {table}")  # noqa: S608 (a name from backup.TABLES)
        while rows := cursor.fetchmany(size):
            found = [{name: row[name] for name in row.keys() if (table, name) not in excluded} for row in rows]  # noqa: SIM118 (a row is no dict)
            if table == "site_state":
                found = [{**row, "value": latest} if row["name"] == "schema" else row for row in found]
            yield table, found
