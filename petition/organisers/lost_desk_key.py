"""What is left to do when PETITION_DESK_KEY is lost for good: its second factors open no more, so they go."""

from petition.core import key_fingerprints
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.errors import KeysError
from petition.core.key_fingerprints import DESK_KEY
from petition.core.settings import Settings
from petition.organisers import accounts, activity_log

LOCKED = ("links", "organisers", "factors", "sessions", "site_state", "actions")


async def check_lost(c: Connection, *, settings: Settings) -> None:
    """Raises KeysError if the key of the settings is the one the database was made with."""
    if not await key_fingerprints.is_other(c, DESK_KEY, settings):
        raise KeysError("This database was made with the PETITION_DESK_KEY of the settings: nothing is lost.")


async def forget(c: Connection, *, settings: Settings) -> None:
    """The key of the settings takes the place of the lost one. The caller has locked the tables of LOCKED.

    Raises KeysError if nothing is lost.
    """
    await check_lost(c, settings=settings)
    for row in await accounts.list_organisers(c):
        await accounts.reset_factors(c, row["nickname"])
    await state.put(c, DESK_KEY, key_fingerprints.desk_fingerprints(settings))
    await activity_log.append(c, activity_log.SERVER, "took out a lost key of the desk")
