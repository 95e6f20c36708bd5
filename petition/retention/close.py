"""How signing ends for good: every keyed hash is deleted, with names, contacts and waiting emails, then the keys."""

import asyncio
import secrets
from contextlib import suppress
from pathlib import Path

from petition.core import clock, key_files
from petition.core.database import state, vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import KeysError
from petition.core.key_fingerprints import EMAIL_KEY, REPLACED_PREFIX
from petition.mail import outbox
from petition.organisers import activity_log
from petition.retention import reorder
from petition.signing import printed_names

CLOSING_TABLES = (*printed_names.PERSONAL_TABLES, "outbox", "outbox_key_copies")  # emptied when signing ends


async def close_signing(database: Database, server_keys: ServerKeys, key_file: Path | None) -> None:
    """Ends signing for good: deletes keyed hashes, names, contacts and waiting emails, then this machine's keys.

    Counts, journal, organisers and what governments answered stay. Another machine on the same database destroys
    its own keys when it prunes. A second call does what is left to do. Raises KeysError if a key cannot be replaced.
    """
    await destroy_keys(server_keys, key_file, await database.own_transaction(end_and_log, locking=CLOSING_TABLES))
    await reorder.reorder_rows(database)
    await vacuum.checkpoint(database)


async def destroy_keys(server_keys: ServerKeys, key_file: Path | None, ended_at: int) -> None:
    """Destroys this machine's keys. Outbox keys that are younger than the end stay: organisers still get emails."""
    for name in server_keys.outbox.made_by(ended_at):
        server_keys.outbox.destroy(name)
    holder_keys = server_keys.outbox.holder_keys.files
    for name in holder_keys.made_by(ended_at):
        holder_keys.destroy(name)
    if key_file is not None:
        await asyncio.to_thread(replace_key, key_file)


def replace_key(key_file: Path) -> None:
    """Replaces the key by a random one, marked as such, so that the site still starts. Nothing is hashed with it.

    Raises KeysError if the file cannot be written.
    """
    try:
        if not is_key_replaced(key_file):
            key_files.overwrite_file(key_file, REPLACED_PREFIX)
    except OSError:
        raise KeysError("Signing has ended, but the file of PETITION_EMAIL_KEY cannot be replaced: do so.") from None


def is_key_replaced(key_file: Path) -> bool:
    with suppress(FileNotFoundError):  # no file: it is still to be replaced
        return key_file.read_bytes().startswith(REPLACED_PREFIX.encode())
    return False


async def end_and_log(c: Connection) -> int:
    was_closed = await state.is_closed(c)
    ended_at = await end_signing(c)
    if not was_closed:
        await activity_log.append(c, activity_log.SERVER, "ended signing for good")
    return ended_at


async def end_signing(c: Connection) -> int:
    """Deletes everything that leads to a person who signed; returns when signing ended (epoch seconds)."""
    ended, kept_names = await state.get(c, "closed"), await state.get(c, "names_kept")
    if ended is None or kept_names is not None:
        await printed_names.delete_keyed_hashes(c)
        await outbox.delete_all(c)
        await state.delete(c, "names_kept")
        await state.delete(c, EMAIL_KEY)
        if ended is None:
            await state.put(c, "closed", str(clock.epoch()))
    return int(ended) if ended else clock.epoch()


async def end_hashes(c: Connection) -> None:
    """Ends signing and deletes every keyed hash. Names and contacts stay under random keys, until end_signing()."""
    if await state.is_closed(c):
        return
    rows = [
        {**row, "mailbox": (key := secrets.token_hex(16)), "email_hash": key}
        for row in await printed_names.list_named_or_contactable(c)
    ]
    await end_signing(c)
    await printed_names.insert_with_new_keys(c, rows)
    await state.put(c, "names_kept", "names")
