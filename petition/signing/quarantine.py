"""Quarantine: held submissions. Their links open nothing and their emails wait, until an organiser releases them.

They are counted only here, by reason. A confirmed signature is never touched.
"""

import hashlib

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress, exact_form
from petition.core.encryption import ServerKeys
from petition.mail import outbox, report_counts
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, EXPIRED, BounceReport
from petition.protection import flood
from petition.protection.rate_limits import TRAPPED
from petition.signing import submissions, undelivered

NETWORK = "network"  # an organiser held what came from one network
REASONS = (BOUNCED, COMPLAINT, TRAPPED, NETWORK)
LISTED_NETWORKS = 5  # networks that the desk shows


async def hold_submissions(c: Connection, ids: list[str], reason: str) -> int:
    """Holds submissions that wait, and their emails that have not left; how many."""
    held = [row["id"] for row in await c.all("quarantine.hold_submissions", ids=ids, reason=reason)]
    await c.run("quarantine.hold_emails", ids=held, held=outbox.HELD_URGENCY)
    return len(held)


async def release_submissions(c: Connection, reason: str) -> int:
    """Releases all that is held for a reason; how many. Links work again, held emails leave after all others."""
    released = [row["id"] for row in await c.all("quarantine.release_submissions", reason=reason, now=clock.epoch())]
    await c.run(
        "quarantine.release_emails", ids=released, held=outbox.HELD_URGENCY, urgency=outbox.LOW_PRIORITY_URGENCY
    )
    return len(released)


async def count_by_reason(c: Connection) -> dict[str, int]:
    return {row["reason"]: int(row["n"]) for row in await c.all("quarantine.count_by_reason", now=clock.epoch())}


async def count_disposable(c: Connection) -> int:
    """Forms of the last two weeks from disposable mailboxes. They are flagged, and treated like all others."""
    return int((await c.one("quarantine.count_disposable", now=clock.epoch()) or {})["n"])


async def busiest_networks(c: Connection) -> list[tuple[str, int]]:
    """(handle, number of today's forms that wait) of each; the handle is not the network's tag."""
    rows = await c.all("quarantine.busiest_networks", expires_at=_expiry_of_today(), limit=LISTED_NETWORKS)
    return [(_network_handle(row["network"]), int(row["n"])) for row in rows]


async def hold_network(c: Connection, handle: str) -> int:
    """Holds today's waiting forms from one of the busiest networks; how many. 0 if it is no longer one of them."""
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
    """When today's submissions expire; they are found by this value."""
    return submissions.start_of_today() + submissions.SUBMISSION_LIFETIME


async def apply_report(c: Connection, server_keys: ServerKeys, report: BounceReport) -> None:
    """Holds the submission whose email the mailbox refuses for good or complained about, and its email if it waits.

    An email that a relay gave up is given back, and its link stays. A report about another address than ours is about
    a copy that the owner sent on: it does nothing.
    """
    row_id = server_keys.row_id(report.reference)
    row = await c.one("quarantine.recipient", id=row_id)
    if row is not None and _names(server_keys, report, row):
        if report.reason == EXPIRED:
            await undelivered.give_back_quota(c, server_keys, [row_id])
        elif report.reason in (BOUNCED, COMPLAINT):
            held = await hold_submissions(c, [row_id], report.reason)
            if held and report.reason == BOUNCED:
                await flood.count_refusal(c)
    await report_counts.add(c, recognised=row is not None)


def _names(server_keys: ServerKeys, report: BounceReport, row: Row) -> bool:
    """Whether it is about the address that the email went to, or does not say which."""
    exact = report.recipient and exact_form(report.recipient)
    if not exact:
        return report.recipient is None
    return row["email_hash"] in server_keys.email_hashes(EmailAddress(exact, exact))
