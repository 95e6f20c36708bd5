"""Emails that waited until their link expired: a relay was away, or an admin had paused them. They never arrive."""

from functools import partial

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.mail import outbox
from petition.mail.delivery_rules import OnUnreadable, ignore_unreadable

EXPIRED = "expired"  # counted beside the codes of refusals
_PAGE_SIZE = 100  # rows in one transaction


async def drop_expired(database: Database, on_expired: OnUnreadable = ignore_unreadable) -> None:
    """Drops them and counts them; decoys too, as if they had been emails."""
    while await database.own_transaction(partial(_drop_page, on_expired=on_expired)):
        pass


async def _drop_page(c: Connection, *, on_expired: OnUnreadable) -> int:
    rows = await c.all("outbox.expired", now=clock.epoch(), held=outbox.HELD_URGENCY, most=_PAGE_SIZE)
    if ids := sorted(row["link_id"] for row in rows if row["link_id"]):
        await on_expired(c, ids=ids)
    for row in rows:
        if await c.one("outbox.delete", id=row["id"]):
            await c.run("outbox.count_refusal", day=clock.today().isoformat(), code=EXPIRED)
    return len(rows)


async def delete_held(c: Connection) -> None:
    """Deletes what is held and will not be needed: an email whose link has expired, a decoy."""
    await c.run("outbox.delete_held", now=clock.epoch(), held=outbox.HELD_URGENCY, decoy=outbox.DECOY_TEMPLATE)
