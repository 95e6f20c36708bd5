"""Opens SQLite with settings that lose no committed data, and finds its file. It knows no queries."""

import os
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from petition.core.errors import DatabaseError

BEGIN = "begin immediate"
RUSH_BYTES = 1 << 20  # a few hundred signatures with their emails, in the log and in the file
BUSY_TIMEOUT = 10  # seconds that a connection waits for a lock
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT * 1000}",
    "synchronous=full",
    "foreign_keys=on",
    "temp_store=memory",  # the data that undoes a failed statement: faster, and no row of it in another file
    "wal_autocheckpoint=4000",  # 16 MB: a page that changes often is copied to the file once, not four times
    "cache_size=-16000",  # 16 MB: the upper levels of the indexes of ten million rows
)


class SafeConnection(sqlite3.Connection):
    """A connection with foreign keys, waiting for a lock, WAL, and a full sync at each commit."""

    def __init__(self, file: str, **options: Any) -> None:
        """A missing file is not created: an empty database would look like one that has lost everything."""
        super().__init__(f"{Path(file).absolute().as_uri()}?mode=rw", uri=True, **options)
        self.row_factory = sqlite3.Row
        try:
            self._apply_settings()
        except sqlite3.Error:
            self.close()  # nobody gets this connection, so nobody else would
            raise

    def _apply_settings(self) -> None:
        for pragma in _PRAGMAS:
            self.execute(f"pragma {pragma}")
        self._enable_wal()
        self.execute("pragma secure_delete=on")  # a deleted row is overwritten, not only unlinked

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._begin_immediate(sql) if sql == BEGIN else super().execute(sql, *values)

    def _begin_immediate(self, sql: str) -> sqlite3.Cursor:
        """Tries to get the lock every millisecond. SQLite's own waiting soon tries only ten times a second.

        That is too rare to hit the gap between two transactions of a process that writes all the time: a deliverer
        would wait for seconds while hundreds sign.
        """
        end = time.monotonic() + BUSY_TIMEOUT
        super().execute("pragma busy_timeout=1")
        try:
            while True:
                try:
                    return super().execute(sql)
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > end:
                        raise
        finally:
            super().execute(f"pragma busy_timeout={BUSY_TIMEOUT * 1000}")

    def _enable_wal(self) -> None:
        """Only the very first connection switches to WAL. The others may find a lock that SQLite does not wait for."""
        for _ in range(100):
            try:
                self.execute("pragma journal_mode=wal")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(0.05)  # blocks only the thread of this connection, which no other one uses
        raise sqlite3.OperationalError("database is locked")


def prepare_file(url: str, create: bool) -> None:
    """Opens the file once, before the driver does: a thread of the driver would not end if the file cannot be opened.

    Makes the file only if `create` is true. Raises DatabaseError if it is missing, and sqlite3.Error or OSError if it
    cannot be used.
    """
    file = database_file(url)
    if create and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    if not file.is_file():
        raise DatabaseError("There is no database yet: run `petition migrate` first.")
    connect(url).close()


def check_room(url: str) -> None:
    """Raises OSError if a rush finds no room on the disk of the database. The bytes are reserved, not written.

    A small write tells nothing: it fits into pages that the files have already.
    """
    with tempfile.TemporaryFile(dir=database_file(url).parent) as file:
        os.posix_fallocate(file.fileno(), 0, RUSH_BYTES)


def connect(url: str) -> sqlite3.Connection:
    """A connection outside the pool; it begins no transaction by itself."""
    return sqlite3.connect(str(database_file(url)), factory=SafeConnection, isolation_level=None)


def database_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
