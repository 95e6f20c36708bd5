"""How often what may happen: each door has named rules with their reason. One door so far: mail to a mailbox."""

from collections import Counter
from dataclasses import dataclass

from petition import clock
from petition.clock import DAY, HOUR
from petition.db import Connection, Row


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `most` in `window` seconds."""

    most: int
    window: int
    reason: str


A_DAY = Rule(3, DAY, "a stranger who types somebody's address can annoy them three times a day, not more")
A_FORTNIGHT = Rule(6, 14 * DAY, "and not every day")


async def allow_mail(c: Connection, mailboxes: list[str], decoys: list[str]) -> list[bool]:
    """Whether one more mail may go to each mailbox; counts it if so. Over all forms together.

    One that is named twice is counted twice. The caller tells nobody: who types an address must not learn what else
    happened with it. For a mailbox that had its share a decoy is counted, a random key of the caller's, so that as
    much is written.
    """
    await c.run("throttle.lock", mailboxes=mailboxes)
    now = clock.epoch()
    day, fortnight = now - A_DAY.window, now - A_FORTNIGHT.window
    rows = await c.all("throttle.mailings", mailboxes=mailboxes, day=day, fortnight=fortnight)
    left = {row["mailbox"]: _left(row) for row in rows}
    allowed = []
    for mailbox in mailboxes:
        allowed.append(left[mailbox] > 0)
        left[mailbox] -= 1
    asked = zip(mailboxes, decoys, allowed, strict=True)
    counted = Counter(mailbox if may else decoy for mailbox, decoy, may in asked)
    sent = [{"mailbox": mailbox, "n": n} for mailbox, n in sorted(counted.items())]
    await c.run("throttle.mailed", rows=sent, hour=now - now % HOUR + HOUR)
    return allowed


def _left(sent: Row) -> int:
    """How many mails more a mailbox may get now."""
    return 0 if sent["never"] else min(A_DAY.most - int(sent["day"]), A_FORTNIGHT.most - int(sent["fortnight"]))
