"""Pruning: deletes what the retention rules no longer allow, and ends signing on the destruction day."""

import asyncio
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Placeholder
from petition.core import clock
from petition.core.database import state, vacuum
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.mail import outbox
from petition.organisers import sessions
from petition.protection import rate_limits
from petition.retention import reorder
from petition.retention.close import CLOSING_TABLES, destroy_keys, end_and_log, end_hashes, is_key_replaced
from petition.retention.restore_key import RestoreKey
from petition.signing import signatures


async def prune(database: Database, server_keys: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, also twice."""
    async with reorder.pruning_lock(database):
        for delete_expired in (
            rate_limits.delete_expired,
            signatures.delete_expired,
            outbox.delete_expired,
            sessions.delete_expired,
        ):
            await database.own_transaction(delete_expired)
        await asyncio.to_thread(RestoreKey(server_keys.outbox.folder).delete_expired)
        await database.own_transaction(signatures.delete_network_tags)
        await outbox.rotate_keys(database, server_keys)
        await _end_if_due(database, server_keys, appeal, key_file)
        await reorder.reorder_rows_locked(database)
        await vacuum.checkpoint(database)


async def _end_if_due(database: Database, server_keys: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Ends signing on the destruction day, and completes an end that was begun before, here or elsewhere."""
    destruction = appeal.campaign.destruction
    if not isinstance(destruction, Placeholder) and clock.today() >= destruction:
        await database.own_transaction(end_and_log, locking=CLOSING_TABLES)
    elif key_file is not None and await asyncio.to_thread(is_key_replaced, key_file):
        # The key was destroyed while the database was away.
        await database.own_transaction(end_hashes, locking=CLOSING_TABLES)
    async with database.reading() as c:
        ended_at = await state.get(c, "closed")
    if ended_at is not None:
        await destroy_keys(server_keys, key_file, int(ended_at))
