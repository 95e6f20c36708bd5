"""Checks whether the database was made with these keys, and whether a copy of them is sealed."""

from collections.abc import Awaitable, Callable

from petition.commands.doctor.finding import Finding
from petition.core import key_fingerprints
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.database.migrations import check_schema
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.retention import sealed_keys


async def check_known_keys(settings: Settings) -> Finding:
    """With a fault every command but `destroy` refuses these keys."""
    return Finding("keys of this database", await _ask(settings, key_fingerprints.find_fault))


async def check_sealed_copy(settings: Settings) -> Finding:
    warning = "" if settings.demo else await _ask(settings, sealed_keys.warning)
    return Finding("sealed copy of the keys", warning=warning)


async def _ask(settings: Settings, question: Callable[[Connection, Settings], Awaitable[str]]) -> str:
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            await check_schema(c, settings.mode)
            return await question(c, settings)
    except PetitionError:
        return ""  # another line of the doctor says so
