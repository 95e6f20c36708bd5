"""The organisers' public keys as people compare them: short hashes, a change of which is announced to everybody."""

import hashlib
from collections.abc import Iterable

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.organisers import activity_log

_KEPT = "recipients"


def fingerprint(recipient: str) -> str:
    """Of an age public key: the first 16 characters of `printf %s age1… | sha256sum`."""
    return hashlib.sha256(recipient.encode()).hexdigest()[:16]


def fingerprints(recipients: Iterable[str]) -> list[str]:
    """Of all, in an order of their own."""
    return sorted({fingerprint(text) for text in recipients})


async def announce(c: Connection, recipients: Iterable[str]) -> None:
    """At the start of a server: a line in the record if the keys are others than at the last start."""
    now = fingerprints(recipients)
    row = await state.get(c, _KEPT)
    before = row.split() if row else []
    if now == before:
        return
    added = [f"+{one}" for one in now if one not in before]
    gone = [f"-{one}" for one in before if one not in now]
    action = "seals to other keys" if before else "seals to"
    await activity_log.write(c, activity_log.SERVER, action, " ".join([*added, *gone]))
    await state.put(c, _KEPT, " ".join(now))


async def unseen(c: Connection, nickname: str, recipients: Iterable[str]) -> bool:
    """Whether an organiser has not yet said that they saw these keys."""
    row = await c.one("organisers.get", nickname=nickname)
    return row is not None and row["seen"] != " ".join(fingerprints(recipients))


async def saw(c: Connection, nickname: str, recipients: Iterable[str]) -> None:
    """They say so now."""
    await c.run("organisers.saw", nickname=nickname, seen=" ".join(fingerprints(recipients)))
