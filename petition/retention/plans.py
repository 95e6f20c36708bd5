"""What a close, a destroy or a restore would do, in lines for the person who is asked. Nothing is changed here.

Counts are powers of ten, as everywhere.
"""

import asyncio
from pathlib import Path

from pyrage.x25519 import Identity

from petition.core.database import database as db
from petition.core.database import sqlite, state
from petition.core.database.connection import Connection
from petition.core.errors import PetitionError
from petition.core.outbox_keys import OutboxKeys
from petition.core.settings import Settings
from petition.retention.backup import refuse_if_ended
from petition.retention.backup_file import BackupReader, mac_keys
from petition.retention.destroy import RESULTS, Scope
from petition.tally.rounding import show_magnitude

PATIENCE = 3  # seconds that a panic waits for the database before it asks
_NOUNS = {
    "signatures": "signatures",
    "names": "names to be printed",
    "contacts": "sealed addresses",
    "submissions": "waiting forms",
    "emails": "waiting emails",
    "organisers": "organisers",
}
_HASHED = ("signatures", "names", "contacts", "submissions", "emails")
_TAKEN = {  # what each scope takes from the database
    Scope.OUTBOX: ("emails",),
    Scope.HASHES: ("submissions", "emails"),
    Scope.ALL: (*_HASHED, "organisers"),
}


async def plan_close(c: Connection, settings: Settings) -> list[str]:
    counts = await _count(c)
    first = "Signing has ended already: this does what is left to do." if await state.is_closed(c) else ""
    return [
        first or "This ends signing for good. No backup can be restored here after it.",
        f"Goes: every keyed hash, {_show(counts, _HASHED)}, and the never-write list; then {_email_key(settings)}.",
        "Stays: numbers, history, letters, answers of governments, organisers and the activity log.",
    ]


async def plan_destroy(settings: Settings, scope: Scope) -> list[str]:
    """What it can tell, if the database is away."""
    keys = OutboxKeys(settings.outbox_keys)
    names = [*keys.key_names(), *keys.holder_keys.files.names()]
    more = "" if scope is Scope.OUTBOX else f", {_email_key(settings)}"
    return [
        f"This destroys {scope} for good: keys first, then rows.",
        f"Keys: {len(names)} in the folder of PETITION_OUTBOX_KEYS{more}.",
        await _plan_rows(settings, scope),
        f"After it: {RESULTS[scope]}",
    ]


async def _plan_rows(settings: Settings, scope: Scope) -> str:
    counting = asyncio.create_task(_try_counting(settings))
    await asyncio.wait({counting}, timeout=PATIENCE)
    found = counting.result() if counting.done() else "The database does not answer."
    if isinstance(found, str):
        return f"Rows: {found} They would stay until this is called again with the database."
    return f"Rows: {_show(found, _TAKEN[scope])}."


async def _try_counting(settings: Settings) -> dict[str, int] | str:
    """The counts, or why there are none."""
    try:
        async with db.open_database(settings.database_url) as database, database.reading() as c:
            return await _count(c)
    except PetitionError as error:
        return str(error)


async def count_replaced(settings: Settings, *, organisers: bool) -> dict[str, int] | None:
    """What a restore would replace; None if there is nothing yet.

    Raises DatabaseError if that cannot be seen, and DataError where signing has ended.
    """
    url = settings.database_url
    if url.startswith("sqlite") and not sqlite.database_file(url).exists():
        return None
    async with db.open_database(url) as database, database.reading() as c:
        if await c.one("migrations.is_migrated") is None:
            return None
        await refuse_if_ended(c)
        counts = await _count(c)
        found = await c.one("plans.other_data")
    replaced = counts if organisers else {name: n for name, n in counts.items() if name != "organisers"}
    return replaced if found or any(replaced.values()) else None


async def plan_restore(
    settings: Settings, identities: list[Identity], file: Path, replaced: dict[str, int] | None
) -> list[str]:
    """Reads the whole file. Raises DataError and KeysError as the restore does."""
    made_at, rows = await asyncio.to_thread(_read_backup, settings, identities, file)
    first = f"The backup was made at {made_at} and has {show_magnitude(rows)} rows."
    if replaced is None:
        return [first, "There is nothing here that it would replace."]
    kept = "" if "organisers" in replaced else ", organisers and their factors"
    return [
        first,
        f"Goes: {_show(replaced, tuple(replaced))}, and all else that came here since that moment; sessions and links.",
        f"Stays: the activity log, editions{kept}, and what the never-write list says.",
    ]


def _read_backup(settings: Settings, identities: list[Identity], file: Path) -> tuple[str, int]:
    reader = BackupReader(file, identities, mac_keys(settings.desk_keys))
    rows = sum(len(rows) for _, rows in reader.chunks())
    return reader.made_at, rows


async def _count(c: Connection) -> dict[str, int]:
    row = await c.one("plans.counts") or {}
    return {name: int(n) for name, n in row.items()}


def _show(counts: dict[str, int], names: tuple[str, ...]) -> str:
    return ", ".join(f"{show_magnitude(counts[name])} {_NOUNS[name]}" for name in names)


def _email_key(settings: Settings) -> str:
    if settings.email_key_file is None:
        return "not PETITION_EMAIL_KEY, which stands in the environment: destroy it yourself"
    return "the key in the file of PETITION_EMAIL_KEY"
