"""A form becomes a submission: stored with its email in one transaction, for all who wait at this moment."""

from dataclasses import dataclass

from petition.core import clock, encryption, tokens
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.writer import act
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import ServerKeys
from petition.core.errors import ClosedError, LinkError, ProofReused
from petition.mail import messages, outbox
from petition.protection import mail_quota, proof_of_work
from petition.protection.rate_limits import NORMAL, Admission

LIVES = 15 * DAY  # of a submission, counted from the start of its day, so that its end tells no hour


@dataclass(frozen=True, slots=True)
class Signing:
    """A form that was filled in well."""

    address: EmailAddress
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


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form ready to be stored: all is hashed, sealed and encrypted, whatever will become of it."""

    row: Row
    mail: Row
    proof: Row | None = None


def submitted(vault: ServerKeys, signing: Signing, admission: Admission = NORMAL, base_url: str = "") -> Submitted:
    """Makes a form ready, before any transaction begins."""
    mailbox, address = vault.email_hashes(signing.address)
    number = tokens.new_secret()
    mail = messages.confirm_email(vault, signing.language, signing.address.exact, number, mailbox)
    row: Row = {
        "id": tokens.submission_id(number),
        "mailbox": mailbox,
        "address": address,
        "country": signing.country,
        "name": encryption.encrypt_name(number, signing.name) if signing.name else None,
        "sealed": _sealed(vault, signing, number, base_url) if signing.updates else None,
        "consent": signing.consent,
        **_columns(admission),
        "expires": midnight() + LIVES,
    }
    return Submitted(row, {**_scheduled(mail, admission), "submission_id": row["id"]}, admission.proof)


def _columns(admission: Admission) -> Row:
    return {
        "state": "aside" if admission.hold_reason else "waiting",
        "aside": admission.hold_reason,
        "network": admission.network,
        "disposable": int(admission.disposable),
    }


def _scheduled(mail: Row, admission: Admission) -> Row:
    urgency = (
        outbox.HELD_URGENCY
        if admission.hold_reason
        else outbox.LOW_PRIORITY_URGENCY
        if admission.low_priority
        else mail["urgency"]
    )
    return outbox.delay_email({**mail, "urgency": urgency}, admission.mail_delay)


def _sealed(vault: ServerKeys, signing: Signing, number: str, base_url: str) -> str:
    return vault.seal_contact(signing.address.exact, messages.unsubscribe_link(base_url, signing.language, number))


@act("sign")
async def sign(c: Connection, forms: list[Submitted]) -> list[Exception | None]:
    """Stores submissions and their mails, or silently nothing for a mailbox that had its share of mail.

    For the latter as much is written, for nobody: else time would tell. Answers ClosedError for each once signing
    has ended for good, and ProofReused for one whose proof of work was used before: nothing of it is stored.
    """
    if await state.is_closed(c):
        return [ClosedError("Signing has ended.") for _ in forms]
    fresh = await proof_of_work.use_proofs(c, [form.proof for form in forms if form.proof])
    answers = [_unused(form, fresh) for form in forms]
    await _store(c, [form for form, answer in zip(forms, answers, strict=True) if answer is None])
    return answers


def _unused(form: Submitted, fresh: set[str]) -> Exception | None:
    """Of two forms with one proof, both of this moment, the first counts."""
    if form.proof is None or form.proof["id"] in fresh:
        fresh.discard(form.proof["id"] if form.proof else "")
        return None
    return ProofReused("This proof of work was used before.")


async def _store(c: Connection, forms: list[Submitted]) -> None:
    ids = [form.row["id"] for form in forms]
    allowed = await mail_quota.reserve_emails(c, [form.row["mailbox"] for form in forms], ids)
    stored = [form if may else _decoy(form) for form, may in zip(forms, allowed, strict=True)]
    await c.run("signatures.submit", rows=[form.row for form in stored])
    await c.run("signatures.displace", mailboxes=[form.row["mailbox"] for form in stored], ids=ids)
    await outbox.enqueue(c, [form.mail for form in stored])


def _decoy(form: Submitted) -> Submitted:
    """A form of nobody: it hangs on a random key, holds nothing, and its link was sent to no one."""
    nobody = form.row["id"]
    void: Row = {"mailbox": nobody, "address": nobody, "state": "void", "aside": None, "network": None, "disposable": 0}
    row = form.row | void
    emptied = {key: "-" * len(row[key]) for key in ("name", "sealed") if row[key] is not None}
    return Submitted({**row, **emptied}, outbox.make_decoy(form.mail))


async def submission(c: Connection, number: str) -> Submission:
    """What the link with this number is about. Raises LinkError if there is nothing behind it any more."""
    row = await c.one("signatures.submission", id=tokens.submission_id(number), now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    name = encryption.decrypt_name(number, row["name"]) if row["name"] else None
    return Submission(row["country"], name, row["sealed"] is not None, row["state"] == "confirmed")


async def waiting(c: Connection) -> int:
    """How many links wait for their button."""
    return int((await c.one("signatures.waiting", now=clock.epoch()) or {})["n"])


async def refuse_closed(c: Connection) -> None:
    """Raises ClosedError once signing has ended for good: nobody is hashed any more."""
    if await state.is_closed(c):
        raise ClosedError("Signing has ended.")


def midnight() -> int:
    """The start of today: what is dated by it tells no hour."""
    return clock.epoch() // DAY * DAY
