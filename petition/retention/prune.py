"""Pruning: deletes what the retention rules no longer allow, and ends signing on the destruction day."""

import asyncio
from functools import partial
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.core.database import state, vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.mail import expiry, key_rotation, report_counts
from petition.organisers import sessions, switches
from petition.protection import rate_limits
from petition.retention import destruction_day, reorder
from petition.retention.close import CLOSING_TABLES, destroy_keys, end_and_log, end_hashes, is_key_replaced
from petition.retention.restore_key import RestoreKey
from petition.signing import form_counts, set_aside, signatures, undelivered


async def prune(database: Database, server_keys: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, also twice."""
    async with reorder.pruning_lock(database):
        for delete_expired in (
            rate_limits.delete_expired,
            signatures.delete_expired,
            expiry.delete_held,
            report_counts.delete_expired,
            sessions.delete_expired,
            switches.end_freeze,
        ):
            await database.own_transaction(delete_expired)
        await asyncio.to_thread(RestoreKey(server_keys.outbox.folder).delete_expired)
        await database.own_transaction(signatures.delete_marks)
        await database.own_transaction(form_counts.count_if_due)
        await set_aside.expire(database)
        give_back = partial(undelivered.give_back_quota, server_keys=server_keys)
        await expiry.drop_expired(database, give_back)
        await key_rotation.rotate_keys(database, server_keys, give_back)
        await _end_if_due(database, server_keys, appeal, key_file)
        await reorder.reorder_rows_locked(database)
        await vacuum.checkpoint(database)


async def _end_if_due(database: Database, server_keys: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Ends signing on the destruction day, and completes an end that was begun before, here or elsewhere."""
    async with database.reading() as c:
        is_due = await destruction_day.is_due(c, appeal.campaign)
    if is_due:
        await database.own_transaction(partial(_end_on_day, campaign=appeal.campaign), locking=CLOSING_TABLES)
    elif key_file is not None and await asyncio.to_thread(is_key_replaced, key_file):
        # The key was destroyed while the database was away.
        await database.own_transaction(end_hashes, locking=CLOSING_TABLES)
    async with database.reading() as c:
        ended_at = await state.get(c, "closed")
    if ended_at is not None:
        await destroy_keys(server_keys, key_file, int(ended_at))


async def _end_on_day(c: Connection, *, campaign: Campaign) -> None:
    if await destruction_day.is_due(c, campaign):  # again: the day may have moved since
        await end_and_log(c)
