"""What is no longer needed goes: the daily pruning, the destruction day, and closing for good."""

import asyncio
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Placeholder
from petition.core import clock
from petition.core.database import vacuum
from petition.core.database.database import Connection, Database
from petition.core.encryption import Vault
from petition.mail import outbox
from petition.organisers import sessions
from petition.retention import reorder
from petition.retention.close import destroy_keys, end_and_record, end_hashes, is_replaced
from petition.signing import signatures


async def prune(database: Database, vault: Vault, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, twice too."""
    await database.write(_expire)
    await outbox.rotate(database, vault)
    destruction = appeal.campaign.destruction
    if not isinstance(destruction, Placeholder) and clock.today() >= destruction:
        await database.write(end_and_record)
    elif key_file is not None and await asyncio.to_thread(is_replaced, key_file):
        await database.write(end_hashes)  # as was begun while the database was away
    async with database.reading() as c:
        ended = await c.one("house.get", name="closed")
    if ended is not None:
        await destroy_keys(vault, key_file, int(ended["value"]))
    await reorder.settle(database)
    await vacuum.compact(database)


async def _expire(c: Connection) -> None:
    await signatures.expire(c)
    await outbox.expire(c)
    await sessions.expire(c)
