"""What a restore takes from a file: known tables and columns, values that fit them, and no other record than there is.

The names of tables and columns that reach SQL are those of our schema, never those of the file.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petition.core.database import migrations, state
from petition.core.database.connection import Connection, Row
from petition.core.errors import DataError
from petition.core.key_fingerprints import EMAIL_KEY

_BIGINT = range(-(2**63), 2**63)
_TYPES = {"text": str, "bigint": int}
# Tables of which no row ever changes or goes: table -> its key, and what a row is.
RECORDS = {
    "actions": ("n", "line of the activity log"),
    "editions": ("number", "edition"),
    "edition_letters": ("reference", "letter"),
    "edition_annexes": ("reference", "annex"),
    "follow_ups": ("reference", "letter"),
    "time_stamps": ("edition", "time stamp"),
    "paper_counts": ("n", "count of a paper sheet"),
    "edits": ("id", "version of"),
    "log_entries": ("n", "entry of the public log"),
    "log_heads": ("below", "head of the public log"),
    "log_files": ("sha256", "file beside the public log"),
    "log_cosignatures": ("line", "cosignature"),
}


@dataclass(frozen=True, slots=True)
class _Column:
    type: type
    nullable: bool
    optional: bool  # a row may lack it


def read_columns(rows: list[Row], excluded: Collection[tuple[str, str]] = ()) -> dict[str, dict[str, _Column]]:
    """The columns of each table, from what `backup.columns` tells of a database."""
    columns: dict[str, dict[str, _Column]] = {}
    for row in rows:
        if row["type"] in _TYPES and (row["table"], row["name"]) not in excluded:
            column = _Column(_TYPES[row["type"]], bool(row["nullable"]), bool(row["optional"]))
            columns.setdefault(row["table"], {})[row["name"]] = column
    return columns


class Checks:
    """Checks the chunks of a file against the schema and the record of a database."""

    def __init__(
        self,
        file: Path,
        columns: dict[str, dict[str, _Column]],
        record: dict[str, dict[Any, Row]],
        email_key: str | None,
    ) -> None:
        self._file, self._columns, self._record, self._email_key = file, columns, record, email_key

    @classmethod
    async def of(
        cls, c: Connection, file: Path, tables: Collection[str], excluded: Collection[tuple[str, str]]
    ) -> "Checks":
        """For a file that may hold `tables`, without the `excluded` columns of tables."""
        columns = read_columns(await c.all("backup.columns"), excluded)
        columns = {table: columns.get(table, {}) for table in tables}
        rows = {
            "actions": await c.all("backup.actions"),
            "editions": await c.all("backup.editions"),
            "edition_letters": await c.all("backup.edition_letters"),
            "edition_annexes": await c.all("backup.edition_annexes"),
            "follow_ups": await c.all("backup.follow_ups"),
            "time_stamps": await c.all("backup.time_stamps"),
            "paper_counts": await c.all("backup.paper_counts"),
            "edits": await c.all("backup.edits"),
            "log_entries": await c.all("backup.log_entries"),
            "log_heads": await c.all("backup.log_heads"),
            "log_files": await c.all("backup.log_files"),
            "log_cosignatures": await c.all("backup.log_cosignatures"),
        }
        record = {table: {row[key]: row for row in rows[table]} for table, (key, _) in RECORDS.items()}
        return cls(file, columns, record, await state.get(c, EMAIL_KEY))

    def check(self, table: str, rows: list[Row]) -> list[Row]:
        """The rows, under the names of our own columns. Raises DataError."""
        if table not in self._columns:
            raise DataError(f"{self._file} names a table that no backup has: {table[:40]!r}.")
        checked = [self._check_row(table, row) for row in rows]
        if any(row.keys() != checked[0].keys() for row in checked):
            raise DataError(f"{self._file} has rows of {table} with different columns.")
        if table == "site_state":
            self._refuse_newer(checked)
            self._refuse_other_email_key(checked)
        if table in RECORDS:
            self._refuse_other_record(table, checked)
        return checked

    def _check_row(self, table: str, row: Row) -> Row:
        columns = self._columns[table]
        if unknown := sorted(row.keys() - columns.keys()):
            raise DataError(f"{self._file} names a column that {table} does not have: {unknown[0][:40]!r}.")
        for name, column in columns.items():
            if not (_fits(row[name], column) if name in row else column.optional):
                raise DataError(
                    f"{self._file} has a row of {table} whose {name} is missing or no {column.type.__name__}."
                )
        return {name: row[name] for name in columns if name in row}

    def _refuse_newer(self, rows: list[Row]) -> None:
        """This version could neither show nor erase what a later version stores."""
        if any(row["name"] == "schema" and int(row["value"]) > migrations.latest_version() for row in rows):
            raise DataError(f"{self._file} was made by a newer version of Petition: update this one.")

    def _refuse_other_email_key(self, rows: list[Row]) -> None:
        """Nobody in such a file would be recognised here. Where signing has ended there is no key to compare with."""
        if self._email_key and any(row["name"] == EMAIL_KEY and row["value"] != self._email_key for row in rows):
            raise DataError(
                f"{self._file} is of a site with another PETITION_EMAIL_KEY: put that one into the settings first "
                "(`petition keys open` takes it from the sealed keys)."
            )

    def _refuse_other_record(self, table: str, rows: list[Row]) -> None:
        key, noun = RECORDS[table]
        for row in rows:
            live = self._record.get(table, {}).get(row[key], {})
            if any(row.get(name) != value for name, value in live.items()):
                raise DataError(
                    f"{self._file} has another {noun} {row[key]} than this database, which never changes one: restore "
                    "it into a new database."
                )


def _fits(value: object, column: _Column) -> bool:
    if value is None:
        return column.nullable
    if isinstance(value, str) and column.type is str:
        return "\0" not in value and _is_unicode(value)
    return type(value) is column.type is int and value in _BIGINT


def _is_unicode(text: str) -> bool:
    """False for half of a surrogate pair, which no database stores."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
