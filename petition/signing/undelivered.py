"""Emails that certainly never arrive, through no fault of their mailbox: people may ask for another one."""

from petition.core import encryption
from petition.core.database.connection import Connection, Row
from petition.core.encryption import ServerKeys
from petition.protection import mail_quota
from petition.protection.mail_quota import MANAGE, SIGN, CountedEmail
from petition.signing.submissions import SUBMISSION_LIFETIME


async def give_back_quota(c: Connection, server_keys: ServerKeys, ids: list[str]) -> int:
    """Takes the emails of these rows (of submissions or links) off the limit of their mailboxes; how many.

    Each counts once, however often it is given back: from then on its row leads to no mailbox's count.
    """
    await mail_quota.lock(c, ids)
    forms, links = await c.all("undelivered.forms", ids=ids), await c.all("undelivered.links", ids=ids)
    emails = [
        CountedEmail(server_keys.mask_quota(row["quota"], row["id"]), quota.purpose, _start_of_day(row))
        for quota, rows in ((SIGN, forms), (MANAGE, links))
        for row in rows
    ]
    given_back = await mail_quota.give_back(c, emails)
    for row in forms:
        await c.run("undelivered.forget_form", id=row["id"], quota=encryption.random_quota())
    for row in links:
        await c.run("undelivered.forget_link", id=row["id"], quota=encryption.random_quota())
    return given_back


def _start_of_day(row: Row) -> int:
    """Of the day on which the email was counted."""
    return int(row["expires_at"]) - SUBMISSION_LIFETIME
