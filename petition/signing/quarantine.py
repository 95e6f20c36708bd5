"""Quarantine: submissions whose link opens nothing and whose email is held, until an organiser releases them.

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
LISTED_NETWORKS = 5  # networks that the desk lists


async def hold_submissions(c: Connection, ids: list[str], reason: str) -> int:
    """Holds submissions that wait, and email that has not left; how many."""
    held = [row["id"] for row in await c.all("quarantine.hold_submissions", ids=ids, reason=reason)]
    await c.run("quarantine.hold_emails", ids=held, held=outbox.HELD_URGENCY)
    return len(held)


async def release_submissions(c: Connection, reason: str) -> int:
    """Releases all that is held for a reason: links work again, held email leaves after all other; how many."""
    released = [row["id"] for row in await c.all("quarantine.release_submissions", reason=reason, now=clock.epoch())]
    await c.run(
        "quarantine.release_emails", ids=released, held=outbox.HELD_URGENCY, urgency=outbox.LOW_PRIORITY_URGENCY
    )
    return len(released)


async def count_by_reason(c: Connection) -> dict[str, int]:
    """How many are held, by reason."""
    return {row["reason"]: int(row["n"]) for row in await c.all("quarantine.count_by_reason", now=clock.epoch())}


async def count_disposable(c: Connection) -> int:
    """How many forms of the last fortnight came from mailboxes that live for minutes: a flag and no more."""
    return int((await c.one("quarantine.count_disposable", now=clock.epoch()) or {})["n"])


async def busiest_networks(c: Connection) -> list[tuple[str, int]]:
    """How many forms of today wait from each of the busiest networks, with a handle that is not the network's tag."""
    rows = await c.all("quarantine.busiest_networks", expires_at=_expiry_of_today(), limit=LISTED_NETWORKS)
    return [(_network_handle(row["network"]), int(row["n"])) for row in rows]


async def hold_network(c: Connection, handle: str) -> int:
    """Holds what waits of today from one of the busiest networks; how many. 0 if it is none of them any more."""
    rows = await c.all("quarantine.busiest_networks", expires_at=_expiry_of_today(), limit=LISTED_NETWORKS)
    tags = [row["network"] for row in rows if _network_handle(row["network"]) == handle]
    ids = [
        row["id"]
        for tag in tags
        for row in await c.all("quarantine.waiting_from_network", network=tag, expires_at=_expiry_of_today())
    ]
    return await hold_submissions(c, ids, NETWORK)


def _network_handle(tag: str) -> str:
    return hashlib.sha256(tag.encode()).hexdigest()[:16]


def _expiry_of_today() -> int:
    """When submissions of today expire: they are found by it."""
    return submissions.start_of_today() + submissions.SUBMISSION_LIFETIME


async def apply_report(c: Connection, report: BounceReport) -> None:
    """Holds the submission that waits for this email, and the email if it has not left; else nothing."""
    await hold_submissions(c, [tokens.secret_hash(report.reference)], report.reason)
