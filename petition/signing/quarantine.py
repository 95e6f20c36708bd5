"""What is set aside: submissions whose link opens nothing and whose mail is held, until an organiser restores them.

They are counted nowhere but here, by reason. What was confirmed is never touched.
"""

import hashlib

from petition.core import clock, tokens
from petition.core.database.connection import Connection
from petition.mail import outbox
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, BounceReport
from petition.protection.rate_limits import TRAPPED
from petition.signing import submissions

NETWORK = "network"  # organisers set aside what came from one network
REASONS = (BOUNCED, COMPLAINT, TRAPPED, NETWORK)
RANKS = 5  # networks that the desk lists


async def set_aside(c: Connection, ids: list[str], reason: str) -> int:
    """Takes submissions that wait out of the way, and holds mail that has not left; how many there were."""
    taken = [row["id"] for row in await c.all("aside.set", ids=ids, reason=reason)]
    await c.run("aside.hold", ids=taken, held=outbox.HELD_URGENCY)
    return len(taken)


async def restore(c: Connection, reason: str) -> int:
    """Puts back whatever was set aside for a reason: links work again, held mail leaves after all other; how many."""
    back = [row["id"] for row in await c.all("aside.restore", reason=reason, now=clock.epoch())]
    await c.run("aside.release", ids=back, held=outbox.HELD_URGENCY, urgency=outbox.LOW_PRIORITY_URGENCY)
    return len(back)


async def reasons(c: Connection) -> dict[str, int]:
    """How many are set aside, by reason."""
    return {row["reason"]: int(row["n"]) for row in await c.all("aside.reasons", now=clock.epoch())}


async def disposable(c: Connection) -> int:
    """How many forms of the last fortnight came from mailboxes that live for minutes: a flag and no more."""
    return int((await c.one("aside.disposable", now=clock.epoch()) or {})["n"])


async def networks(c: Connection) -> list[tuple[str, int]]:
    """How many forms of today wait from each of the busiest networks, with a handle that is not the network's tag."""
    rows = await c.all("aside.networks", expires=_today(), most=RANKS)
    return [(_handle(row["network"]), int(row["n"])) for row in rows]


async def set_network_aside(c: Connection, handle: str) -> int:
    """Sets aside what waits of today from one of the busiest networks; how many. 0 if it is none of them any more."""
    rows = await c.all("aside.networks", expires=_today(), most=RANKS)
    tags = [row["network"] for row in rows if _handle(row["network"]) == handle]
    ids = [row["id"] for tag in tags for row in await c.all("aside.of_network", network=tag, expires=_today())]
    return await set_aside(c, ids, NETWORK)


def _handle(tag: str) -> str:
    return hashlib.sha256(tag.encode()).hexdigest()[:16]


def _today() -> int:
    """When submissions of today die: what tells them from others."""
    return submissions.midnight() + submissions.LIVES


async def apply_report(c: Connection, returned: BounceReport) -> None:
    """Sets the submission aside that waits for this email, and holds the email if it has not left; else nothing."""
    await set_aside(c, [tokens.secret_hash(returned.reference)], returned.reason)
