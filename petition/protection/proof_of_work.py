"""Proof of work: a browser computes for a second if its network is over its limit, or for everybody during a flood.

It is ALTCHA's protocol (version 2, PBKDF2/SHA-256): no third party, no picture. A challenge is signed with a daily key
and has a date; its solution counts once. A proof gives normal priority. It is never required: without it, a form gets
low priority.
"""

import secrets
from enum import StrEnum
from typing import Any

from altcha import v2 as altcha

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database import state, switches
from petition.core.database.connection import Connection, Row
from petition.protection.daily_keys import DailyKey

CHALLENGE_LIFETIME = HOUR // 2  # seconds; a person may read the whole appeal between opening the form and sending it
FLOOD_SECONDS = 600  # a flood that continues is noted again each minute; a real rush computes for minutes, not all day
ROUNDS_PER_TRY = 2000  # rounds of one try; with TRIES_RANGE tries a computer needs half a second, an old phone five
TRIES_RANGE = (400, 1200)
MAX_SOLUTION_LENGTH = 2000  # characters; a solution has about 900
_ALGORITHM = "PBKDF2/SHA-256"
_CHALLENGE_TYPES: dict[str, type] = dict.fromkeys(("cost", "key_length", "expires_at"), int) | dict.fromkeys(
    ("algorithm", "nonce", "salt", "key_prefix", "key_signature", "signature"), str
)


class ProofMode(StrEnum):
    """When proofs are asked for; the default is AUTO."""

    OFF = "off"
    AUTO = "auto"  # from networks over their limit; from everybody during a flood (see flood.py)
    ON = "on"


def create_challenge(key: DailyKey) -> dict[str, Any]:
    """In the format that ALTCHA's clients expect."""
    challenge = altcha.create_challenge(
        _ALGORITHM,
        ROUNDS_PER_TRY,
        counter=TRIES_RANGE[0] + secrets.randbelow(TRIES_RANGE[1] - TRIES_RANGE[0]),
        expires_at=clock.epoch() + CHALLENGE_LIFETIME,
        hmac_secret=key.derive_key("work"),
        hmac_key_secret=key.derive_key("work done"),
    )
    return challenge.to_dict()


def verify_solution(key: DailyKey, solution: str) -> Row | None:
    """The row for use_proofs(); None for a solution that is forged, wrong, expired or of another day."""
    if (payload := _parse_solution(solution)) is None:
        return None
    challenge_key, solution_key = key.derive_key("work"), key.derive_key("work done")
    if not altcha.verify_solution(payload, challenge_key, hmac_key_secret=solution_key).verified:
        return None
    return {"id": payload.challenge.signature, "expires_at": payload.challenge.parameters.expires_at}


def _parse_solution(solution: str) -> altcha.Payload | None:
    """None unless every value has its type. The signature alone does not tell 1 from 1.0 or from true."""
    if not solution or len(solution) > MAX_SOLUTION_LENGTH:
        return None
    try:
        payload = altcha.Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    parameters = vars(payload.challenge.parameters) | {"signature": payload.challenge.signature}
    right = all(type(parameters[name]) is kind for name, kind in _CHALLENGE_TYPES.items())
    return payload if right and type(payload.solution.derived_key) is str else None


async def use_proofs(c: Connection, proofs: list[Row]) -> set[str]:
    """Stores proofs as used; returns the ids of those that were not used before."""
    return {row["id"] for row in await c.all("proof_of_work.insert_unused", rows=proofs)} if proofs else set()


async def chosen_mode(c: Connection) -> ProofMode:
    """The mode that organisers chose."""
    chosen = (await switches.get(c, switches.PROOF)).value
    return ProofMode(chosen) if chosen else ProofMode.AUTO


async def effective_mode(c: Connection) -> ProofMode:
    """AUTO becomes ON during a flood. An end more than FLOOD_SECONDS ahead (a wrong clock) is ignored."""
    chosen, flood_until = await chosen_mode(c), await state.get(c, "flood_until")
    flooded = flood_until is not None and 0 < int(flood_until) - clock.epoch() <= FLOOD_SECONDS
    return ProofMode.ON if chosen is ProofMode.AUTO and flooded else chosen


async def end_flood(c: Connection) -> None:
    """When organisers choose, a flood that was noticed before counts as over."""
    await state.put(c, "flood_until", "0")


async def start_flood(c: Connection) -> None:
    """In the mode AUTO, everybody is asked for a proof for FLOOD_SECONDS from now."""
    await state.put(c, "flood_until", str(clock.epoch() + FLOOD_SECONDS))


async def delete_expired(c: Connection) -> None:
    """Deletes used proofs that have expired and are refused anyway."""
    await c.run("proof_of_work.delete_expired", now=clock.epoch())
