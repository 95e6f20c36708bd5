"""Backup and restore: everything but secrets, outbox, sessions and links, sealed to the organisers' keys."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyrage.x25519 import Identity

from petition.core import encryption
from petition.core.database import migrations, state
from petition.core.database.connection import LOCKS, Connection
from petition.core.database.database import Database
from petition.core.errors import DataError, Deadlock
from petition.core.settings import Settings
from petition.organisers import accounts, activity_log, failed_units, last_checks
from petition.retention import destruction_day
from petition.retention.backup_check import RECORDS, Checks
from petition.retention.backup_file import BackupReader, BackupWriter, Chunk, mac_keys, new_file
from petition.retention.older_backup import current_chunks
from petition.signing import manage, probes
from petition.tally.last_published import LastPublished, get_timeline

# In this order, so that a row comes after the row that it refers to.
TABLES = (
    "site_state",
    "switches",
    "signatures",
    "names",
    "contacts",
    "submissions",
    "email_counts",
    "never_write",
    "refusals",
    "journal",
    "batches",
    "figures",
    "releases",
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
    "follow_ups",
    "time_stamps",
    "sealed_copies",
    "source_checks",
    "pulse",
    "pulse_days",
    "quality_weeks",
    "clusters",
    "notices",
    "paper_counts",
    "edits",
    "log_entries",
    "log_heads",
    "log_files",
    "log_cosignatures",
)
ORGANISER_TABLES = ("organisers", "factors")
ROWS_PER_CHUNK = 2000
_DEADLOCKS = 4  # so often a restore begins again: jobs of a busy site each end one of its tries at most
_LETTERS_PER_CHUNK = 20  # each has a PDF
# A backup must not keep the marks of a form longer than their day.
_EXCLUDED_COLUMNS = {("submissions", name) for name in ("network", "domain", "quick", "mailbox_class")}


@dataclass(frozen=True, slots=True)
class Restored:
    """`made_at`: when the backup was made (ISO); `left_out`: organisers in the file who were left out."""

    rows: int
    made_at: str
    left_out: int
    has_organisers: bool


async def write_backup(database: Database, settings: Settings, file: Path) -> int:
    """Writes the database of one moment, sealed to the recipients; returns the number of rows. Raises DataError."""
    return await database.heavy_read(partial(_write, settings=settings, file=file))


async def _write(c: Connection, *, settings: Settings, file: Path) -> int:
    """All of it, or no file at all: a standby may end this in the middle."""
    recipients, rows = [encryption.parse_recipient(text) for text in settings.recipients], 0
    with new_file(file) as out:
        writer = BackupWriter(out, recipients, mac_keys(settings.desk_keys)[0])
        async for table, part in _read_tables(c):
            writer.write(table, part)
            rows += len(part)
        writer.end()
    return rows


async def _read_tables(c: Connection) -> AsyncIterator[Chunk]:
    for table in await _tables(c):
        async for rows in c.stream_rows(table, _rows_per_chunk(table)):
            yield table, [{name: row[name] for name in row if (table, name) not in _EXCLUDED_COLUMNS} for row in rows]


async def _tables(c: Connection) -> list[str]:
    """Those of a backup that there are. Before an upgrade the schema may be older: then also those of its own."""
    there = {row["name"] for row in await c.all("database.tables")}
    older = migrations.table_names(await migrations.current_version(c)) - {*LOCKS}
    return [table for table in (*TABLES, *sorted(older)) if table in there]


def _rows_per_chunk(table: str) -> int:
    return _LETTERS_PER_CHUNK if table in ("edition_letters", "follow_ups") else ROWS_PER_CHUNK


async def restore_backup(
    database: Database, settings: Settings, identities: list[Identity], file: Path, *, organisers: bool = False
) -> Restored:
    """Replaces the database by a backup, then applies the never-write lists of both.

    All or nothing, in one transaction. The activity log and the editions of this database stay, and organisers and
    their second factors too, unless `organisers` asks for those of the file. Raises DataError for a file that this
    server did not make or that was changed, and KeysError if no identity opens it. A backup of an older schema is
    brought to that of today first.
    """
    reader = BackupReader(file, identities, mac_keys(settings.desk_keys))
    async with database.reading() as c:
        checks = await Checks.of(c, file, TABLES, _EXCLUDED_COLUMNS)
    sizes = {table: _rows_per_chunk(table) for table in TABLES}
    with current_chunks(reader, file, sizes, _EXCLUDED_COLUMNS) as chunks:
        for table, rows in chunks():  # the whole file once, before anything is changed
            checks.check(table, rows)
        job = partial(_restore, chunks=chunks, reader=reader, file=file, organisers=organisers, var=settings.var)
        for _ in range(_DEADLOCKS):
            with suppress(Deadlock):  # with a transaction that reads what is locked already: it has ended by now
                return await database.own_transaction(job)
        return await database.own_transaction(job)


async def _restore(
    c: Connection,
    *,
    chunks: Callable[[], Iterator[Chunk]],
    reader: BackupReader,
    file: Path,
    organisers: bool,
    var: Path,
) -> Restored:
    await c.lock(LOCKS, "access exclusive")
    await refuse_if_ended(c)
    checks = await Checks.of(c, file, TABLES, _EXCLUDED_COLUMNS)  # again: the log may have grown since the first time
    never_write, timeline = await manage.list_never_write(c), await get_timeline(c)
    logged = await c.count_rows("log_entries")
    kept = {*RECORDS, *(() if organisers else ORGANISER_TABLES)}
    await _empty(c, kept)
    total = left_out = 0
    for table, found in chunks():
        rows = checks.check(table, found)
        if table in ORGANISER_TABLES and table in kept:
            left_out += len(rows) if table == "organisers" else 0
        else:
            await c.insert_rows(table, rows)  # what the activity log, the editions and `site_state` still hold stays
            total += len(rows)
    if logged == 0 or await c.count_rows("log_entries") > logged:
        await state.put(c, "log_restored", "yes")  # strangers may have seen a newer log than the file: see petition/log
    await LastPublished(var).accept_loss(c, timeline)  # who restores knows that hours are lost
    await destruction_day.forget(c)  # on this machine, by this clock, it has not been announced yet
    await last_checks.forget(c)
    await failed_units.forget(c)
    await probes.forget(c)
    await manage.apply_never_write(c, never_write)
    await activity_log.append_restored(c, reader.made_at, ", with organisers" if organisers else "")
    return Restored(total, reader.made_at, left_out, bool(await accounts.list_organisers(c)))


async def refuse_if_ended(c: Connection) -> None:
    if await state.is_closed(c):
        raise DataError("Signing has ended here: a restore would bring back what was destroyed.")


async def _empty(c: Connection, kept: set[str]) -> None:
    """Deletes all rows but those of the tables in `kept`. Sessions, links and waiting emails go in any case."""
    await state.put(c, "reordering", "yes")  # without it the triggers forbid deleting the journal
    await c.truncate([table for table in LOCKS if table not in {*kept, "site_state"}])
    await state.delete(c, "reordering")
    await c.run("backup.clear_state")
