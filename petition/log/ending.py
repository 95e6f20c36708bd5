"""The end: the last entry of the log, and then its key."""

import asyncio
from contextlib import suppress

from petition.campaign.appeal import Appeal
from petition.core import clock, key_files
from petition.core.database.database import open_database
from petition.core.errors import PetitionError
from petition.core.log_keys import DESTROYED
from petition.core.settings import Settings
from petition.log import heads, store
from petition.log.collect import end_entry
from petition.log.folder import Folder
from petition.log.keeper import Keeper, read_own_note
from petition.log.publishing import publish
from petition.log.store import New
from petition.site import Site

_SECONDS = 2  # for the entry: who presses the panic button does not wait for it


async def log_end(site: Site) -> None:
    """If the server of this machine runs, it does the same a moment later."""
    await Keeper(site).work()


async def destroy(settings: Settings, everything: bool) -> list[str]:
    """Says that it is the end. With everything, the head that has it is the last, and the key is destroyed."""
    with suppress(PetitionError, TimeoutError, OSError):  # what is dangerous is gone already; an entry is a courtesy
        async with asyncio.timeout(_SECONDS):
            await _log_end(settings, everything)
    return await asyncio.to_thread(_destroy_key, settings) if everything else []


async def _log_end(settings: Settings, everything: bool) -> None:
    reason = "destroyed" if everything else "closed"
    async with open_database(settings.database_url) as database:
        async with database.reading() as c:
            if (log := await store.read_log(c)) is None:
                return
            own_note = await read_own_note(c, Folder(settings.var))
        entry = end_entry(reason, clock.epoch())
        if entry["reason"] not in [end["reason"] for end in log.of_kind("end")]:
            await database.own_transaction(lambda c: store.append(c, [New(entry)], log.first + log.size))
        if everything and settings.log_keys:
            await heads.Signer(database, settings, grace=0).sign(own_note)
            await publish(database, settings, Appeal(settings.campaign).campaign.witnesses)


def _destroy_key(settings: Settings) -> list[str]:
    """Nobody may speak under it any more. The text that takes its place lets the site start."""
    file = settings.log_key_file
    if file is None or not file.exists():
        return ["PETITION_LOG_KEY stands in the environment: take it out, and destroy it."] if settings.log_keys else []
    try:
        key_files.overwrite_file(file, DESTROYED)
    except OSError:
        return ["The file of PETITION_LOG_KEY cannot be overwritten: destroy it."]
    return []
