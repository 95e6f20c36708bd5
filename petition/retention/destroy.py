"""The panic button: what can be destroyed at once goes, keys before all else, since they lie on this machine.

What the database holds is worth little without them; it follows when it can be reached.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from petition.core.database import database as db
from petition.core.database import state, vacuum
from petition.core.database.connection import LOCKS, Connection
from petition.core.encryption import OutboxKeys
from petition.core.errors import KeysError, PetitionError
from petition.core.settings import Settings
from petition.mail import outbox
from petition.organisers import activity_log
from petition.retention import close, reorder

# What everybody has seen, and what it is recounted from. A table that comes later is destroyed unless it is named here.
LASTING = (
    *("site_state", "tally", "journal", "journal_hours", "snapshot", "history_hours", "history_days"),
    *("refusals", "correspondence", "answer_summaries"),
)


class What(StrEnum):
    """Each destroys what the one before does, and more."""

    OUTBOX = "outbox"
    HASHES = "hashes"
    ALL = "all"


DESTROYED = {
    What.OUTBOX: "Mail that waited is gone, with its keys. Who waits for a link has to sign again.",
    What.HASHES: "Every keyed hash is gone, with its key and all waiting mail, and signing has ended. Numbers, names "
    "to be printed and sealed addresses stay.",
    What.ALL: "Everything that leads to a person is gone, organisers included, and signing has ended. Numbers and "
    "answers stay.",
}


async def destroy(settings: Settings, what: What) -> list[str]:
    """Destroys it; a sentence for each thing that could not be. Called again, it does what is left to do."""
    failed = await asyncio.to_thread(_keys, settings, what)
    try:
        async with db.open_database(settings.database_url) as database:
            await database.own_transaction(_ACTS[what], locking=(*_EMPTIED[what], "site_state"))
            await reorder.settle(database)
            await vacuum.checkpoint(database)
            await vacuum.rotate_wal(database)
    except PetitionError as error:
        failed.append(f"{error} Its rows are still there: stop the service, and call this again.")
    return failed


def _keys(settings: Settings, what: What) -> list[str]:
    failed = _outbox_keys(settings.outbox_keys)
    return failed if what is What.OUTBOX else failed + _email_key(settings.email_key_file)


def _outbox_keys(folder: Path) -> list[str]:
    keys, failed = OutboxKeys(folder), False
    for name in keys.key_names():
        try:
            keys.destroy(name)
        except OSError:
            failed = True
    return ["A key in the folder of PETITION_OUTBOX_KEYS cannot be overwritten: destroy it."] if failed else []


def _email_key(file: Path | None) -> list[str]:
    if file is None:
        return ["PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one."]
    try:
        close.replace_key(file)
    except KeysError:
        return ["The file of PETITION_EMAIL_KEY cannot be overwritten: destroy it."]
    return []


async def _outbox(c: Connection) -> None:
    await outbox.delete_all(c)
    await activity_log.append(c, activity_log.SERVER, "destroyed the mail that waited")


async def _hashes(c: Connection) -> None:
    await close.end_hashes(c)
    await activity_log.append(c, activity_log.SERVER, "destroyed every keyed hash; signing has ended")


async def _all(c: Connection) -> None:
    await close.end(c)
    await state.put(c, "destroying", "yes")  # only so the record of the desk may go
    await c.delete_all(_EMPTIED[What.ALL])
    await state.delete(c, "destroying")


_EMPTIED = {
    What.OUTBOX: ("outbox",),
    What.HASHES: close.ENDING,
    What.ALL: tuple(table for table in LOCKS if table not in LASTING),
}
_ACTS: dict[What, Callable[[Connection], Awaitable[object]]] = {
    What.OUTBOX: _outbox,
    What.HASHES: _hashes,
    What.ALL: _all,
}
