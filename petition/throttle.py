"""How often what may happen: each door has named rules with their reason. One door so far: mail to a mailbox."""

from dataclasses import dataclass

from petition import clock
from petition.clock import DAY, HOUR
from petition.db import Connection


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `most` in `window` seconds."""

    most: int
    window: int
    reason: str


A_DAY = Rule(3, DAY, "a stranger who types somebody's address can annoy them three times a day, not more")
A_FORTNIGHT = Rule(6, 14 * DAY, "and not every day")


async def allow_mail(c: Connection, mailbox: str) -> bool:
    """Whether one more mail may go to this mailbox; counts it if so. Over all forms together.

    The caller tells nobody: who types an address must not learn what else happened with it.
    """
    await c.run("throttle.lock", mailbox=mailbox)
    now = clock.epoch()
    sent = await c.one("throttle.mailings", mailbox=mailbox, day=now - A_DAY.window, fortnight=now - A_FORTNIGHT.window)
    if sent is None or sent["never"] or sent["day"] >= A_DAY.most or sent["fortnight"] >= A_FORTNIGHT.most:
        return False
    await c.run("throttle.mailed", mailbox=mailbox, hour=now - now % HOUR + HOUR)
    return True
