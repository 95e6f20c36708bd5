"""Backup and restore: everything but secrets, outbox, sessions and links, sealed to the organisers' keys.

The file is lines of base64. Each line is an age message (age-encryption.org/v1) with a few thousand rows, so that a
large backup needs little memory. The last line holds the hash of all lines before it, so that a cut or changed file
is noticed.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyrage

from petition.core import encryption
from petition.core.database import migrations, state
from petition.core.database.connection import LOCKS, Connection, Row
from petition.core.database.database import Database
from petition.core.errors import DataError, KeysError
from petition.core.settings import Mode
from petition.organisers import activity_log
from petition.signing import manage

# In this order, so that a row comes after the row that it refers to.
TABLES = (
    "site_state",
    "signatures",
    "names",
    "contacts",
    "submissions",
    "email_counts",
    "never_write",
    "refusals",
    "tally",
    "journal",
    "journal_hours",
    "history_hours",
    "history_days",
    "organisers",
    "factors",
    "actions",
    "correspondence",
    "corrections",
    "answer_summaries",
    "editions",
    "edition_letters",
    "enabled_annexes",
    "edition_annexes",
    "source_checks",
)
ROWS_PER_CHUNK = 5000
_EXCLUDED_COLUMNS = {"network"}  # a backup must not keep the tags of networks longer than their day
Chunk = tuple[str, list[Row]]


async def write_backup(database: Database, recipients: tuple[str, ...], file: Path) -> int:
    """Writes the database of one moment, sealed to the recipients; returns the number of rows. Raises DataError."""
    keys = [encryption.parse_recipient(text) for text in recipients]
    digest, rows = hashlib.sha256(), 0
    try:
        with file.open("xb") as out:
            async with database.reading() as c:
                async for chunk in _read_tables(c):
                    _write_chunk(out, keys, digest, chunk)
                    rows += len(chunk[1])
            _write_chunk(out, keys, digest, ("end", [{"sha256": digest.hexdigest(), "rows": rows}]))
    except FileExistsError:
        raise DataError(f"{file} exists already.") from None
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror}.") from None
    return rows


async def _read_tables(c: Connection) -> AsyncIterator[Chunk]:
    for table in TABLES:
        async for rows in c.stream_rows(table, ROWS_PER_CHUNK):
            yield table, [{name: row[name] for name in row if name not in _EXCLUDED_COLUMNS} for row in rows]


def _write_chunk(out: BinaryIO, keys: list[Any], digest: "hashlib._Hash", chunk: Chunk) -> None:
    line = base64.b64encode(pyrage.encrypt(zlib.compress(json.dumps(chunk).encode()), keys))
    digest.update(line)
    out.write(line + b"\n")


async def restore_backup(database: Database, mode: Mode, identity: str, file: Path) -> int:
    """Replaces the database by a backup, then applies the never-write lists of both; returns the number of rows.

    All or nothing, in one transaction. Raises DataError for a file that is cut, changed or no backup, and KeysError if
    it does not open with this identity.
    """
    key = encryption.parse_identity(identity)
    _verify_file(key, file)
    return await database.own_transaction(partial(_restore, mode=mode, key=key, file=file))


async def _restore(c: Connection, *, mode: Mode, key: Any, file: Path) -> int:
    await c.lock(LOCKS, "access exclusive")
    if await state.is_closed(c):
        raise DataError("Signing has ended here: a restore would bring back what was destroyed.")
    never_write = await manage.list_never_write(c)
    log_lines = await activity_log.list_all_lines(c)
    await c.drop_everything()
    await migrations.apply_all(c, mode)
    total = 0
    for table, rows in _read_chunks(key, file):
        if table != "end":
            await c.insert_rows(table, rows)  # `mode` and `schema` stay as the migration has just set them
            total += len(rows)
    await manage.apply_never_write(c, never_write)
    await c.insert_rows("actions", log_lines)  # what was done since the backup stays in the log
    await activity_log.append(c, activity_log.SERVER, "restored a backup")
    return total


def _verify_file(key: Any, file: Path) -> None:
    """Reads the whole file once, before anything is changed."""
    digest, end = hashlib.sha256(), None
    for line, (table, rows) in _decrypt_lines(key, file):
        if table == "end":
            end = rows[0]["sha256"]
            break
        if table == "site_state":
            _refuse_newer(file, rows)
        digest.update(line)
    if end != digest.hexdigest():
        raise DataError(f"{file} is not a whole backup.")


def _refuse_newer(file: Path, state_rows: list[Row]) -> None:
    """This version could neither show nor erase what a later version stores."""
    if any(row["name"] == "schema" and int(row["value"]) > migrations.latest_version() for row in state_rows):
        raise DataError(f"{file} was made by a newer version of Petition: update this one.")


def _read_chunks(key: Any, file: Path) -> Iterator[Chunk]:
    return (chunk for _, chunk in _decrypt_lines(key, file))


def _decrypt_lines(key: Any, file: Path) -> Iterator[tuple[bytes, Chunk]]:
    try:
        with file.open("rb") as lines:
            for line in lines:
                content = pyrage.decrypt(base64.b64decode(line, validate=False), [key])
                table, rows = json.loads(zlib.decompress(content))
                yield line.rstrip(b"\n"), (table, rows)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None
    except pyrage.DecryptError:
        raise KeysError("The backup does not open with this identity, or it is damaged.") from None
    except (ValueError, zlib.error):
        raise DataError(f"{file} is not a backup.") from None
