"""What is set aside: submissions whose link opens nothing and whose mail is held, until an organiser restores them.

They are counted nowhere but here, by reason. What was confirmed is never touched.
"""

from petition import clock, outbox
from petition.db import Connection

BOUNCED, COMPLAINT = "bounced", "complaint"  # what the mailbox's provider answered to our mail


async def set_aside(c: Connection, ids: list[str], reason: str) -> int:
    """Takes submissions that wait out of the way, and holds mail that has not left; how many there were."""
    taken = [row["id"] for row in await c.all("aside.set", ids=ids, reason=reason)]
    await c.run("aside.hold", ids=taken, held=outbox.HELD)
    return len(taken)


async def restore(c: Connection, reason: str) -> int:
    """Puts back whatever was set aside for a reason: links work again, held mail leaves after all other; how many."""
    back = [row["id"] for row in await c.all("aside.restore", reason=reason, now=clock.epoch())]
    await c.run("aside.release", ids=back, held=outbox.HELD, urgency=outbox.LAST)
    return len(back)


async def reasons(c: Connection) -> dict[str, int]:
    """How many are set aside, by reason."""
    return {row["reason"]: int(row["n"]) for row in await c.all("aside.reasons", now=clock.epoch())}
