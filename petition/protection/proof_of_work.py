"""Proof of work: a browser computes for a second where a network has had its share, or everywhere during a flood.

ALTCHA's protocol (version 2, PBKDF2/SHA-256): no third party, no picture. A challenge is signed with a key of the day
and dated; its solution counts once. It opens the ordinary lane; nobody needs it, for there is the slower one.
"""

import secrets
from enum import StrEnum
from typing import Any

from altcha import v2 as altcha

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.protection.daily_keys import DailyKey

LIVES = HOUR // 2  # of a challenge: somebody may read the whole appeal between opening the form and sending it
COST = 2000  # rounds of one try; with so many tries a computer needs half a second, an old phone five
TRIES = (400, 1200)
LONGEST = 2000  # characters of a solution; it has about 900
_KIND = "PBKDF2/SHA-256"


class Mode(StrEnum):
    """When proofs are asked for."""

    OFF = "off"
    AUTO = "auto"  # of networks that had their share; of everybody for an hour after a flood was noticed
    ON = "on"


def challenge(key: DailyKey) -> dict[str, Any]:
    """A new one, as ALTCHA's clients take it."""
    made = altcha.create_challenge(
        _KIND,
        COST,
        counter=TRIES[0] + secrets.randbelow(TRIES[1] - TRIES[0]),
        expires_at=clock.epoch() + LIVES,
        hmac_secret=key.derive_key("work"),
        hmac_key_secret=key.derive_key("work done"),
    )
    return made.to_dict()


def proof(key: DailyKey, text: str) -> Row | None:
    """What to remember of a solution; None for one that is forged, wrong, expired or of another day."""
    if not text or len(text) > LONGEST:
        return None
    signed, solved = key.derive_key("work"), key.derive_key("work done")
    if not altcha.verify_solution(text, signed, hmac_key_secret=solved).verified:
        return None
    done = altcha.Payload.from_base64(text).challenge
    return {"id": done.signature, "expires": done.parameters.expires_at}


async def spend(c: Connection, proofs: list[Row]) -> set[str]:
    """Remembers proofs; the ids of those that nobody used before."""
    return {row["id"] for row in await c.all("work.spend", rows=proofs)} if proofs else set()


async def mode(c: Connection) -> Mode:
    """What organisers chose."""
    row = await state.get(c, "work")
    return Mode(row) if row else Mode.AUTO


async def asked(c: Connection) -> Mode:
    """What holds at this moment: on, too, within an hour of a flood; an hour that a wrong clock dated is none."""
    chosen, flood = await mode(c), await state.get(c, "flood")
    flooded = flood is not None and 0 < int(flood) - clock.epoch() <= HOUR
    return Mode.ON if chosen is Mode.AUTO and flooded else chosen


async def choose(c: Connection, chosen: Mode) -> None:
    """What organisers choose from now on; a flood that was noticed before is over."""
    await state.put(c, "work", chosen.value)
    await state.put(c, "flood", "0")


async def flood(c: Connection) -> None:
    """A flood was noticed: for an hour everybody is asked."""
    await state.put(c, "flood", str(clock.epoch() + HOUR))


async def expire(c: Connection) -> None:
    """Proofs that would not be taken any more."""
    await c.run("work.expired", now=clock.epoch())
