"""A form becomes a submission: stored with its email in one transaction, for all who wait at this moment."""

from dataclasses import dataclass, replace

from petition.core import clock, encryption, tokens
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.writer import act
from petition.core.email_addresses import EmailAddress, MailboxClass
from petition.core.encryption import LinkKeys, ServerKeys
from petition.core.errors import ClosedError, LinkError, ProofReused, SigningPaused
from petition.mail import messages, outbox
from petition.protection import mail_quota, proof_of_work
from petition.protection.mail_quota import Recipient
from petition.protection.rate_limits import NORMAL, Admission

SUBMISSION_LIFETIME = 15 * DAY  # from the start of its day, so that its end does not tell the hour
PROBE_STATE = "probe"  # of a form of `petition probe`: no button confirms it, and what counts forms does not see it
PROBE_LIFETIME = 300  # seconds; the next probe deletes it, or prune within the hour


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A form without errors."""

    email: EmailAddress
    country: str
    name: str | None
    updates: bool
    consent_version: str
    language: str


@dataclass(frozen=True, slots=True)
class Submission:
    """What a link would confirm, or has confirmed."""

    country: str
    name: str | None
    updates: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class PreparedSubmission:
    """A form ready to be stored: all is hashed, sealed and encrypted, even if it will not be stored."""

    recipient: Recipient
    row: Row
    mail: Row
    proof: Row | None = None


def prepare_submission(
    server_keys: ServerKeys, request: SigningRequest, admission: Admission = NORMAL, base_url: str = ""
) -> PreparedSubmission:
    """Hashes, seals and encrypts all of a form, before any transaction begins."""
    mailbox, email_hash = server_keys.email_hashes(request.email)
    quota_key = server_keys.quota_key(request.email)
    secret = tokens.new_secret()
    keys = server_keys.link_keys(secret)
    to, language = request.email.exact, request.language
    mail = outbox.prepare_email(server_keys, messages.CONFIRM, language=language, to=to, secret=secret, mailbox=mailbox)
    row: Row = {
        "id": keys.row_id,
        "mailbox": mailbox,
        "email_hash": email_hash,
        "country": request.country,
        "name": encryption.encrypt_name(keys.name_key, request.name) if request.name else None,
        "sealed": _seal_contact(server_keys, request, secret, base_url) if request.updates else None,
        "consent": request.consent_version,
        **_admission_columns(admission),
        "quota": server_keys.mask_quota(quota_key, keys.row_id),
        "expires_at": start_of_today() + SUBMISSION_LIFETIME,
    }
    if admission.probe:
        row |= {"quota": encryption.random_quota(), "expires_at": clock.epoch() + PROBE_LIFETIME}
    recipient = Recipient(mailbox, quota_key, decoy_key=keys.row_id)
    mail = {**schedule_mail(mail, admission), "link_id": keys.row_id}
    return PreparedSubmission(recipient, row, mail, admission.proof)


def _admission_columns(admission: Admission) -> Row:
    return {
        "state": "held" if admission.hold_reason else PROBE_STATE if admission.probe else "waiting",
        "hold_reason": admission.hold_reason,
        "network": admission.network,
        "disposable": int(admission.mailbox_class == MailboxClass.THROW_AWAY),
        "mailbox_class": admission.mailbox_class,
        "domain": admission.domain,
    }


def schedule_mail(mail: Row, admission: Admission) -> Row:
    urgency = (
        outbox.HELD_URGENCY
        if admission.hold_reason
        else outbox.LOW_PRIORITY_URGENCY
        if admission.low_priority
        else mail["urgency"]
    )
    return outbox.delay_email({**mail, "urgency": urgency}, admission.mail_delay)


def _seal_contact(server_keys: ServerKeys, request: SigningRequest, secret: str, base_url: str) -> str:
    return server_keys.seal_contact(request.email.exact, messages.unsubscribe_link(base_url, request.language, secret))


@act("sign")
async def sign(c: Connection, forms: list[PreparedSubmission]) -> list[Exception | None]:
    """Stores submissions and their emails. Over the limit on emails it writes decoys of the same size, so
    that timing does not tell.

    Returns ClosedError for each form once signing has ended for good, SigningPaused while it is paused, and ProofReused
    for a form whose proof of work was used before: nothing of that form is stored.
    """
    await hold_open(c)
    signing = await c.one("submissions.signing_state") or {}
    if signing["closed"]:
        return [ClosedError("Signing has ended.") for _ in forms]
    if signing["paused"]:
        return [SigningPaused("Signing is paused.") for _ in forms]
    unspent = await proof_of_work.use_proofs(c, [form.proof for form in forms if form.proof])
    outcomes = [_proof_error(form, unspent) for form in forms]
    await _store_forms(c, [form for form, outcome in zip(forms, outcomes, strict=True) if outcome is None])
    return outcomes


def _proof_error(form: PreparedSubmission, unspent: set[str]) -> Exception | None:
    """Of two forms of this moment with the same proof, the first one counts."""
    if form.proof is None or form.proof["id"] in unspent:
        unspent.discard(form.proof["id"] if form.proof else "")
        return None
    return ProofReused("This proof of work was used before.")


async def _store_forms(c: Connection, forms: list[PreparedSubmission]) -> None:
    probes = [form for form in forms if form.row["state"] == PROBE_STATE]
    others = [form for form in forms if form.row["state"] != PROBE_STATE]
    allowed = await mail_quota.reserve_emails(c, [form.recipient for form in others])
    stored = [form if may_mail else _make_decoy(form) for form, may_mail in zip(others, allowed, strict=True)]
    for probe in probes:
        await c.run("submissions.delete_old_probes", mailbox=probe.row["mailbox"], now=clock.epoch())
    await c.run("submissions.insert", rows=[form.row for form in (*stored, *probes)])
    for probe in probes:
        await outbox.delete_old(c, probe.row["mailbox"], PROBE_LIFETIME)
    await outbox.enqueue(c, [form.mail for form in (*stored, *probes)])


def _make_decoy(form: PreparedSubmission) -> PreparedSubmission:
    """A row of nobody, as long as the real one: under a random key, without content. Nobody gets its link."""
    random_key = form.row["id"]
    blank: Row = {
        "mailbox": random_key,
        "email_hash": random_key,
        "state": "cancelled",
        "hold_reason": None,
        "network": None,
        "disposable": 0,
        "mailbox_class": None,
        "domain": None,
        "quota": encryption.random_quota(),
    }
    row = form.row | blank
    masked = {key: "-" * len(row[key]) for key in ("name", "sealed") if row[key] is not None}
    return replace(form, row={**row, **masked}, mail=outbox.make_decoy(form.mail))


async def get_submission(c: Connection, link: LinkKeys) -> Submission:
    """Raises LinkError if the link confirms nothing (any more)."""
    row = await c.one("submissions.get", id=link.row_id, now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    name = encryption.decrypt_name(link.name_key, row["name"]) if row["name"] else None
    return Submission(row["country"], name, row["sealed"] is not None, row["state"] == "confirmed")


async def count_waiting(c: Connection) -> int:
    return int((await c.one("submissions.count_waiting", now=clock.epoch()) or {})["n"])


async def hold_open(c: Connection) -> None:
    """Signing does not end before this transaction does. Call it before anything is read, if a hash will be stored."""
    await c.lock(("daily_keys",), "row share")  # the end of signing locks this table first; nobody else waits


async def require_open(c: Connection) -> None:
    """Raises ClosedError once signing has ended for good: no address is hashed after that."""
    await hold_open(c)
    if await state.is_closed(c):
        raise ClosedError("Signing has ended.")


def start_of_today() -> int:
    """Epoch seconds. Dates that are counted from it do not tell the hour."""
    return clock.epoch() // DAY * DAY
