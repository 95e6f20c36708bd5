"""How a signature comes about: sign, confirm; and what organisers read of it. Each is one transaction of its caller.

Nothing here answers whether somebody signed.
"""

from dataclasses import dataclass

from petition import clock, notices, sealing, tally, throttle, tokens
from petition.addresses import Address
from petition.clock import DAY
from petition.db import Connection, Row
from petition.errors import ClosedError, LinkError
from petition.sealing import Vault

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
    await refuse_closed(c)
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
    await remove(c, row["mailbox"], "replaced")
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
        await c.run("signatures.contact_moved", mailbox=row["mailbox"])


async def remove(c: Connection, mailbox: str, reason: str) -> None:
    """Takes a signature away with its name and contact, and lowers the tally; nothing if there is none."""
    if (row := await c.one("signatures.remove", mailbox=mailbox)) is not None:
        await tally.change(c, row["country"], reason, -1)


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


async def close(c: Connection) -> None:
    """Every keyed hash goes, and with it names and contacts; the tally and its journal stay."""
    for query in ("signatures", "submissions", "mailings", "never_write", "links"):
        await c.run(f"signatures.close_{query}")


async def refuse_closed(c: Connection) -> None:
    """Raises ClosedError once signing has ended for good: nobody is hashed any more."""
    if await c.one("house.get", name="closed") is not None:
        raise ClosedError("Signing has ended.")


def _midnight() -> int:
    return clock.epoch() - clock.epoch() % DAY
