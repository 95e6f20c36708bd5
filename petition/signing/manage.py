"""What the owner of a mailbox may do from an emailed link: see, change or withdraw, and refuse all emails.

Only a link in the mailbox itself tells whether there is a signature. Functions that get the id of a confirm or manage
link raise LinkError if the link does not work.
"""

from dataclasses import dataclass
from datetime import date

from petition.core import clock, encryption, tokens
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys, ServerKeys
from petition.core.errors import LinkError
from petition.core.tokens import Purpose
from petition.mail import messages, outbox
from petition.protection import mail_quota
from petition.protection.rate_limits import NORMAL, Admission
from petition.signing import signatures, submissions


async def request_manage_link(
    c: Connection, server_keys: ServerKeys, email: EmailAddress, language: str, admission: Admission = NORMAL
) -> None:
    """Emails a manage link to any address, as `admission` says when, whether there is a signature or not.

    Over the limit on emails as much is written, but no email leaves. Raises ClosedError once signing has ended for
    good: no hash of anybody is kept after that.
    """
    await submissions.require_open(c)
    mailbox, email_hash = server_keys.email_hashes(email)
    secret = tokens.new_secret()
    mail = outbox.prepare_email(
        server_keys, messages.MANAGE, language=language, to=email.exact, secret=secret, mailbox=mailbox
    )
    row_id, quota_key = server_keys.link_keys(secret).row_id, server_keys.quota_key(email)
    quota = server_keys.mask_quota(quota_key, row_id)
    mail = {**submissions.schedule_mail(mail, admission), "link_id": row_id}
    recipient = mail_quota.Recipient(mailbox, quota_key, decoy_key=row_id)
    if not all(await mail_quota.reserve_emails(c, [recipient], mail_quota.MANAGE)):
        mailbox, email_hash, quota, mail = row_id, row_id, encryption.random_quota(), outbox.make_decoy(mail)
    await c.run(
        "links.insert",
        id=row_id,
        purpose=Purpose.MANAGE.value,
        subject=email_hash,
        mailbox=mailbox,
        quota=quota,
        expires_at=submissions.start_of_today() + submissions.SUBMISSION_LIFETIME,
    )
    await outbox.enqueue(c, [mail])


@dataclass(frozen=True, slots=True)
class StoredData:
    """Everything that is stored about an address.

    `signature`: its row, or None; `waiting_links`: confirm links that were not pressed; `recent_emails`: in the last
    14 days; `never_write`: the mailbox wants no email; `recently_withdrawn`: its signature was withdrawn.
    """

    signature: Row | None
    waiting_links: int
    recent_emails: int
    never_write: bool
    recently_withdrawn: bool

    @property
    def confirmed_on(self) -> date | None:
        return date.fromisoformat(self.signature["confirmed_on"]) if self.signature else None


async def get_stored_data(c: Connection, link_keys: LinkKeys) -> StoredData:
    link = await _get_manage_link(c, link_keys.row_id)
    email_hash, mailbox = link["subject"], link["mailbox"]
    signature = await c.one("manage.get_signature", email_hash=email_hash)
    row = await c.one("manage.stored_data", email_hash=email_hash, mailbox=mailbox, now=clock.epoch()) or {}
    return StoredData(
        signature,
        int(row["waiting_links"]),
        await mail_quota.recent_emails(c, link_keys.unmask_quota(link["quota"])),
        bool(row["never_write"]),
        bool(row["recently_withdrawn"]),
    )


async def withdraw(c: Connection, link_id: str) -> bool:
    """Deletes the signature, lowers the tally and deletes every link to the mailbox, in one transaction.

    False if there was no signature.
    """
    link = await _get_manage_link(c, link_id)
    await c.run("submissions.delete_of_mailbox", mailbox=link["mailbox"])
    return await _withdraw_signature(c, link["subject"], link["mailbox"])


async def _withdraw_signature(c: Connection, email_hash: str, mailbox: str) -> bool:
    if (row := await c.one("manage.get_signature", email_hash=email_hash)) is not None:
        await _add_never_write(c, row["mailbox"], "withdrawn")
        await signatures.remove_signature(c, row["mailbox"], "withdrawn")
    await c.run("links.delete_of_mailbox", mailbox=mailbox)
    await c.run("outbox.delete_to_mailbox", mailbox=mailbox)
    return row is not None


async def unname(c: Connection, link_id: str) -> bool:
    """Erases the name, so that it is no longer printed. False if there was none."""
    link = await _get_manage_link(c, link_id)
    row = await c.one("manage.get_signature", email_hash=link["subject"])
    if row is None or row["name"] is None:
        return False
    await c.run("submissions.delete_of_mailbox", mailbox=row["mailbox"])
    await c.run("manage.unname", mailbox=row["mailbox"])
    await c.run("printed_names.delete_of_mailbox", mailbox=row["mailbox"])
    return True


async def stop_updates(c: Connection, link_id: str) -> bool:
    """Ends the news and erases the sealed address. False if there is no signature."""
    link = await _get_manage_link(c, link_id)
    if (row := await c.one("manage.get_signature", email_hash=link["subject"])) is not None:
        await c.run("submissions.delete_of_mailbox", mailbox=row["mailbox"])
        await _delete_contact(c, row["mailbox"])
    return row is not None


async def unsubscribe(c: Connection, unsubscribe_hash: str) -> None:
    """Ends the news by the link of a news email, and nothing else. Nobody learns if it was known (RFC 8058)."""
    row = await c.one("contacts.find_by_unsubscribe_hash", unsubscribe_hash=unsubscribe_hash)
    if row is not None:
        await _delete_contact(c, row["mailbox"])


async def never_write(c: Connection, link_id: str) -> bool:
    """No email to this mailbox any more, no matter who types its address. A confirmed signature stays."""
    await submissions.hold_open(c)
    _, mailbox = await _hashes_behind_link(c, link_id)
    await c.run("submissions.cancel_of_mailbox", mailbox=mailbox)
    await _add_never_write(c, mailbox, "never", link_id)
    await _delete_contact(c, mailbox)
    await c.run("outbox.delete_to_mailbox", mailbox=mailbox)
    return True


async def write_again(c: Connection, link_id: str) -> bool:
    """Takes never_write() back. Only the link in the email by which it was said does this, however old it is."""
    await c.run("never_write.take_back", link_id=link_id)
    return True


async def withdraw_never(c: Connection, link_id: str) -> bool:
    """No email any more, and no signature of this address. The answer is the same whether there was one.

    A mailbox that wants no email cannot get a link to withdraw: so the emails to signers offer both at their end.
    """
    await submissions.hold_open(c)
    email_hash, mailbox = await _hashes_behind_link(c, link_id)
    await c.run("submissions.delete_of_mailbox", mailbox=mailbox)
    await _add_never_write(c, mailbox, "never", link_id)
    await _delete_contact(c, mailbox)
    await _withdraw_signature(c, email_hash, mailbox)
    return True


async def _hashes_behind_link(c: Connection, link_id: str) -> tuple[str, str]:
    """(email_hash, mailbox) for a confirm link or a manage link. Raises LinkError."""
    row = await c.one("submissions.get_recipient", id=link_id, now=clock.epoch())
    if row is not None:
        return row["email_hash"], row["mailbox"]
    link = await _get_manage_link(c, link_id)
    return link["subject"], link["mailbox"]


async def _get_manage_link(c: Connection, link_id: str) -> Row:
    row = await c.one("links.get", id=link_id, purpose=Purpose.MANAGE.value, now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    return row


async def _delete_contact(c: Connection, mailbox: str) -> None:
    await c.run("manage.stop_updates", mailbox=mailbox)
    await c.run("contacts.delete_of_mailbox", mailbox=mailbox)


async def _add_never_write(c: Connection, mailbox: str, reason: str, link_id: str = "") -> None:
    added_on = clock.today().isoformat()
    await c.run("never_write.add", mailbox=mailbox, reason=reason, added_on=added_on, link_id=link_id)


async def list_never_write(c: Connection) -> list[Row]:
    """Mailboxes that want no email, or whose signature was withdrawn recently: mailbox, reason, added_on, link_id."""
    return await c.all("never_write.list")


async def apply_never_write(c: Connection, rows: list[Row]) -> None:
    """After a restore: adds rows to the list and applies the whole list to what the backup brought back."""
    for row in rows:
        await c.run("never_write.add", **row)
    for row in await list_never_write(c):
        await c.run("submissions.delete_of_mailbox", mailbox=row["mailbox"])
        if row["reason"] == "withdrawn":
            await signatures.remove_signature(c, row["mailbox"], "withdrawn")
        else:
            await _delete_contact(c, row["mailbox"])
