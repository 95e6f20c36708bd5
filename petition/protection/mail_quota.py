"""How many emails one mailbox may get. The limit is silent.

A person who types an address must not learn what else happened with it.
"""

from collections import Counter
from dataclasses import dataclass

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row


@dataclass(frozen=True, slots=True)
class EmailQuota:
    """At most `max_emails` in `window` seconds."""

    max_emails: int
    window: int
    reason: str


PER_DAY = EmailQuota(3, DAY, "a stranger who types somebody's address can annoy them three times a day, not more")
PER_FORTNIGHT = EmailQuota(6, 14 * DAY, "and not every day")
LOGIN_PER_DAY = EmailQuota(
    12, DAY, "an organiser logs in several times a day, and strangers may not lock them out easily"
)
LOGIN_PER_FORTNIGHT = EmailQuota(60, 14 * DAY, "but nobody is written to all day long")
MAILBOX_QUOTAS, LOGIN_QUOTAS = (PER_DAY, PER_FORTNIGHT), (LOGIN_PER_DAY, LOGIN_PER_FORTNIGHT)


async def reserve_emails(
    c: Connection, mailboxes: list[str], decoys: list[str], quotas: tuple[EmailQuota, EmailQuota] = MAILBOX_QUOTAS
) -> list[bool]:
    """For each mailbox: may it get one more email? If so, counts that email. All forms share the counts, except login.

    A mailbox that is listed twice is counted twice. The caller must not show the result. For a mailbox over its
    limit, the random key in `decoys` is counted instead, so that as much is written.
    """
    await c.run("mail_quota.lock_mailboxes", mailboxes=mailboxes)
    now = clock.epoch()
    day, fortnight = now - quotas[0].window, now - quotas[1].window
    rows = await c.all("mail_quota.sent_counts", mailboxes=mailboxes, day=day, fortnight=fortnight)
    remaining = {row["mailbox"]: _remaining_emails(row, quotas) for row in rows}
    allowed = []
    for mailbox in mailboxes:
        allowed.append(remaining[mailbox] > 0)
        remaining[mailbox] -= 1
    choices = zip(mailboxes, decoys, allowed, strict=True)
    counted = Counter(mailbox if may else decoy for mailbox, decoy, may in choices)
    sent_counts = [{"mailbox": mailbox, "n": n} for mailbox, n in sorted(counted.items())]
    await c.run("mail_quota.add_sent", rows=sent_counts, hour_ends_at=now - now % HOUR + HOUR)
    return allowed


def _remaining_emails(counts: Row, quotas: tuple[EmailQuota, EmailQuota]) -> int:
    return (
        0
        if counts["never"]
        else min(quotas[0].max_emails - int(counts["day"]), quotas[1].max_emails - int(counts["fortnight"]))
    )
