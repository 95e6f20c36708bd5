"""Which keys a database was made with. It knows their fingerprints, and every command refuses other keys.

With another PETITION_EMAIL_KEY nobody who signed is recognised: everybody could sign again and be counted twice. With
another PETITION_DESK_KEY no second factor and no backup opens.
"""

import hashlib
import hmac
from functools import partial

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.errors import KeysError
from petition.core.settings import Settings

EMAIL_KEY, DESK_KEY = "email_key", "desk_key"  # names in `site_state`
REPLACED_PREFIX = "after-closing-"  # of the random text that `close` and `destroy` put in the place of the email key


def fingerprint(name: str, key: str) -> str:
    """One-way. The email key is also the key of the hashes of addresses; this text is no address."""
    return hmac.digest(key.encode(), f"petition fingerprint of {name}".encode(), hashlib.sha256)[:16].hex()


async def check_keys(database: Database, settings: Settings) -> None:
    """Raises KeysError for keys that the database was not made with. Its first keys are remembered here.

    A list of desk keys is one rotation: one key of it must be known, and then the whole list is.
    """
    async with database.reading() as c:
        known = await _remembered(c)
        if known.items() >= (await _to_remember(c, settings)).items():
            return
    await database.write(partial(_check_and_remember, settings=settings))


async def _check_and_remember(c: Connection, *, settings: Settings) -> None:
    if fault := await find_fault(c, settings):
        raise KeysError(fault)
    for name, value in sorted((await _to_remember(c, settings)).items()):
        await state.put(c, name, value)


async def find_fault(c: Connection, settings: Settings) -> str:
    """A sentence about a key that the database was not made with; empty if there is none.

    As long as nothing in the database was made with its keys, they may be changed.
    """
    others = [name for name in (EMAIL_KEY, DESK_KEY) if await is_other(c, name, settings)]
    row = await c.one("key_fingerprints.is_used") if others else None
    return _SENTENCES[others[0]](settings) if row and row["used"] else ""


async def is_other(c: Connection, name: str, settings: Settings) -> bool:
    """Whether the database knows this key, and the settings have another one."""
    known, ours = await state.get(c, name), (await _to_remember(c, settings)).get(name)
    return known is not None and ours is not None and not set(known.split()) & set(ours.split())


def is_replaced(email_key: str) -> bool:
    """Whether `close` or `destroy` has put a random text in the place of the email key."""
    return email_key.startswith(REPLACED_PREFIX)


def desk_fingerprints(settings: Settings) -> str:
    """Of all keys of the list, newest first."""
    return " ".join(fingerprint(DESK_KEY, key) for key in settings.desk_keys)


async def _remembered(c: Connection) -> dict[str, str]:
    found = {name: await state.get(c, name) for name in (EMAIL_KEY, DESK_KEY)}
    return {name: value for name, value in found.items() if value is not None}


async def _to_remember(c: Connection, settings: Settings) -> dict[str, str]:
    """Fingerprints of the settings' keys. Once signing has ended, nothing is hashed with the email key any more."""
    current = {DESK_KEY: desk_fingerprints(settings)}
    if is_replaced(settings.email_key) or await state.is_closed(c):
        return current
    return {EMAIL_KEY: fingerprint(EMAIL_KEY, settings.email_key), **current}


def _other_email_key(settings: Settings) -> str:
    where = settings.email_key_file or "the environment"
    return (
        f"This database was made with another PETITION_EMAIL_KEY than the one in {where}: put the old one back "
        "(`petition keys open` takes it from the sealed keys); if it is lost for good, `petition destroy hashes` ends "
        "signing and keeps the numbers; if nobody has signed yet, begin with an empty database."
    )


def _other_desk_key(settings: Settings) -> str:
    stand_in = " (here PETITION_SECRET_KEY stands in for it)" if settings.desk_keys == settings.secret_keys else ""
    return (
        f"This database was made with another PETITION_DESK_KEY than the one in the settings{stand_in}: put the old "
        "one back, after a comma behind the new one to rotate it (`petition keys open` takes it from the sealed keys); "
        "if it is lost for good, see `petition keys forget-desk`."
    )


_SENTENCES = {EMAIL_KEY: _other_email_key, DESK_KEY: _other_desk_key}
