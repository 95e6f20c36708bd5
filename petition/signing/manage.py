"""What the owner of a mailbox may do from a mailed link: see, change, withdraw, never be written to again.

Only what is asked from a link in the mailbox itself tells whether there is a signature.
"""

from dataclasses import dataclass
from datetime import date

from petition.core import clock, tokens
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import ServerKeys
from petition.core.errors import LinkError
from petition.core.tokens import Purpose
from petition.mail import messages, outbox
from petition.protection import mail_quota
from petition.signing import signatures, submissions


async def ask_to_manage(c: Connection, vault: ServerKeys, to: EmailAddress, language: str, wait: int = 0) -> None:
    """Mails a link to whoever asked; the same whether there is a signature or not, and as much is written if none goes.

    It leaves after so many seconds of `wait`.

    Raises ClosedError once signing has ended for good: no hash of anybody is kept again.
    """
    await submissions.refuse_closed(c)
    mailbox, address = vault.email_hashes(to)
    number = tokens.new_secret()
    mail = outbox.delay_email(messages.manage_email(vault, language, to.exact, number, mailbox), wait)
    id_ = tokens.secret_hash(number)
    if not all(await mail_quota.reserve_emails(c, [mailbox], [id_])):
        mailbox, address, mail = id_, id_, outbox.make_decoy(mail)
    await c.run(
        "links.put",
        id=id_,
        purpose=Purpose.MANAGE.value,
        subject=address,
        mailbox=mailbox,
        expires=submissions.midnight() + submissions.LIVES,
    )
    await outbox.enqueue(c, [mail])


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that is held about an address: its signature, if it has one, and what has to do with our mail.

    `waiting`: links to confirm that nobody has pressed; `mails`: those of the last 14 days; `never`: wants none;
    `withdrawn`: a signature was, of late.
    """

    signature: Row | None
    waiting: int
    mails: int
    never: bool
    withdrawn: bool

    @property
    def day(self) -> date | None:
        """When its signature was confirmed."""
        return date.fromisoformat(self.signature["day"]) if self.signature else None


async def held(c: Connection, number: str) -> Held:
    """What is held about the address a manage link was sent to."""
    link = await _manage_link(c, number)
    address, mailbox = link["subject"], link["mailbox"]
    signature = await c.one("managing.signature", address=address)
    row = await c.one("managing.held", address=address, mailbox=mailbox, now=clock.epoch()) or {}
    return Held(signature, int(row["waiting"]), int(row["mails"]), bool(row["never"]), bool(row["withdrawn"]))


async def withdraw(c: Connection, number: str) -> bool:
    """Takes the signature away, in the transaction that lowers the tally, and every link to the mailbox with it.

    False, here and in the two below, if there was nothing of it.
    """
    link = await _manage_link(c, number)
    await c.run("signatures.drop_submissions", mailbox=link["mailbox"])
    return await _withdraw(c, link["subject"], link["mailbox"])


async def _withdraw(c: Connection, address: str, mailbox: str) -> bool:
    if (row := await c.one("managing.signature", address=address)) is not None:
        await _remember(c, row["mailbox"], "withdrawn")
        await signatures.remove(c, row["mailbox"], "withdrawn")
    await c.run("links.drop", mailbox=mailbox)
    await c.run("outbox.delete_to_mailbox", mailbox=mailbox)
    return row is not None


async def unname(c: Connection, number: str) -> bool:
    """The name will not be printed any more, and is erased."""
    link = await _manage_link(c, number)
    row = await c.one("managing.signature", address=link["subject"])
    if row is None or row["name"] is None:
        return False
    await c.run("signatures.drop_submissions", mailbox=row["mailbox"])
    await c.run("managing.unname", mailbox=row["mailbox"])
    await c.run("managing.drop_name", mailbox=row["mailbox"])
    return True


async def stop_updates(c: Connection, number: str) -> bool:
    """No more news, and the sealed address is erased."""
    link = await _manage_link(c, number)
    if (row := await c.one("managing.signature", address=link["subject"])) is not None:
        await c.run("signatures.drop_submissions", mailbox=row["mailbox"])
        await _stop_updates(c, row["mailbox"])
    return row is not None


async def unsubscribe(c: Connection, number: str) -> None:
    """From a mail with news: no more of them, and nothing else. What became of it is told to nobody (RFC 8058)."""
    row = await c.one("managing.unsubscribing", unsubscribe=tokens.secret_hash(number))
    if row is not None:
        await _stop_updates(c, row["mailbox"])


async def never_write(c: Connection, number: str) -> bool:
    """No mail to this mailbox any more, whoever types it. A signature that was confirmed stays. Raises LinkError."""
    _, mailbox = await _written_to(c, number)
    await c.run("signatures.void_submissions", mailbox=mailbox)
    await _remember(c, mailbox, "never")
    await _stop_updates(c, mailbox)
    await c.run("outbox.delete_to_mailbox", mailbox=mailbox)
    return True


async def withdraw_never(c: Connection, number: str) -> bool:
    """No mail any more, and no signature of this address either; the same answer whether there was one.

    Whoever wants no mail cannot be sent a link to withdraw: so the foot of any mail offers both. Raises LinkError.
    """
    address, mailbox = await _written_to(c, number)
    await c.run("signatures.drop_submissions", mailbox=mailbox)
    await _remember(c, mailbox, "never")
    await _stop_updates(c, mailbox)
    await _withdraw(c, address, mailbox)
    return True


async def _written_to(c: Connection, number: str) -> tuple[str, str]:
    """(address, mailbox) that got the mail with this number in its links, of either kind."""
    row = await c.one("signatures.written_to", id=tokens.submission_id(number), now=clock.epoch())
    if row is not None:
        return row["address"], row["mailbox"]
    link = await _manage_link(c, number)
    return link["subject"], link["mailbox"]


async def _manage_link(c: Connection, number: str) -> Row:
    row = await c.one("links.get", id=tokens.secret_hash(number), purpose=Purpose.MANAGE.value, now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    return row


async def _stop_updates(c: Connection, mailbox: str) -> None:
    await c.run("managing.stop_updates", mailbox=mailbox)
    await c.run("managing.drop_contact", mailbox=mailbox)


async def _remember(c: Connection, mailbox: str, reason: str) -> None:
    await c.run("managing.never_write", mailbox=mailbox, reason=reason, day=clock.today().isoformat())


async def never_write_list(c: Connection) -> list[Row]:
    """Mailboxes that want no mail, or whose signature was withdrawn of late: mailbox, reason, day."""
    return await c.all("managing.never_write_list")


async def apply_never_write(c: Connection, rows: list[Row]) -> None:
    """After a restore: adds entries to the list and carries it out on whatever the backup brought back."""
    for row in rows:
        await c.run("managing.never_write", **row)
    for row in await never_write_list(c):
        await c.run("signatures.drop_submissions", mailbox=row["mailbox"])
        if row["reason"] == "withdrawn":
            await signatures.remove(c, row["mailbox"], "withdrawn")
        else:
            await _stop_updates(c, row["mailbox"])
