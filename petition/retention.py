"""What is no longer needed goes: the daily pruning, the destruction day, and closing for good."""

import asyncio
import secrets
from pathlib import Path

from petition import clock, organisers, outbox, signatures
from petition.appeal import Appeal
from petition.campaign import Placeholder
from petition.db import Connection, Database
from petition.sealing import Vault


async def prune(database: Database, vault: Vault, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, twice too."""
    await database.write(_expire)
    await outbox.rotate(database, vault)
    destruction = appeal.campaign.destruction
    if not isinstance(destruction, Placeholder) and clock.today() >= destruction:
        await close(database, vault, key_file)
    await database.compact()


async def _expire(c: Connection) -> None:
    await signatures.expire(c)
    await outbox.expire(c)
    await organisers.expire(c)


async def close(database: Database, vault: Vault, key_file: Path | None) -> None:
    """Ends signing for good: every keyed hash goes, with names, contacts and waiting mail, then the keys.

    Counts, journal, organisers and what governments answered stay.
    """
    async with database.reading() as c:
        done = await closed(c)
    if not done:  # the keys first: whatever stops us here, the next call finds the rest still to be done
        for name in vault.outbox.names():
            vault.outbox.destroy(name)
        if key_file is not None:
            # A new random key, so that the site still starts; nothing is ever hashed with it.
            await asyncio.to_thread(key_file.write_text, secrets.token_urlsafe(48), "utf-8")
        await database.write(_close)
    await database.compact()


async def _close(c: Connection) -> None:
    await signatures.close(c)
    await outbox.close(c)
    await c.run("house.keep", name="closed", value=clock.today().isoformat())


async def closed(c: Connection) -> bool:
    """Whether signing has ended for good."""
    return await c.one("house.get", name="closed") is not None
