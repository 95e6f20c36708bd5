"""The panic button: destroys at once what can be destroyed, keys before all else, since they are on this machine.

Without the keys the content of the database is worth little. It is deleted next, if the database can be reached.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from petition.core.database import database as db
from petition.core.database import state, vacuum
from petition.core.database.connection import LOCKS, Connection
from petition.core.errors import KeysError, PetitionError
from petition.core.outbox_keys import OutboxKeys
from petition.core.settings import Settings
from petition.mail import outbox
from petition.organisers import activity_log
from petition.retention import close, reorder
from petition.retention.restore_key import RestoreKey

# What everybody has seen, and what it can be counted from again. A new table is destroyed unless it is named here.
KEPT_TABLES = (
    "site_state",
    "journal",
    "figures",
    "releases",
    "quality_weeks",
    "refusals",
    "correspondence",
    "answer_summaries",
    "edits",
    "log_entries",
    "log_heads",
    "log_files",
    "log_cosignatures",
)


class Scope(StrEnum):
    """Each scope destroys what the one before it does, and more."""

    OUTBOX = "outbox"
    HASHES = "hashes"
    ALL = "all"


RESULTS = {
    Scope.OUTBOX: "Mail that waited is gone, with its keys. Who waits for a link has to sign again.",
    Scope.HASHES: "Every keyed hash is gone, with its key and all waiting mail, and signing has ended. Numbers, names "
    "to be printed and sealed addresses stay.",
    Scope.ALL: "Everything that leads to a person is gone, organisers included, and signing has ended. Numbers and "
    "answers stay.",
}


async def destroy_scope(settings: Settings, scope: Scope) -> list[str]:
    """Returns a sentence for each thing that could not be destroyed. A second call does what is left to do."""
    failures = await asyncio.to_thread(_destroy_keys, settings, scope)
    try:
        async with db.open_database(settings.database_url) as database:
            await database.own_transaction(_ACTIONS[scope], locking=(*_EMPTIED_TABLES[scope], "edits", "site_state"))
            await reorder.reorder_rows(database)
            await vacuum.checkpoint(database)
            await vacuum.rotate_wal(database)
    except PetitionError as error:
        failures.append(f"{error} Its rows are still there: stop the service, and call this again.")
    return failures


def _destroy_keys(settings: Settings, scope: Scope) -> list[str]:
    failures = _destroy_outbox_keys(settings.outbox_keys)
    return failures if scope is Scope.OUTBOX else failures + _replace_email_key(settings.email_key_file)


def _destroy_outbox_keys(folder: Path) -> list[str]:
    keys, failed = OutboxKeys(folder), False
    holder_keys = keys.holder_keys.files
    for kind, names in ((keys, keys.key_names()), (holder_keys, holder_keys.names())):
        for name in names:
            try:
                kind.destroy(name)
            except OSError:
                failed = True
    try:
        RestoreKey(folder).destroy()
    except OSError:
        failed = True
    return ["A key in the folder of PETITION_OUTBOX_KEYS cannot be overwritten: destroy it."] if failed else []


def _replace_email_key(file: Path | None) -> list[str]:
    if file is None:
        return ["PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one."]
    try:
        close.replace_key(file)
    except KeysError:
        return ["The file of PETITION_EMAIL_KEY cannot be overwritten: destroy it."]
    return []


async def _destroy_outbox(c: Connection) -> None:
    await outbox.delete_all(c)
    await activity_log.append(c, activity_log.SERVER, "destroyed the emails that waited")


async def _destroy_hashes(c: Connection) -> None:
    await close.end_hashes(c)
    await activity_log.append(c, activity_log.SERVER, "destroyed every keyed hash; signing has ended")


async def _destroy_all(c: Connection) -> None:
    await close.end_signing(c)
    await state.put(c, "destroying", "yes")  # without it the triggers forbid deleting the activity log
    await c.run("edits.forget_nicknames")
    await c.delete_all(_EMPTIED_TABLES[Scope.ALL])
    await state.delete(c, "destroying")


_EMPTIED_TABLES = {
    Scope.OUTBOX: ("outbox", "outbox_key_copies"),
    Scope.HASHES: close.CLOSING_TABLES,
    Scope.ALL: tuple(table for table in LOCKS if table not in KEPT_TABLES),
}
_ACTIONS: dict[Scope, Callable[[Connection], Awaitable[object]]] = {
    Scope.OUTBOX: _destroy_outbox,
    Scope.HASHES: _destroy_hashes,
    Scope.ALL: _destroy_all,
}
