"""How many emails one mailbox may get: a limit that nobody is told of, because who types an
address must not learn what else happened to it."""

from collections import Counter
from dataclasses import dataclass

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` in `window` seconds."""

    most: int
    window: int
    reason: str


A_DAY = Cap(3, DAY, "a stranger who types somebody's address can annoy them three times a day, not more")
A_FORTNIGHT = Cap(6, 14 * DAY, "and not every day")
LOGIN_A_DAY = Cap(12, DAY, "an organiser logs in several times a day, and strangers may not lock them out easily")
LOGIN_A_FORTNIGHT = Cap(60, 14 * DAY, "but nobody is written to all day long")
MAIL, LOGIN = (A_DAY, A_FORTNIGHT), (LOGIN_A_DAY, LOGIN_A_FORTNIGHT)


async def allow_mail(c: Connection, mailboxes: list[str], decoys: list[str], cap: tuple[Cap, Cap] = MAIL) -> list[bool]:
    """Whether one more mail may go to each mailbox; counts it if so. Over all forms together, but for logging in.

    One that is named twice is counted twice. The caller tells nobody: who types an address must not learn what else
    happened with it. For a mailbox that had its share a decoy is counted, a random key of the caller's, so that as
    much is written.
    """
    await c.run("throttle.lock", mailboxes=mailboxes)
    now = clock.epoch()
    day, fortnight = now - cap[0].window, now - cap[1].window
    rows = await c.all("throttle.mailings", mailboxes=mailboxes, day=day, fortnight=fortnight)
    left = {row["mailbox"]: _left(row, cap) for row in rows}
    allowed = []
    for mailbox in mailboxes:
        allowed.append(left[mailbox] > 0)
        left[mailbox] -= 1
    asked = zip(mailboxes, decoys, allowed, strict=True)
    counted = Counter(mailbox if may else decoy for mailbox, decoy, may in asked)
    sent = [{"mailbox": mailbox, "n": n} for mailbox, n in sorted(counted.items())]
    await c.run("throttle.mailed", rows=sent, hour=now - now % HOUR + HOUR)
    return allowed


def _left(sent: Row, cap: tuple[Cap, Cap]) -> int:
    """How many mails more a mailbox may get now."""
    return 0 if sent["never"] else min(cap[0].most - int(sent["day"]), cap[1].most - int(sent["fortnight"]))
