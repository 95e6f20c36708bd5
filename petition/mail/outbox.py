"""The outbox: emails that wait. Each is enqueued, claimed, then sent, refused or tried again later.

A row holds the address encrypted, under a key that is destroyed within days.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.writer import act
from petition.core.encryption import ServerKeys
from petition.core.errors import KeysError
from petition.mail import outbox_ids
from petition.mail.messages import Message

CLAIM_SECONDS = 90  # then another deliverer may take the row: so long an email waits if its deliverer crashes
PAUSED_UNTIL = "claims_paused_until"  # in site_state: epoch seconds
PAUSE_SECONDS = 2 * CLAIM_SECONDS  # then delivery continues, also if what asked for the pause was killed
BATCH_SIZE = 20
EMAIL_LIFETIME = 14 * DAY  # then its link has expired
# Each email has a random delay of its own, and emails of one minute leave in a random order. So the times of two emails
# do not tell what was queued between them.
MAX_DELAY_SECONDS = 5
# A decoy is enqueued where no email may be sent. It leaves as an email does, but to nobody (see delivery.py), so that
# timing does not tell one case from the other.
DECOY_TEMPLATE = "nothing"
UNREADABLE = "unreadable"  # counted beside the codes of refusals: what nobody can decrypt
RETRY_DELAYS = (30, 120, 600, 1800, HOUR)  # seconds after the first, second … failure; then hourly

# The lowest urgency leaves first: that of each message, which is lower than these.
LOW_PRIORITY_URGENCY = 6  # of a network that sends so much that nobody else must wait for it
HELD_URGENCY = 9  # of a held submission: no deliverer claims it


@dataclass(frozen=True, slots=True)
class ClaimedEmail:
    """A claimed email, decrypted. `secret` is the secret of its link. A damaged one has no address."""

    id: str
    link_id: str | None
    template: str
    language: str
    to: str
    secret: str
    attempts: int  # with this one; no two deliverers hold a row with the same number
    claim_expires_at: int  # epoch seconds; nobody else takes the row before that
    low_priority: bool = False

    @property
    def is_decoy(self) -> bool:
        return self.template == DECOY_TEMPLATE

    @property
    def is_damaged(self) -> bool:
        return not self.to

    @property
    def domain(self) -> str:
        return self.to.rpartition("@")[2]


def prepare_email(
    server_keys: ServerKeys, message: Message, *, language: str, to: str, secret: str, mailbox: str | None = None
) -> Row:
    """The row of an email for enqueue(), with its address and secret encrypted."""
    key_name, encrypted = server_keys.outbox.encrypt(json.dumps([to, secret]))
    now = clock.epoch()
    return {
        "id": outbox_ids.next_prefix(server_keys.outbox) + secrets.token_hex(10),
        "template": message.template,
        "kind": message.template,
        "language": language,
        "mailbox": mailbox,
        "link_id": None,
        "key_name": key_name,
        "encrypted": encrypted,
        "urgency": message.urgency,
        "queued_at": now // 60 * 60,  # to the minute: it only has to tell how late emails are
        "due_at": now + secrets.randbelow(MAX_DELAY_SECONDS + 1),
        "expires_at": now + EMAIL_LIFETIME,
    }


def make_decoy(email: Row) -> Row:
    """A row like this email, but for nobody."""
    return {**email, "template": DECOY_TEMPLATE, "mailbox": None, "link_id": None}


def delay_email(email: Row, seconds: int) -> Row:
    """The email, due later, by the longest of RETRY_DELAYS at most: a longer delay would look like a wrong clock."""
    delay = min(seconds, max(RETRY_DELAYS))
    return {**email, "due_at": email["due_at"] + delay, "queued_at": (email["queued_at"] + delay) // 60 * 60}


async def enqueue(c: Connection, emails: list[Row]) -> None:
    """Call it in the transaction of the change that the emails are about."""
    await c.run("outbox.insert", rows=emails)


async def delete_old(c: Connection, mailbox: str, seconds: int) -> None:
    """Deletes what was to be sent to a mailbox and has waited for longer."""
    await c.run("outbox.delete_old", mailbox=mailbox, before=clock.epoch() - seconds)


async def claim_batch(c: Connection, server_keys: ServerKeys, *, newest: bool = False) -> list[ClaimedEmail]:
    """Claims a batch: the most urgent first, then by the minute, in a random order within a minute.

    With `newest`, the latest minute comes first. Rows of which this machine has neither the key nor a copy are left to
    others.
    """
    latest = clock.epoch() + max(RETRY_DELAYS) + MAX_DELAY_SECONDS
    query = "outbox.claim_newest" if newest else "outbox.claim_batch"
    return await _claim(c, server_keys, query, latest=latest, most=BATCH_SIZE)


async def claim_probe(c: Connection, server_keys: ServerKeys) -> list[ClaimedEmail]:
    """Claims one email, due or not, to try a relay in trouble with."""
    return await _claim(c, server_keys, "outbox.claim_probe")


async def _claim(c: Connection, server_keys: ServerKeys, query: str, **limits: int) -> list[ClaimedEmail]:
    now, own = clock.epoch(), server_keys.outbox
    if await _is_paused(c):
        return []
    keys = ",".join([*own.key_names(), *own.copy_names()])
    rows = await c.all(query, now=now, until=now + CLAIM_SECONDS, held=HELD_URGENCY, keys=keys, **limits)
    rows.sort(key=lambda row: (row["urgency"], row["queued_at"], row["id"]))
    return [_decrypt_email(server_keys, row) for row in rows]


def _decrypt_email(server_keys: ServerKeys, row: Row) -> ClaimedEmail:
    try:
        to, secret = json.loads(server_keys.outbox.decrypt(row["key_name"], row["encrypted"]))
    except KeysError:
        to, secret = "", ""
    numbers = int(row["attempts"]), int(row["claim_expires_at"])
    low_priority = int(row["urgency"]) >= LOW_PRIORITY_URGENCY
    return ClaimedEmail(row["id"], row["link_id"], row["template"], row["language"], to, secret, *numbers, low_priority)


async def renew_claim(c: Connection, email: ClaimedEmail) -> bool:
    """Extends a claim to CLAIM_SECONDS from now; False if the email is no longer ours."""
    if await _is_paused(c):
        return False
    claim_expires_at = clock.epoch() + CLAIM_SECONDS
    return await c.one("outbox.renew_claim", id=email.id, attempts=email.attempts, until=claim_expires_at) is not None


async def pause_claims(c: Connection) -> None:
    """For PAUSE_SECONDS no deliverer claims an email; what is being sent is sent to its end."""
    await state.put(c, PAUSED_UNTIL, str(clock.epoch() + PAUSE_SECONDS))


async def _is_paused(c: Connection) -> bool:
    """A pause that seems to be longer was made by a clock that was ahead."""
    left = int(await state.get(c, PAUSED_UNTIL) or 0) - clock.epoch()
    return 0 < left <= PAUSE_SECONDS


async def has_claims(c: Connection) -> bool:
    """Whether an email may be leaving right now."""
    now = clock.epoch()
    return await c.one("outbox.claimed", now=now, until=now + CLAIM_SECONDS) is not None


@act("sent")
async def mark_sent(c: Connection, ids: list[str]) -> list[None]:
    """The mail server has taken these emails: their rows, with the addresses, are deleted."""
    await c.run("outbox.delete_sent", ids=ids)
    return [None for _ in ids]


async def mark_refused(c: Connection, email: ClaimedEmail, code: str) -> bool:
    """The email can never be delivered: counts its enhanced status code (RFC 3463), deletes the rest.

    False if this was recorded before: after a lost answer it is counted once.
    """
    if deleted := await c.one("outbox.delete", id=email.id):
        await c.run("outbox.count_refusal", day=clock.today().isoformat(), code=code)
    return deleted is not None


async def retry_later(c: Connection, email: ClaimedEmail) -> None:
    """The mail server could not take it now: it is due again after the delay for this attempt."""
    delay = RETRY_DELAYS[min(email.attempts, len(RETRY_DELAYS)) - 1]
    await c.run("outbox.retry_later", id=email.id, attempts=email.attempts, due_at=clock.epoch() + delay)


async def make_due(c: Connection) -> None:
    """The relay is back: what waited for another attempt is due at once."""
    await c.run("outbox.make_due", now=clock.epoch(), held=HELD_URGENCY)


async def release_emails(c: Connection, *, emails: list[ClaimedEmail], paused: list[tuple[ClaimedEmail, int]]) -> None:
    """Gives back claimed emails that were not tried. Those in `paused` are due after that many seconds."""
    delays = {mail.id: delay for mail, delay in paused}
    for email in sorted([*emails, *(mail for mail, _ in paused)], key=lambda mail: mail.id):
        if email.id in delays:
            due_at = clock.epoch() + delays[email.id]
            await c.run("outbox.postpone", id=email.id, attempts=email.attempts, due_at=due_at)
        else:
            await c.run("outbox.release", id=email.id, attempts=email.attempts)


async def delete_all(c: Connection) -> None:
    """Deletes all that waits, and the copies of its keys."""
    await c.run("outbox.delete_all")
    await c.run("machines.delete_copies")


async def queue_status(c: Connection) -> tuple[int, int]:
    """(number of waiting emails, seconds that the oldest waits, tried or not); exact to the minute.

    Of a kind that an admin has paused, none is late.
    """
    row = await c.one("outbox.queue_status", held=HELD_URGENCY) or {}
    return int(row["n"]), max(0, clock.epoch() - int(row["oldest"])) if row["oldest"] else 0


async def waiting_by_kind(c: Connection) -> dict[str, int]:
    """How many emails wait, with those that nobody gets: by the template of those that somebody gets."""
    return {row["kind"]: int(row["n"]) for row in await c.all("outbox.waiting_by_kind", held=HELD_URGENCY)}


async def count_failing(c: Connection) -> int:
    """Emails that a provider or the relay did not take yet, and that wait for another attempt."""
    return int((await c.one("outbox.count_failing", held=HELD_URGENCY, now=clock.epoch()) or {})["n"])


async def count_refused(c: Connection, days: int) -> int:
    """Emails that were refused permanently, today and on the days before: so many days in all."""
    since = (clock.today() - timedelta(days=days - 1)).isoformat()
    return int((await c.one("outbox.count_refused", since=since) or {})["n"])


async def refusal_counts(c: Connection) -> list[Row]:
    """Permanent refusals: code, n."""
    return await c.all("outbox.refusal_counts")
