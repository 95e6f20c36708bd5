"""How a signature comes about: sign, confirm, expire. Each is part of a caller's transaction; signing and confirming
take all that wait at this moment, with as many statements as for one.

Nothing here answers whether somebody signed.
"""

from dataclasses import dataclass

from petition.core import clock, encryption, tokens
from petition.core.clock import DAY
from petition.core.database.database import Connection, Row
from petition.core.email_addresses import Address
from petition.core.encryption import Vault
from petition.core.errors import ClosedError, LinkError, Replayed
from petition.mail import messages, outbox
from petition.protection import daily_keys, proof_of_work, rate_limits
from petition.protection.rate_limits import AS_EVER, Terms
from petition.tally import tally
from petition.tally.tally import Change

NEW = "new"  # a name that no organiser has looked at
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


@dataclass(frozen=True, slots=True)
class Submitted:
    """A form ready to be stored: all is hashed, sealed and encrypted, whatever will become of it."""

    row: Row
    mail: Row
    proof: Row | None = None


def submitted(vault: Vault, signing: Signing, terms: Terms = AS_EVER, base_url: str = "") -> Submitted:
    """Makes a form ready, before any transaction begins."""
    mailbox, address = vault.hashes(signing.address)
    number = tokens.number()
    mail = messages.confirm(vault, signing.language, signing.address.exact, number, mailbox)
    row: Row = {
        "id": tokens.submission(number),
        "mailbox": mailbox,
        "address": address,
        "country": signing.country,
        "name": encryption.hide(number, signing.name) if signing.name else None,
        "sealed": _sealed(vault, signing, number, base_url) if signing.updates else None,
        "consent": signing.consent,
        **terms.kept(),
        "expires": midnight() + LIVES,
    }
    return Submitted(row, {**terms.applied(mail), "submission": row["id"]}, terms.proof)


def _sealed(vault: Vault, signing: Signing, number: str, base_url: str) -> str:
    return vault.seal_contact(signing.address.exact, messages.unsubscribe(base_url, signing.language, number))


async def sign(c: Connection, forms: list[Submitted]) -> list[Exception | None]:
    """Stores submissions and their mails, or silently nothing for a mailbox that had its share of mail.

    For the latter as much is written, for nobody: else time would tell. Answers ClosedError for each once signing
    has ended for good, and Replayed for one whose proof of work was used before: nothing of it is stored.
    """
    if await c.one("house.get", name="closed") is not None:
        return [ClosedError("Signing has ended.") for _ in forms]
    fresh = await proof_of_work.spend(c, [form.proof for form in forms if form.proof])
    answers = [_unused(form, fresh) for form in forms]
    await _store(c, [form for form, answer in zip(forms, answers, strict=True) if answer is None])
    return answers


def _unused(form: Submitted, fresh: set[str]) -> Exception | None:
    """Of two forms with one proof, both of this moment, the first counts."""
    if form.proof is None or form.proof["id"] in fresh:
        fresh.discard(form.proof["id"] if form.proof else "")
        return None
    return Replayed("This proof of work was used before.")


async def _store(c: Connection, forms: list[Submitted]) -> None:
    ids = [form.row["id"] for form in forms]
    allowed = await rate_limits.allow_mail(c, [form.row["mailbox"] for form in forms], ids)
    stored = [form if may else _decoy(form) for form, may in zip(forms, allowed, strict=True)]
    await c.run("signatures.submit", rows=[form.row for form in stored])
    await c.run("signatures.displace", mailboxes=[form.row["mailbox"] for form in stored], ids=ids)
    await outbox.put(c, [form.mail for form in stored])


def _decoy(form: Submitted) -> Submitted:
    """A form of nobody: it hangs on a random key, holds nothing, and its link was sent to no one."""
    nobody = form.row["id"]
    void: Row = {"mailbox": nobody, "address": nobody, "state": "void", "aside": None, "network": None, "disposable": 0}
    row = form.row | void
    emptied = {key: "-" * len(row[key]) for key in ("name", "sealed") if row[key] is not None}
    return Submitted({**row, **emptied}, outbox.decoy(form.mail))


async def submission(c: Connection, number: str) -> Submission:
    """What the link with this number is about. Raises LinkError if there is nothing behind it any more."""
    row = await c.one("signatures.submission", id=tokens.submission(number), now=clock.epoch())
    if row is None:
        raise LinkError("This link does not work.")
    name = encryption.reveal(number, row["name"]) if row["name"] else None
    return Submission(row["country"], name, row["sealed"] is not None, row["state"] == "confirmed")


async def confirm(c: Connection, numbers: list[str]) -> list[str | Exception]:
    """The owners of mailboxes pressed the button; answers each with the country. Pressing again changes nothing.

    An earlier signature of the same mailbox gives way to what the page showed now. A dead link answers LinkError.
    """
    number_of = {tokens.submission(number): number for number in numbers}
    taken = {row["id"]: row for row in await c.all("signatures.take", ids=list(number_of), now=clock.epoch())}
    pressed = [taken[id_] for id_ in number_of if id_ in taken]
    if latest := list({row["mailbox"]: row for row in pressed}.values()):  # of two at once, the one pressed last
        await _put(c, latest, number_of)
    return [taken[id_]["country"] if id_ in taken else await _country(c, n) for n, id_ in _kept(numbers)]


def _kept(numbers: list[str]) -> list[tuple[str, str]]:
    return [(number, tokens.submission(number)) for number in numbers]


async def _country(c: Connection, number: str) -> str | Exception:
    """Of a link that was pressed before, or the error of one that is dead."""
    try:
        return (await submission(c, number)).country
    except LinkError as error:
        return error


async def _put(c: Connection, rows: list[Row], number_of: dict[str, str]) -> None:
    mailboxes = [row["mailbox"] for row in rows]
    replaced = await _remove(c, mailboxes)
    await c.run("signatures.write_again", mailboxes=mailboxes)
    signed = await c.all("signatures.put", rows=[_signature(row) for row in rows])
    changes = [Change(row["country"], "replaced", -1) for row in replaced]
    await tally.change(c, changes + [Change(row["country"], "confirmed", 1) for row in signed])
    put = {row["mailbox"] for row in signed}
    await _keep_choices(c, [row for row in rows if row["mailbox"] in put], number_of)


def _signature(row: Row) -> dict[str, str | int | None]:
    kept = {name: row[name] for name in ("mailbox", "address", "country", "consent")}
    choices = {"named": int(row["name"] is not None), "updates": int(row["sealed"] is not None)}
    return {**kept, **choices, "day": clock.today().isoformat()}


async def _keep_choices(c: Connection, rows: list[Row], number_of: dict[str, str]) -> None:
    named = [row for row in rows if row["name"] is not None]
    if named:
        names = [(row["mailbox"], encryption.reveal(number_of[row["id"]], row["name"])) for row in named]
        await c.run("signatures.put_names", rows=[{"mailbox": m, "name": n, "state": NEW} for m, n in names])
    if contacts := [_contact(row, number_of[row["id"]]) for row in rows if row["sealed"] is not None]:
        await c.run("signatures.put_contacts", rows=contacts)
        await c.run("signatures.contacts_moved", mailboxes=[row["mailbox"] for row in contacts])


def _contact(row: Row, number: str) -> dict[str, str]:
    unsubscribe = tokens.kept(tokens.unsubscribing(number))  # as the link that is sealed
    return {"mailbox": row["mailbox"], "sealed": row["sealed"], "unsubscribe": unsubscribe}


async def _remove(c: Connection, mailboxes: list[str]) -> list[Row]:
    """Takes signatures away with their names and contacts; the countries they counted for."""
    removed = await c.all("signatures.remove", mailboxes=mailboxes)
    if removed:
        await c.run("signatures.drop_names", mailboxes=mailboxes)
        await c.run("signatures.drop_contacts", mailboxes=mailboxes)
    return removed


async def remove(c: Connection, mailbox: str, reason: str) -> None:
    """Takes a signature away with its name and contact, and lowers the tally; nothing if there is none."""
    await tally.change(c, [Change(row["country"], reason, -1) for row in await _remove(c, [mailbox])])


async def waiting(c: Connection) -> int:
    """How many links wait for their button."""
    return int((await c.one("signatures.waiting", now=clock.epoch()) or {})["n"])


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
    await rate_limits.expire(c)
    for day in await daily_keys.expire(c):
        await c.run("signatures.drop_networks", expires=clock.midnight(day) + LIVES)
    oldest = clock.now().date().fromordinal(clock.today().toordinal() - BACKUPS_LIVE)
    await c.run("signatures.withdrawals_over", day=oldest.isoformat())


async def refuse_closed(c: Connection) -> None:
    """Raises ClosedError once signing has ended for good: nobody is hashed any more."""
    if await c.one("house.get", name="closed") is not None:
        raise ClosedError("Signing has ended.")


def midnight() -> int:
    """The start of today: what is dated by it tells no hour."""
    return clock.epoch() // DAY * DAY
