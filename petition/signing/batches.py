"""Batches: thirty or more confirmed signatures that look as if a machine had made them, and what becomes of them.

An organiser keeps a batch by a rule and sees what setting it aside would change; the figures are counted once, in
tens, and do not move later. Then it is proposed with a reason, and a second organiser agrees; who is alone agrees a day
later. set_aside.py does the rest in parts.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import BatchError
from petition.core.languages import N_
from petition.signing import batch_rules
from petition.signing.batch_rules import LEAST, Period, Rule, show_count

# Why signatures are set aside; published with their number.
REASONS = ("throw-away", "domain", "network", "machine", "provider")
KEPT, PROPOSED, ASIDE, RESTORED, HONEST, EXPIRED, ERASED = (
    *("kept", "proposed", "aside", "restored", "honest", "expired", "erased"),
)
CHUNK = 500  # signatures in one transaction: people who sign during this wait for one of these at most
KEPT_DAYS, UNDO_DAYS, REMEMBERED_DAYS = 15, 30, 28
ALONE_SECONDS = DAY  # between the two decisions of somebody who is alone
_FASTER = N_("A colleague was faster: look at the batch again.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch had when it was kept, in tens; countries with fewer than ten are in `total` alone.

    `wanted`: how many of them asked for their name to be printed, or for news.
    """

    total: int
    countries: dict[str, int]
    wanted: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as organisers see it; no count but those of the preview. `progress`: of what is done now, in steps of ten
    per cent; None if nothing is."""

    id: str
    rule: Rule
    state: str
    progress: int | None
    preview: Preview
    first_day: str
    kept_by: str
    reason: str
    proposed_by: str
    proposed_at: int
    agreed_by: str
    done_on: str
    skipped: int

    @property
    def can_undo(self) -> bool:
        return self.state == ASIDE and (not self.done_on or self.done_on >= oldest_undone())


def oldest_undone() -> str:
    """The earliest day of which what was set aside can still be restored."""
    return (clock.today() - timedelta(UNDO_DAYS)).isoformat()


async def choose(database: Database, server_keys: ServerKeys, rule: Rule, nickname: str, *, demo: bool) -> str:
    """Marks the signatures of a rule in parts; the id of the batch, for keep(). Raises BatchError if they are too few,
    or this rule was counted before."""
    period = batch_rules.closed_period(demo=demo)
    async with database.reading() as c:
        mailboxes = await batch_rules.match(c, rule, period)
    return await choose_listed(database, server_keys, rule, period, mailboxes, nickname)


async def choose_listed(
    database: Database, server_keys: ServerKeys, rule: Rule, period: Period, mailboxes: list[str], nickname: str
) -> str:
    """The same for a rule whose signatures somebody else has found. Those that another batch has are left out."""
    batch, rule_hash = secrets.token_hex(8), batch_rules.hash_rule(server_keys, rule, period)
    row: Row = {"id": batch, "rule": rule.text, "rule_hash": rule_hash, "nickname": nickname, "now": clock.epoch()}
    if not await database.write(partial(_insert, row=row)):
        raise BatchError(N_("This was counted before: a rule counts once a day. Look into the list of batches."))
    if show_count(server_keys, rule_hash, len(mailboxes)) < LEAST:
        await database.write(partial(_refuse, batch=batch))
        raise BatchError(N_("Too few: a batch has 30 signatures or more, and a secret number up to nine more."))
    for first in range(0, len(mailboxes), CHUNK):
        await database.own_transaction(partial(_mark, batch=batch, mailboxes=mailboxes[first : first + CHUNK]))
    return batch


async def find_batch_of_rule(c: Connection, server_keys: ServerKeys, rule: Rule, period: Period) -> str | None:
    """The id of the batch that this rule has chosen."""
    row = await c.one("batches.of_rule", rule_hash=batch_rules.hash_rule(server_keys, rule, period))
    return row["id"] if row else None


async def _insert(c: Connection, *, row: Row) -> bool:
    return await c.one("batches.insert", **row) is not None


async def _mark(c: Connection, *, batch: str, mailboxes: list[str]) -> None:
    await c.run("batches.mark", batch=batch, mailboxes=mailboxes)


async def _refuse(c: Connection, *, batch: str) -> None:
    await c.run("batches.refuse", id=batch)


async def keep(c: Connection, server_keys: ServerKeys, batch: str) -> None:
    """Counts the chosen signatures, once."""
    rows = await c.all("batches.count", batch=batch)
    size, wanted = (sum(int(row[name]) for row in rows) for name in ("n", "wanted"))
    countries = {row["country"]: show_count(server_keys, f"{batch} {row['country']}", int(row["n"])) for row in rows}
    preview: Row = {
        "total": show_count(server_keys, batch, size),
        "countries": {country: n for country, n in countries.items() if n},
        "wanted": show_count(server_keys, f"{batch} wanted", wanted),
    }
    first_day = min((row["first_day"] for row in rows), default="")
    if await c.one("batches.keep", id=batch, size=size, preview=json.dumps(preview), first_day=first_day) is None:
        raise BatchError(N_("It took too long: choose again."))


async def propose(c: Connection, batch: str, nickname: str, reason: str) -> None:
    if reason not in REASONS:
        raise BatchError(N_("Choose a reason."))
    if await c.one("batches.propose", id=batch, nickname=nickname, reason=reason, now=clock.epoch()) is None:
        raise BatchError(_FASTER)


def why_not_agree(batch: Batch, nickname: str, *, alone: bool) -> str:
    """Why this organiser cannot say the second yes now; empty if they can. `alone`: nobody else at the desk could."""
    if batch.proposed_by != nickname:
        return ""
    if not alone:
        return N_("You proposed it: a colleague says the second yes.")
    if clock.epoch() < batch.proposed_at + ALONE_SECONDS:
        return N_("You are alone at the desk: you can say the second yes 24 hours after the first.")
    return ""


async def agree(c: Connection, batch: str, nickname: str, *, alone: bool) -> None:
    """The second yes. From now on the signatures are set aside, in parts."""
    found = await get_batch(c, batch)
    if found is None or found.state != PROPOSED:
        raise BatchError(_FASTER)
    if why_not := why_not_agree(found, nickname, alone=alone):
        raise BatchError(why_not)
    proposal: Row = {"proposed_by": found.proposed_by, "proposed_at": found.proposed_at}
    if await c.one("batches.agree", id=batch, nickname=nickname, **proposal) is None:
        raise BatchError(_FASTER)


async def dismiss(c: Connection, batch: str, seen: str) -> None:
    """Somebody looked, and it is honest: the marks go. `seen`: the state that they saw."""
    if await c.one("batches.dismiss", id=batch, seen=seen) is None:
        raise BatchError(_FASTER)


async def undo(c: Connection, batch: str) -> None:
    """All of them count again, in parts, but those whose mailbox has signed again since then: these count already."""
    if await c.one("batches.undo", id=batch, oldest=oldest_undone()) is None:
        raise BatchError(N_("This cannot be undone any more."))


async def get_batch(c: Connection, batch: str) -> Batch | None:
    row = await c.one("batches.get", id=batch)
    return _batch(row) if row else None


async def list_done(c: Connection) -> list[Row]:
    """Of each batch that was set aside and not restored: reason, first_day (of its signatures), done_on."""
    return await c.all("batches.done")


async def list_batches(c: Connection) -> list[Batch]:
    return [_batch(row) for row in await c.all("batches.all")]


def _batch(row: Row) -> Batch:
    kind, country, day = (part.replace("-", "") if part == "-" else part for part in row["rule"].split(" "))
    values = {name: row[name] for name in ("id", "state", "first_day", "kept_by", "reason", "proposed_by", "agreed_by")}
    return Batch(
        **values,
        rule=Rule(kind, "", country, day),
        progress=_progress(row),
        preview=Preview(**json.loads(row["preview"])),
        proposed_at=int(row["proposed_at"]),
        done_on=row["done_on"],
        skipped=max(int(row["taken"]) - int(row["restored"]), 0) // 10 * 10 if row["state"] == RESTORED else 0,
    )


def _progress(row: Row) -> int | None:
    if not row["working"]:
        return None
    done, of = (row["restored"], row["taken"]) if row["working"] == "restore" else (row["taken"], row["size"])
    return min(int(done) * 10 // max(int(of), 1), 10) * 10
