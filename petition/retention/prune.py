"""What is no longer needed goes: the daily pruning, the destruction day, and closing for good."""

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
from petition.retention.close import ENDING, destroy_keys, end_and_record, end_hashes, is_replaced
from petition.signing import signatures


async def prune(database: Database, vault: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, twice too."""
    async with reorder.turn(database):
        for module in (rate_limits, signatures, outbox, sessions):
            await database.own_transaction(module.expire)
        await database.own_transaction(signatures.delete_network_tags)
        await outbox.rotate_keys(database, vault)
        await _ended(database, vault, appeal, key_file)
        await reorder.settle_now(database)
        await vacuum.checkpoint(database)


async def _ended(database: Database, vault: ServerKeys, appeal: Appeal, key_file: Path | None) -> None:
    """Signing ends on the destruction day; what was ended before, here or elsewhere, is ended to its end."""
    destruction = appeal.campaign.destruction
    if not isinstance(destruction, Placeholder) and clock.today() >= destruction:
        await database.own_transaction(end_and_record, locking=ENDING)
    elif key_file is not None and await asyncio.to_thread(is_replaced, key_file):
        await database.own_transaction(end_hashes, locking=ENDING)  # as was begun while the database was away
    async with database.reading() as c:
        ended = await state.get(c, "closed")
    if ended is not None:
        await destroy_keys(vault, key_file, int(ended))
