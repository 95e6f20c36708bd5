"""What may happen to a signature: sign, confirm, see, change, withdraw. Each is one transaction of its caller.

Nothing here answers whether somebody signed, except held(), which is asked from a link in the mailbox itself.
"""

from dataclasses import dataclass

from petition import clock, notices, sealing, tally, throttle, tokens
from petition.addresses import Address
from petition.clock import DAY
from petition.db import Connection, Row
from petition.errors import ClosedError, LinkError
from petition.sealing import Vault
from petition.tokens import Purpose

UNSAID = "ZZ"  # "in Belarus, or I prefer not to say"
LIVES = 15 * DAY  # of a submission, counted from the start of its day, so that its end tells no hour
BACKUPS_LIVE = 7  # days: so long a withdrawal is remembered, lest a restore undo it


@dataclass(frozen=True, slots=True)
class Signing:
    """A form that was filled in well."""

    address: Address
    country: str
    name: str | None
    updates: bool
    consent: str
    language: str


@dataclass(frozen=True, slots=True)
class Submission:
    """What a link is about to confirm."""

    country: str
    name: str | None
    updates: bool
    confirmed: bool


async def sign(c: Connection, vault: Vault, signing: Signing) -> None:
    """Stores a submission and its mail, or silently nothing if the mailbox had its share of mail.

    Raises ClosedError once signing has ended for good.
    """
    await _refuse_closed(c)
    mailbox, address = vault.hashes(signing.address)
    number = tokens.number()
    name = sealing.hide(number, signing.name) if signing.name else None
    sealed = vault.seal_contact(signing.address.exact) if signing.updates else None
    if not await throttle.allow_mail(c, mailbox):
        return
    await c.run("signatures.displace", mailbox=mailbox)
    await c.run(
        "signatures.submit",
        id=tokens.kept(number),
        mailbox=mailbox,
        address=address,
        country=signing.country,
        name=name,
        sealed=sealed,
        consent=signing.consent,
        expires=_midnight() + LIVES,
    )
    await notices.confirm(c, vault, signing.language, signing.address.exact, number, mailbox)


async def submission(c: Connection, number: str) -> Submission:
    """What the link with this number is about. Raises LinkError if there is nothing behind it any more."""
    row = await c.one("signatures.submission", id=tokens.kept(number), now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    name = sealing.reveal(number, row["name"]) if row["name"] else None
    return Submission(row["country"], name, row["sealed"] is not None, row["state"] == "confirmed")


async def confirm(c: Connection, number: str) -> str:
    """The owner of the mailbox pressed the button; returns the country. Pressing again changes nothing.

    An earlier signature of the same mailbox gives way to what the page showed now. Raises LinkError.
    """
    row = await c.one("signatures.take", id=tokens.kept(number), now=clock.epoch())
    if row is None:
        return (await submission(c, number)).country
    await _remove(c, row["mailbox"], "replaced")
    await c.run("signatures.write_again", mailbox=row["mailbox"])
    put = await c.one(
        "signatures.put",
        mailbox=row["mailbox"],
        address=row["address"],
        country=row["country"],
        day=clock.today().isoformat(),
        named=int(row["name"] is not None),
        updates=int(row["sealed"] is not None),
        consent=row["consent"],
    )
    if put:
        await tally.change(c, row["country"], "confirmed", 1)
        await _keep_choices(c, number, row)
    return str(row["country"])


async def _keep_choices(c: Connection, number: str, row: Row) -> None:
    if row["name"] is not None:
        name = sealing.reveal(number, row["name"])
        await c.run("signatures.put_name", mailbox=row["mailbox"], name=name)
    if row["sealed"] is not None:
        await c.run("signatures.put_contact", mailbox=row["mailbox"], sealed=row["sealed"])


async def ask_to_manage(c: Connection, vault: Vault, to: Address, language: str) -> None:
    """Mails a link to whoever asked; the same whether there is a signature or not.

    Raises ClosedError once signing has ended for good: no hash of anybody is kept again.
    """
    await _refuse_closed(c)
    mailbox, address = vault.hashes(to)
    number = tokens.number()
    if not await throttle.allow_mail(c, mailbox):
        return
    await c.run(
        "links.put",
        id=tokens.kept(number),
        purpose=Purpose.MANAGE.value,
        subject=address,
        mailbox=mailbox,
        expires=clock.epoch() + tokens.LIFETIME[Purpose.NEVER_WRITE],
    )
    await notices.manage(c, vault, language, to.exact, number, mailbox)


async def held(c: Connection, number: str) -> Row | None:
    """Everything that is held about the mailbox a manage link was sent to; None if it is nothing."""
    link = await _manage_link(c, number)
    return await c.one("signatures.held", address=link["subject"])


async def withdraw(c: Connection, number: str) -> None:
    """Takes the signature away, in the transaction that lowers the tally, and every link to the mailbox with it."""
    link = await _manage_link(c, number)
    row = await c.one("signatures.held", address=link["subject"])
    await _forget_links(c, link["mailbox"])
    if row is not None:
        await _remove(c, row["mailbox"], "withdrawn")
        await _remember(c, row["mailbox"], "withdrawn")


async def unname(c: Connection, number: str) -> None:
    """The name will not be printed any more, and is erased."""
    link = await _manage_link(c, number)
    if (row := await c.one("signatures.unname", address=link["subject"])) is not None:
        await c.run("signatures.drop_name", mailbox=row["mailbox"])
        await c.run("signatures.drop_submissions", mailbox=row["mailbox"])


async def stop_updates(c: Connection, number: str) -> None:
    """No more news, and the sealed address is erased."""
    link = await _manage_link(c, number)
    if (row := await c.one("signatures.held", address=link["subject"])) is not None:
        await _stop_updates(c, row["mailbox"])
        await c.run("signatures.drop_submissions", mailbox=row["mailbox"])


async def never_write(c: Connection, number: str) -> None:
    """No mail to this mailbox any more, whoever types it. A signature that was confirmed stays. Raises LinkError."""
    mailbox = await _mailbox(c, number)
    await _remember(c, mailbox, "never")
    await _stop_updates(c, mailbox)
    await c.run("signatures.drop_submissions", mailbox=mailbox)
    await c.run("outbox.drop", mailbox=mailbox)


async def _mailbox(c: Connection, number: str) -> str:
    """The mailbox that got the mail with this number in its links, of either kind."""
    row = await c.one("signatures.submission", id=tokens.kept(number), now=clock.epoch())
    row = row or await _manage_link(c, number)
    return str(row["mailbox"])


async def _manage_link(c: Connection, number: str) -> Row:
    row = await c.one("links.get", id=tokens.kept(number), purpose=Purpose.MANAGE.value, now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    return row


async def _remove(c: Connection, mailbox: str, reason: str) -> None:
    if (row := await c.one("signatures.remove", mailbox=mailbox)) is not None:
        await tally.change(c, row["country"], reason, -1)


async def _stop_updates(c: Connection, mailbox: str) -> None:
    await c.run("signatures.drop_contact", mailbox=mailbox)
    await c.run("signatures.stop_updates", mailbox=mailbox)


async def _remember(c: Connection, mailbox: str, reason: str) -> None:
    await c.run("signatures.never_write", mailbox=mailbox, reason=reason, day=clock.today().isoformat())


async def _forget_links(c: Connection, mailbox: str) -> None:
    await c.run("signatures.drop_submissions", mailbox=mailbox)
    await c.run("links.drop", mailbox=mailbox)
    await c.run("outbox.drop", mailbox=mailbox)


async def waiting(c: Connection) -> int:
    """How many links wait for their button."""
    return int((await c.one("signatures.waiting", now=clock.epoch()) or {})["n"])


async def export(c: Connection) -> list[Row]:
    """For the organisers' own machine: country, day, name to be printed if any, sealed address if news are wanted."""
    return await c.all("signatures.export")


async def names(c: Connection, country: str) -> list[str]:
    """The names to be printed in the annex for one country."""
    return [row["name"] for row in await c.all("signatures.names", country=country)]


async def named(c: Connection) -> dict[str, int]:
    """How many asked to be named, by country."""
    return {row["country"]: int(row["n"]) for row in await c.all("signatures.named")}


async def readable_is_warning(c: Connection) -> bool:
    """Whether organisers let people sign from a mailbox that authorities can read, after a warning."""
    row = await c.one("house.get", name="readable_mailboxes")
    return row is not None and row["value"] == "warn"


async def warn_of_readable(c: Connection, warn: bool) -> None:
    """Turns the refusal of such mailboxes into a warning, or back."""
    value = "warn" if warn else "refuse"
    await c.run("house.keep", name="readable_mailboxes", value=value)
    await c.run("house.set", name="readable_mailboxes", value=value)


async def expire(c: Connection) -> None:
    """Retention: unconfirmed submissions die with their link, withdrawals with the last backup that knew them."""
    now = clock.epoch()
    await c.run("signatures.expired", now=now)
    await c.run("links.expired", now=now)
    await c.run("throttle.expired", fortnight=now - throttle.A_FORTNIGHT.window)
    oldest = clock.now().date().fromordinal(clock.today().toordinal() - BACKUPS_LIVE)
    await c.run("signatures.withdrawals_over", day=oldest.isoformat())


async def never_write_list(c: Connection) -> list[Row]:
    """Mailboxes that want no mail, or whose signature was withdrawn of late: mailbox, reason, day."""
    return await c.all("signatures.never_write_list")


async def apply_never_write(c: Connection, rows: list[Row]) -> None:
    """After a restore: adds entries to the list and carries it out on whatever the backup brought back."""
    for row in rows:
        await c.run("signatures.never_write", **row)
    for row in await never_write_list(c):
        if row["reason"] == "withdrawn":
            await _remove(c, row["mailbox"], "withdrawn")
        else:
            await _stop_updates(c, row["mailbox"])
        await c.run("signatures.drop_submissions", mailbox=row["mailbox"])


async def close(c: Connection) -> None:
    """Every keyed hash goes, and with it names and contacts; the tally and its journal stay."""
    for query in ("signatures", "submissions", "mailings", "never_write", "links"):
        await c.run(f"signatures.close_{query}")


async def _refuse_closed(c: Connection) -> None:
    if await c.one("house.get", name="closed") is not None:
        raise ClosedError("Signing has ended.")


def _midnight() -> int:
    return clock.epoch() - clock.epoch() % DAY
