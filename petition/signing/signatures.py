"""Signatures: confirmed, replaced, removed. Each function is part of its caller's transaction.

confirm() handles all items of one moment, with as many statements as for one. No answer here tells a stranger
whether somebody has signed.
"""

from collections import Counter
from dataclasses import dataclass

from petition.core import clock, encryption
from petition.core.database import switches
from petition.core.database.connection import Connection, Row
from petition.core.database.writer import act
from petition.core.encryption import LinkKeys
from petition.core.errors import LinkError
from petition.protection import daily_keys
from petition.signing.submissions import SUBMISSION_LIFETIME, get_submission
from petition.tally import tally
from petition.tally.tally import Change

NEW = "new"  # no organiser has looked at this name yet
QUICK_SECONDS = 20  # a button that was pressed so soon after its email was written
BACKUP_LIFETIME_DAYS = 7  # a withdrawal is remembered so long, so that no restore undoes it


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A button was pressed. Only the first press changes something; the person sees the same after each."""

    country: str
    first: bool


@act("confirm")
async def confirm(c: Connection, links: list[LinkKeys]) -> list[Confirmation | Exception]:
    """The owners of mailboxes pressed the button. A second press changes nothing.

    A signature replaces an earlier one of the same mailbox. For a link that does not work the result is a LinkError.
    """
    link_by_id = {link.row_id: link for link in links}
    confirmed = {
        row["id"]: row for row in await c.all("submissions.lock_waiting", ids=list(link_by_id), now=clock.epoch())
    }
    now = clock.epoch()
    quick = [link.row_id for link in links if now - link.signed_at <= QUICK_SECONDS]
    await c.run("submissions.mark_confirmed", ids=list(confirmed), quick=quick)
    confirmed_rows = [confirmed[id_] for id_ in link_by_id if id_ in confirmed]
    if latest := list({row["mailbox"]: row for row in confirmed_rows}.values()):  # of two at once, the last one counts
        await _insert_signatures(c, latest, link_by_id)
    return [
        Confirmation(confirmed[link.row_id]["country"], first=True)
        if link.row_id in confirmed
        else await _find_confirmed(c, link)
        for link in links
    ]


async def _find_confirmed(c: Connection, link: LinkKeys) -> Confirmation | Exception:
    """For a link that was pressed before, else the LinkError; also for the link of a probe."""
    try:
        found = await get_submission(c, link)
    except LinkError as error:
        return error
    return Confirmation(found.country, first=False) if found.confirmed else LinkError("This link confirms nothing.")


async def _insert_signatures(c: Connection, rows: list[Row], link_by_id: dict[str, LinkKeys]) -> None:
    mailboxes = [row["mailbox"] for row in rows]
    await c.run("never_write.delete_withdrawals", mailboxes=mailboxes)
    replaced = await _delete_signatures(c, mailboxes)
    inserted = await c.all("signatures.insert", rows=[_signature_row(row) for row in rows])
    mailboxes_signed = {row["mailbox"] for row in inserted}
    await _insert_names_and_contacts(c, [row for row in rows if row["mailbox"] in mailboxes_signed], link_by_id)
    await tally.apply_changes(c, _changes(replaced, inserted))


def _changes(replaced: list[Row], inserted: list[Row]) -> list[Change]:
    """Of a signature that replaces one of the same country, no count changes. One that is set aside was not counted."""
    before = Counter((row["mailbox"], row["country"]) for row in replaced if not row["set_aside"])
    after = Counter((row["mailbox"], row["country"]) for row in inserted)
    removed = [Change(country, "replaced", -1) for _, country in before - after]
    return removed + [Change(country, "confirmed", 1) for _, country in after - before]


def _signature_row(row: Row) -> dict[str, str | int | None]:
    copied = {name: row[name] for name in ("mailbox", "email_hash", "country", "consent")}
    choices = {"named": int(row["name"] is not None), "updates": int(row["sealed"] is not None)}
    return {**copied, **choices, "confirmed_on": clock.today().isoformat()}


async def _insert_names_and_contacts(c: Connection, rows: list[Row], link_by_id: dict[str, LinkKeys]) -> None:
    if contacts := [_contact_row(row, link_by_id[row["id"]]) for row in rows if row["sealed"] is not None]:
        await c.run("contacts.insert", rows=contacts)
    with_name = [row for row in rows if row["name"] is not None]
    if with_name:
        names = [
            (row["mailbox"], encryption.decrypt_name(link_by_id[row["id"]].name_key, row["name"])) for row in with_name
        ]
        await c.run("printed_names.insert", rows=[{"mailbox": m, "name": n, "state": NEW} for m, n in names])


def _contact_row(row: Row, link: LinkKeys) -> dict[str, str]:
    return {"mailbox": row["mailbox"], "sealed": row["sealed"], "unsubscribe_hash": link.unsubscribe_hash}


async def _delete_signatures(c: Connection, mailboxes: list[str]) -> list[Row]:
    """Deletes signatures with their names and contacts; returns mailbox, country and `set_aside` of each."""
    removed = await c.all("signatures.delete", mailboxes=mailboxes)
    if removed:
        await c.run("contacts.delete", mailboxes=mailboxes)
        await c.run("printed_names.delete", mailboxes=mailboxes)
    return removed


async def remove_signature(c: Connection, mailbox: str, reason: str) -> None:
    """Deletes a signature with its name and contact, and lowers the count; does nothing if there is none."""
    removed = await _delete_signatures(c, [mailbox])
    await tally.apply_changes(c, [Change(row["country"], reason, -1) for row in removed if not row["set_aside"]])


async def get_warn_only(c: Connection) -> bool:
    """Whether people may sign, after a warning, from a mailbox that authorities can read. Organisers decide."""
    return (await switches.get(c, switches.MAILBOXES)).value == "warn"


async def delete_expired(c: Connection) -> None:
    """Retention: submissions end with their link, withdrawals with the last backup that has the signature."""
    now = clock.epoch()
    await c.run("submissions.delete_expired", now=now)
    oldest_backup = clock.now().date().fromordinal(clock.today().toordinal() - BACKUP_LIFETIME_DAYS)
    await c.run("never_write.delete_old_withdrawals", before=oldest_backup.isoformat())
    await c.run("links.delete_expired", now=now)


async def delete_marks(c: Connection) -> None:
    """Deletes the marks of each day's forms (tags of network and domain, class, quick) with the key of that day."""
    for day in await daily_keys.destroy_expired(c):
        await c.run("submissions.clear_marks", expires_at=clock.start_of_day(day) + SUBMISSION_LIFETIME)
