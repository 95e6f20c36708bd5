"""The organisers' public keys as people compare them: short hashes. A change of keys is announced to everybody."""

import hashlib
from collections.abc import Iterable

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.organisers import activity_log

_STATE_NAME = "recipients"


def fingerprint(recipient: str) -> str:
    """The first 16 characters of `printf %s age1… | sha256sum`, for an age public key."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]


def fingerprints(recipients: Iterable[str]) -> list[str]:
    """Sorted, each one once."""
    return sorted({fingerprint(text) for text in recipients})


async def log_changes(c: Connection, recipients: Iterable[str]) -> None:
    """Runs when the server starts: adds a line to the activity log if the keys changed since the last start."""
    current = fingerprints(recipients)
    row = await state.get(c, _STATE_NAME)
    previous = row.split() if row else []
    if current == previous:
        return
    added = [f"+{key}" for key in current if key not in previous]
    removed = [f"-{key}" for key in previous if key not in current]
    action = "seals to other keys" if previous else "seals to"
    await activity_log.append(c, activity_log.SERVER, action, " ".join([*added, *removed]))
    await state.put(c, _STATE_NAME, " ".join(current))


async def unacknowledged(c: Connection, nickname: str, recipients: Iterable[str]) -> bool:
    """Whether an organiser has not yet said that they saw these keys."""
    row = await c.one("organisers.get", nickname=nickname)
    return row is not None and row["acknowledged_keys"] != " ".join(fingerprints(recipients))


async def acknowledge(c: Connection, nickname: str, recipients: Iterable[str]) -> None:
    await c.run("organisers.acknowledge_keys", nickname=nickname, acknowledged_keys=" ".join(fingerprints(recipients)))
