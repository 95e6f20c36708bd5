"""How a signature comes about: sign, confirm, expire. Each is part of a caller's transaction; signing and confirming
take all that wait at this moment, with as many statements as for one.

Nothing here answers whether somebody signed.
"""

from petition.core import clock, encryption, tokens
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.writer import act
from petition.core.errors import LinkError
from petition.protection import daily_keys
from petition.signing.submissions import LIVES, submission
from petition.tally import tally
from petition.tally.tally import Change

NEW = "new"  # a name that no organiser has looked at
BACKUPS_LIVE = 7  # days: so long a withdrawal is remembered, lest a restore undo it


@act("confirm")
async def confirm(c: Connection, numbers: list[str]) -> list[str | Exception]:
    """The owners of mailboxes pressed the button; answers each with the country. Pressing again changes nothing.

    An earlier signature of the same mailbox gives way to what the page showed now. A dead link answers LinkError.
    """
    number_of = {tokens.submission_id(number): number for number in numbers}
    taken = {row["id"]: row for row in await c.all("signatures.take", ids=list(number_of), now=clock.epoch())}
    await c.run("signatures.taken", ids=list(taken))
    pressed = [taken[id_] for id_ in number_of if id_ in taken]
    if latest := list({row["mailbox"]: row for row in pressed}.values()):  # of two at once, the one pressed last
        await _put(c, latest, number_of)
    return [taken[id_]["country"] if id_ in taken else await _country(c, n) for n, id_ in _kept(numbers)]


def _kept(numbers: list[str]) -> list[tuple[str, str]]:
    return [(number, tokens.submission_id(number)) for number in numbers]


async def _country(c: Connection, number: str) -> str | Exception:
    """Of a link that was pressed before, or the error of one that is dead."""
    try:
        return (await submission(c, number)).country
    except LinkError as error:
        return error


async def _put(c: Connection, rows: list[Row], number_of: dict[str, str]) -> None:
    mailboxes = [row["mailbox"] for row in rows]
    await c.run("signatures.write_again", mailboxes=mailboxes)
    replaced = await _remove(c, mailboxes)
    signed = await c.all("signatures.put", rows=[_signature(row) for row in rows])
    put = {row["mailbox"] for row in signed}
    await _keep_choices(c, [row for row in rows if row["mailbox"] in put], number_of)
    changes = [Change(row["country"], "replaced", -1) for row in replaced]
    await tally.apply_changes(c, changes + [Change(row["country"], "confirmed", 1) for row in signed])


def _signature(row: Row) -> dict[str, str | int | None]:
    kept = {name: row[name] for name in ("mailbox", "address", "country", "consent")}
    choices = {"named": int(row["name"] is not None), "updates": int(row["sealed"] is not None)}
    return {**kept, **choices, "day": clock.today().isoformat()}


async def _keep_choices(c: Connection, rows: list[Row], number_of: dict[str, str]) -> None:
    if contacts := [_contact(row, number_of[row["id"]]) for row in rows if row["sealed"] is not None]:
        await c.run("signatures.put_contacts", rows=contacts)
    named = [row for row in rows if row["name"] is not None]
    if named:
        names = [(row["mailbox"], encryption.decrypt_name(number_of[row["id"]], row["name"])) for row in named]
        await c.run("signatures.put_names", rows=[{"mailbox": m, "name": n, "state": NEW} for m, n in names])


def _contact(row: Row, number: str) -> dict[str, str]:
    unsubscribe = tokens.secret_hash(tokens.unsubscribe_secret(number))  # as the link that is sealed
    return {"mailbox": row["mailbox"], "sealed": row["sealed"], "unsubscribe": unsubscribe}


async def _remove(c: Connection, mailboxes: list[str]) -> list[Row]:
    """Takes signatures away with their names and contacts; the countries they counted for."""
    removed = await c.all("signatures.remove", mailboxes=mailboxes)
    if removed:
        await c.run("signatures.drop_contacts", mailboxes=mailboxes)
        await c.run("signatures.drop_names", mailboxes=mailboxes)
    return removed


async def remove(c: Connection, mailbox: str, reason: str) -> None:
    """Takes a signature away with its name and contact, and lowers the tally; nothing if there is none."""
    await tally.apply_changes(c, [Change(row["country"], reason, -1) for row in await _remove(c, [mailbox])])


async def readable_is_warning(c: Connection) -> bool:
    """Whether organisers let people sign from a mailbox that authorities can read, after a warning."""
    return await state.get(c, "readable_mailboxes") == "warn"


async def warn_of_readable(c: Connection, warn: bool) -> None:
    """Turns the refusal of such mailboxes into a warning, or back."""
    value = "warn" if warn else "refuse"
    await state.put(c, "readable_mailboxes", value)


async def expire(c: Connection) -> None:
    """Retention: unconfirmed submissions die with their link, withdrawals with the last backup that knew them."""
    now = clock.epoch()
    await c.run("signatures.expired", now=now)
    oldest = clock.now().date().fromordinal(clock.today().toordinal() - BACKUPS_LIVE)
    await c.run("signatures.withdrawals_over", day=oldest.isoformat())
    await c.run("links.expired", now=now)


async def expire_networks(c: Connection) -> None:
    """The tags of networks go with the key of their day."""
    for day in await daily_keys.destroy_expired(c):
        await c.run("signatures.drop_networks", expires=clock.start_of_day(day) + LIVES)
