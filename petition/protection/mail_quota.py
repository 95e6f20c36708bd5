"""How many emails one mailbox may get. The limit is silent.

A person who types an address must not learn what else happened with it.
"""

from collections import Counter
from dataclasses import asdict, dataclass

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row

FORTNIGHT = 14 * DAY


@dataclass(frozen=True, slots=True)
class EmailQuota:
    """At most so many emails for a purpose in 24 hours, and in 14 days. Each purpose is counted by itself."""

    purpose: str
    per_day: int
    per_fortnight: int
    reason: str


SIGN = EmailQuota("sign", 3, 6, "a stranger who types somebody's address can annoy them three times a day, not always")
MANAGE = EmailQuota("manage", 2, 6, "who fills in the form to sign must not use up what the owner needs to withdraw")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets an email. If none may leave, the random `decoy_key` is counted, so that as much is written."""

    mailbox: str
    quota_key: str
    decoy_key: str


@dataclass(frozen=True, slots=True)
class CountedEmail:
    """An email that was counted at `since` (epoch seconds) or later."""

    quota_key: str
    purpose: str
    since: int


async def lock(c: Connection, keys: list[str]) -> None:
    """Until the end of the transaction nobody else decides about them."""
    await c.run("mail_quota.lock", keys=keys)


async def reserve_emails(c: Connection, recipients: list[Recipient], quota: EmailQuota = SIGN) -> list[bool]:
    """For each recipient: may they get one more email? If so, counts that email.

    A recipient who is listed twice is counted twice. The caller must not show the result.
    """
    await lock(c, [recipient.quota_key for recipient in recipients])
    now = clock.epoch()
    rows = await c.all(
        "mail_quota.sent_counts",
        rows=[{"mailbox": recipient.mailbox, "quota_key": recipient.quota_key} for recipient in recipients],
        purpose=quota.purpose,
        day=now - DAY,
        fortnight=now - FORTNIGHT,
    )
    remaining = {row["quota_key"]: _remaining_emails(row, quota) for row in rows}
    never = {row["mailbox"] for row in rows if row["never"]}
    allowed, counted = [], Counter[str]()
    for recipient in recipients:
        allowed.append(recipient.mailbox not in never and remaining[recipient.quota_key] > 0)
        remaining[recipient.quota_key] -= allowed[-1]
        counted[recipient.quota_key if allowed[-1] else recipient.decoy_key] += 1
    sent_counts = [{"quota_key": key, "n": n} for key, n in sorted(counted.items())]
    await c.run("mail_quota.add_sent", rows=sent_counts, purpose=quota.purpose, hour_ends_at=now - now % HOUR + HOUR)
    return allowed


def _remaining_emails(counts: Row, quota: EmailQuota) -> int:
    return min(quota.per_day - int(counts["day"]), quota.per_fortnight - int(counts["fortnight"]))


async def give_back(c: Connection, emails: list[CountedEmail]) -> int:
    """These emails never arrive: they count no more. How many of them did count."""
    await lock(c, [email.quota_key for email in emails])
    lowered = [await c.one("mail_quota.give_back", **asdict(email)) for email in emails]
    return len([row for row in lowered if row])


async def recent_emails(c: Connection, quota_key: str) -> int:
    """How many emails of all purposes were counted in the last 14 days."""
    return int((await c.one("mail_quota.recent_emails", quota_key=quota_key) or {})["n"])


async def delete_expired(c: Connection) -> None:
    await c.run("mail_quota.delete_expired", fortnight=clock.epoch() - FORTNIGHT)
