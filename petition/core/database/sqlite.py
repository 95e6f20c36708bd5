"""What SQLite needs to be trusted, and where its file is. Knows nothing of queries."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from petition.core.errors import DatabaseError

BEGIN = "begin immediate"
BUSY_TIMEOUT = 10  # seconds that a connection waits for a lock
_PRAGMAS = (
    f"busy_timeout={BUSY_TIMEOUT * 1000}",
    "synchronous=full",
    "foreign_keys=on",
    "temp_store=memory",  # what would undo a half-done statement: faster, and no row of it in another file
    "cache_size=-16000",  # 16 MB: the upper floors of the indexes of ten million rows
)


class SafeConnection(sqlite3.Connection):
    """What SQLite needs to be trusted: foreign keys, waiting for a lock, WAL, and a full sync at each commit."""

    def __init__(self, file: str, **options: Any) -> None:
        """A file that is not there is not made anew: an empty database would look like one that lost everything."""
        super().__init__(f"{Path(file).absolute().as_uri()}?mode=rw", uri=True, **options)
        self.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            self.execute(f"pragma {pragma}")
        self._enable_wal()
        self.execute("pragma secure_delete=on")  # an erased row is overwritten, not only unlinked

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """As ever, but for `begin immediate`."""
        return self._begin_immediate(sql) if sql == BEGIN else super().execute(sql, *values)

    def _begin_immediate(self, sql: str) -> sqlite3.Cursor:
        """Looks for its turn every millisecond. SQLite's own waiting soon looks ten times a second only.

        That is too seldom to meet the gap between two transactions of a process that writes without rest: a deliverer
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


def prepare_file(url: str, create: bool) -> None:
    """Opens the file once, here and not in a thread of the driver's, which would outlive its failure.

    Makes it only if `create` says so. Raises DatabaseError if it is missing, sqlite3.Error or OSError if it is no use.
    """
    file = database_file(url)
    if create and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    if not file.is_file():
        raise DatabaseError("There is no database yet: run `petition migrate` first.")
    connect(url).close()


def connect(url: str) -> sqlite3.Connection:
    """A connection of one's own; transactions begin when told to."""
    return sqlite3.connect(str(database_file(url)), factory=SafeConnection, isolation_level=None)


def database_file(url: str) -> Path:
    """The file of a sqlite:/// address."""
    return Path(url.removeprefix("sqlite:///"))
