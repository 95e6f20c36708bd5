"""Mail waiting to leave: put, claim, sent, refused, later, forget.

A row holds its address only under a key that dies.
"""

import json
import secrets
from dataclasses import dataclass
from functools import partial

from petition import clock
from petition.clock import DAY, HOUR
from petition.db import Connection, Database, Row
from petition.errors import KeysError
from petition.sealing import Vault

CLAIMED = 600  # seconds a deliverer has before another may take the row: twice the longest SMTP dialogue
BATCH = 20
LIVES = 14 * DAY  # then the link in it is dead
BACK_OFF = (30, 120, 600, 1800, HOUR)  # seconds after the first, second … failure; then hourly

URGENT, CALM = 0, 5


@dataclass(frozen=True, slots=True)
class Mail:
    """A claimed mail, opened: which template, in which language, to whom, with which link's number."""

    id: str
    name: str
    language: str
    to: str
    number: str
    attempts: int


async def put(
    c: Connection, vault: Vault, *, name: str, language: str, to: str, number: str, mailbox: str | None
) -> None:
    """One mail more, in the transaction of whatever it tells about."""
    key_name, sealed = vault.outbox.seal(json.dumps([to, number]))
    await c.run(
        "outbox.put",
        id=secrets.token_hex(16),
        mail=name,
        language=language,
        mailbox=mailbox,
        key_name=key_name,
        sealed=sealed,
        urgency=URGENT,
        due=clock.epoch(),
        expires=clock.epoch() + LIVES,
    )


async def claim(c: Connection, vault: Vault) -> list[Mail]:
    """A batch that nobody else holds. Rows sealed on another machine are left to that one."""
    now = clock.epoch()
    keys = ",".join(vault.outbox.names())
    rows = await c.all("outbox.claim", now=now, until=now + CLAIMED, most=BATCH, keys=keys)
    mails = []
    for row in rows:
        try:
            mails.append(_opened(vault, row))
        except KeysError:
            await _drop(c, row["id"], "unreadable")
    return mails


def _opened(vault: Vault, row: Row) -> Mail:
    to, number = json.loads(vault.outbox.open(row["key_name"], row["sealed"]))
    return Mail(row["id"], row["mail"], row["language"], to, number, int(row["attempts"]))


async def sent(c: Connection, mail: Mail) -> None:
    """The relay has taken it: the address is forgotten."""
    await c.run("outbox.gone", id=mail.id)


async def refused(c: Connection, mail: Mail, code: str) -> None:
    """It will never be taken: the enhanced status code is counted (RFC 3463), the rest forgotten."""
    await _drop(c, mail.id, code)


async def _drop(c: Connection, id_: str, code: str) -> None:
    await c.run("outbox.gone", id=id_)
    await c.run("outbox.refused", day=clock.today().isoformat(), code=code)


async def later(c: Connection, mail: Mail) -> None:
    """It could not be taken now: tried again after the back-off for this attempt."""
    wait = BACK_OFF[min(mail.attempts, len(BACK_OFF)) - 1]
    await c.run("outbox.later", id=mail.id, due=clock.epoch() + wait)


async def release(c: Connection, *, mails: list[Mail]) -> None:
    """Gives claimed mails back that were not tried, for any deliverer to take."""
    for mail in mails:
        await c.run("outbox.release", id=mail.id)


async def rotate(database: Database, vault: Vault) -> int:
    """Seals anew what still waits under keys whose time is over, then destroys those keys; how many."""
    dying = vault.outbox.dying()
    for name in dying:
        await database.write(partial(_reseal, vault=vault, old=name))
        vault.outbox.destroy(name)
    return len(dying)


async def _reseal(c: Connection, *, vault: Vault, old: str) -> None:
    for row in await c.all("outbox.sealed_with", key_name=old):
        try:
            key_name, sealed = vault.outbox.seal(vault.outbox.open(old, row["sealed"]))
            await c.run("outbox.reseal", id=row["id"], key_name=key_name, sealed=sealed, old=old)
        except KeysError:  # a damaged row must not keep the key alive
            await _drop(c, row["id"], "unreadable")


async def expire(c: Connection) -> None:
    """Drops mail whose link is dead."""
    await c.run("outbox.expired", now=clock.epoch())


async def close(c: Connection) -> None:
    """Nothing waits any more."""
    await c.run("outbox.close")


async def waiting(c: Connection) -> tuple[int, int]:
    """How many mails wait, and for how many seconds the oldest has been due."""
    row = await c.one("outbox.waiting") or {}
    return int(row["n"]), max(0, clock.epoch() - int(row["oldest"])) if row["n"] else 0


async def refusals(c: Connection) -> list[Row]:
    """Permanent refusals by code."""
    return await c.all("outbox.refusals")
