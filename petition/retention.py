"""What is no longer needed goes: the daily pruning, the destruction day, and closing for good."""

import asyncio
from pathlib import Path

from petition import clock, outbox, sealing, sessions, settling, signatures
from petition.appeal import Appeal
from petition.campaign import Placeholder
from petition.db import Connection, Database
from petition.errors import KeysError
from petition.sealing import Vault

_AFTER = "after-closing-"


async def prune(database: Database, vault: Vault, appeal: Appeal, key_file: Path | None) -> None:
    """Applies the retention rules now; `petition serve` does it every hour. Safe to run at any time, twice too."""
    await database.write(_expire)
    await outbox.rotate(database, vault)
    async with database.reading() as c:
        over = await closed(c)
    destruction = appeal.campaign.destruction
    if over or (not isinstance(destruction, Placeholder) and clock.today() >= destruction):
        await close(database, vault, key_file)
    await settling.settle(database)
    await database.compact()


async def _expire(c: Connection) -> None:
    await signatures.expire(c)
    await outbox.expire(c)
    await sessions.expire(c)


async def close(database: Database, vault: Vault, key_file: Path | None) -> None:
    """Ends signing for good: every keyed hash goes, with names, contacts and waiting mail, then this machine's keys.

    Counts, journal, organisers and what governments answered stay. Another machine on the same database destroys
    its own keys when it prunes. Called again, it does what is left to do. Raises KeysError if a key cannot be.
    """
    ended = await database.write(_close)
    for name in vault.outbox.made_until(ended):
        vault.outbox.destroy(name)
    if key_file is not None:
        await asyncio.to_thread(_replace, key_file)
    await settling.settle(database)
    await database.compact()


def _replace(key_file: Path) -> None:
    """A new random key, marked as such, so that the site still starts; nothing is ever hashed with it."""
    try:
        if not key_file.read_bytes().startswith(_AFTER.encode()):
            sealing.overwrite(key_file, _AFTER)
    except OSError:
        raise KeysError("Signing has ended, but the file of PETITION_EMAIL_KEY cannot be replaced: do so.") from None


async def _close(c: Connection) -> int:
    """The moment signing ended, now or before."""
    if (row := await c.one("house.get", name="closed")) is not None:
        return int(row["value"])
    await signatures.close(c)
    await outbox.close(c)
    await c.run("house.keep", name="closed", value=str(clock.epoch()))
    return clock.epoch()


async def closed(c: Connection) -> bool:
    """Whether signing has ended for good."""
    return await c.one("house.get", name="closed") is not None
