"""The long-lived keys of a site, sealed to the organisers, so that a dead disk does not end the campaign.

Never a key of a day or of the outbox: those must die with their disk. Passwords and tokens that can be replaced without
a loss (relay, database, metrics, bounces) are not keys of the site and are not in it either.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyrage
from pyrage.x25519 import Identity

from petition.core import encryption
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.errors import DataError, KeysError
from petition.core.key_fingerprints import DESK_KEY, EMAIL_KEY, fingerprint, is_replaced
from petition.core.settings import Settings
from petition.retention.key_lines import read_lines

SECRET_KEY = "secret_key"  # noqa: S105 (a name)
LETTERS_KEY = "letters_key"
LOG_KEY = "log_key"
NAMES = (SECRET_KEY, DESK_KEY, LETTERS_KEY, LOG_KEY, EMAIL_KEY)  # as the handbook names the files
MAX_BYTES = 2**18  # of a file with sealed keys or with scanned lines
FOR_HOLDERS = (
    "Tell everybody who holds sealed keys, a sheet of them or a backup to destroy them now: together they still lead "
    "to those who signed."
)
_STATE_NAME = "keys_sealed"
_KIND = "long-lived keys of Petition"
_BEGIN, _END = "-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----"
_AGE = b"age-encryption.org/v1\n"


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """What was sealed. `keys`: name -> value of the setting, which may be a comma-separated list."""

    site: str
    sealed_on: str
    keys: dict[str, str]


async def current_keys(c: Connection, settings: Settings) -> dict[str, str]:
    """The keys that are worth keeping. Once signing has ended, the email key is none of them."""
    keys = {SECRET_KEY: ",".join(settings.secret_keys), DESK_KEY: ",".join(settings.desk_keys)}
    if settings.letters_key:
        keys[LETTERS_KEY] = settings.letters_key
    if settings.log_keys:
        keys[LOG_KEY] = ",".join(settings.log_keys)
    if is_replaced(settings.email_key) or await state.is_closed(c):
        return keys
    return {**keys, EMAIL_KEY: settings.email_key}


def seal(keys: SealedKeys, recipients: Iterable[str]) -> bytes:
    """An age file, not yet armoured. Raises SettingsError for a recipient that is none."""
    content = {"kind": _KIND, "site": keys.site, "sealed_on": keys.sealed_on, "keys": keys.keys}
    sealed: bytes = pyrage.encrypt(
        json.dumps(content, separators=(",", ":")).encode(), [encryption.parse_recipient(text) for text in recipients]
    )
    return sealed


def armour(sealed: bytes) -> bytes:
    """As text that survives email and copying (the armour of age, as in RFC 7468)."""
    body = base64.b64encode(sealed).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def open_sealed(content: bytes, identity: Identity) -> SealedKeys:
    """From an age file, armoured or not, or from the lines of a sheet. Raises DataError or KeysError."""
    try:
        opened = pyrage.decrypt(_age_file(content), [identity])
    except pyrage.DecryptError:
        raise KeysError("The sealed keys do not open with this identity, or they are damaged.") from None
    return _parse(opened)


def _age_file(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise DataError("This file is too large for sealed keys: it is something else.")
    if content.startswith(_AGE) or content.lstrip().startswith(_BEGIN.encode()):
        return content.lstrip()
    try:
        return read_lines(content.decode())
    except UnicodeDecodeError:
        raise DataError("There are neither sealed keys nor lines of a sheet in this file.") from None


def _parse(opened: bytes) -> SealedKeys:
    """Anyone who has the public keys can seal something: only known names become files."""
    try:
        found = json.loads(opened)
        kind, keys = found["kind"], {name: found["keys"][name] for name in NAMES if name in found["keys"]}
        values = [found["site"], found["sealed_on"], *keys.values()]
    except (ValueError, TypeError, KeyError):
        raise DataError("What was sealed here are no keys of Petition.") from None
    if kind != _KIND or not keys or not all(isinstance(value, str) and value.isprintable() for value in values):
        raise DataError("What was sealed here are no keys of Petition.")
    return SealedKeys(found["site"], found["sealed_on"], keys)


async def record(c: Connection, keys: SealedKeys) -> None:
    """Remembers which keys were sealed, by fingerprint, and when."""
    prints = [f"{name}:{fingerprint(name, value)}" for name, value in keys.keys.items()]
    await state.put(c, _STATE_NAME, " ".join([keys.sealed_on, *prints]))


async def warning(c: Connection, settings: Settings) -> str:
    """What is not sealed yet; empty if all keys are, or if there is nobody left to recognise."""
    known = await state.get(c, _STATE_NAME)
    if await state.is_closed(c):
        return ""
    if known is None:
        return "the keys were never sealed: without a copy a dead disk ends the campaign, see `petition keys seal`"
    sealed_on, *prints = known.split()
    keys = (await current_keys(c, settings)).items()
    changed = [name for name, value in keys if f"{name}:{fingerprint(name, value)}" not in prints]
    if not changed:
        return ""
    day = date.fromisoformat(sealed_on)
    return f"{' and '.join(changed)} changed after the keys were sealed on {day}: run `petition keys seal` again"
