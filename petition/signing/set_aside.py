"""What was decided of a batch is done to its signatures in parts, so that nobody who signs waits for it.

A signature that is set aside stays, and is counted nowhere: journal and row change in one transaction. Whatever ends
this, the next call continues where it stopped; two at once do no harm.
"""

from functools import partial

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import BatchError
from petition.signing import submissions
from petition.signing.batches import CHUNK, KEPT_DAYS, REMEMBERED_DAYS, oldest_undone
from petition.tally import removals, tally

_CHOOSING_SECONDS = 900  # after that, the process that chose has ended
# What is to be done -> the steps, each until no signature is left for it.
_STEPS = {
    "set": ("set_aside.take",),
    "restore": ("set_aside.restore", "set_aside.free"),
    "free": ("set_aside.free",),
    "erase": ("set_aside.erase", "set_aside.free"),
}


async def work(database: Database) -> None:
    """Does all that was decided."""
    async with database.reading() as c:
        rows = await c.all("set_aside.at_work")
    for row in rows:
        try:
            await _work_on(database, row)
        except BatchError:  # undone in this moment: the next call does that
            continue


async def _work_on(database: Database, batch: Row) -> None:
    for step in _STEPS[batch["working"]]:
        after = ""
        while rows := await database.own_transaction(partial(_do_part, batch=batch, step=step, after=after)):
            after = max(row["mailbox"] for row in rows)
    await database.own_transaction(partial(_end, batch=batch))


async def _do_part(c: Connection, *, batch: Row, step: str, after: str) -> list[Row]:
    rows = await c.all(step, batch=batch["id"], after=after, limit=CHUNK)
    if not rows:
        return []
    taken = len(rows) if step == "set_aside.take" else 0
    restored = len(rows) if step == "set_aside.restore" else 0
    if taken:
        await tally.apply_changes(c, [removals.set_aside(row["country"], batch["reason"]) for row in rows])
    if restored:
        await tally.apply_changes(c, [removals.restored(row["country"]) for row in rows])
    if step == "set_aside.erase":
        mailboxes = [row["mailbox"] for row in rows]
        await c.run("contacts.delete", mailboxes=mailboxes)
        await c.run("printed_names.delete", mailboxes=mailboxes)
    counts = {"taken": taken, "restored": restored}
    if await c.one("set_aside.advance", batch=batch["id"], working=batch["working"], **counts) is None:
        raise BatchError("Somebody has decided otherwise.")
    return rows


async def _end(c: Connection, *, batch: Row) -> None:
    today = clock.today().isoformat()
    await c.run("set_aside.end", batch=batch["id"], working=batch["working"], today=today)


async def expire(database: Database) -> None:
    """Retention: a mark lives fifteen days, what is set aside thirty; then the mailboxes may sign again."""
    await database.own_transaction(_expire)
    await work(database)


async def _expire(c: Connection) -> None:
    now = clock.epoch()
    await c.run("set_aside.expire", cut_off=now - _CHOOSING_SECONDS, undecided=now - KEPT_DAYS * DAY)
    await c.run("set_aside.begin_erasing", oldest=oldest_undone())
    await c.run("set_aside.forget", today=submissions.start_of_today(), remembered=now - REMEMBERED_DAYS * DAY)
