"""Mail waiting to leave: put, claim, sent, refused, later, forget.

A row holds its address only under a key that dies.
"""

import json
import secrets
import time
from dataclasses import dataclass
from functools import partial

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.database.writer import act
from petition.core.encryption import ServerKeys
from petition.core.errors import KeysError

CLAIMED = 90  # seconds a deliverer has before another may take the row: so long a mail waits if its deliverer dies
BATCH = 20
LIVES = 14 * DAY  # then the link in it is dead
NOTHING = "nothing"  # the name of a mail that was put only so that putting none cannot be told from putting one
AT_ONCE = -1  # its urgency
BACK_OFF = (30, 120, 600, 1800, HOUR)  # seconds after the first, second … failure; then hourly

# Whoever signs waits in front of the screen: their mail leaves ahead of all else.
URGENCY = {"confirm": 0, "login": 1, "manage": 1}
CALM = 5  # whatever else there is
LAST = 6  # of a network that sends so much that nobody else shall wait for it
HELD = 9  # of a submission that is set aside: nobody claims it


@dataclass(frozen=True, slots=True)
class Mail:
    """A claimed mail, opened: which template, in which language, to whom, with which link's number."""

    id: str
    name: str
    language: str
    to: str
    number: str
    attempts: int  # with this one; no two deliverers hold a row with the same
    until: int  # epoch seconds; nobody else takes the row before

    @property
    def domain(self) -> str:
        """Of the mailbox it goes to."""
        return self.to.rpartition("@")[2]


def sealed(vault: ServerKeys, *, name: str, language: str, to: str, number: str, mailbox: str | None) -> Row:
    """A mail ready to be put, its address and number encrypted."""
    key_name, content = vault.outbox.encrypt(json.dumps([to, number]))
    now = clock.epoch()
    return {
        "id": _id(),
        "mail": name,
        "language": language,
        "mailbox": mailbox,
        "submission": None,
        "key_name": key_name,
        "sealed": content,
        "urgency": URGENCY.get(name, CALM),
        "since": now // 60 * 60,  # says how late mail is, and needs to say no more
        "due": now,
        "expires": now + LIVES,
    }


def _id() -> str:
    """Random behind the moment (as UUIDv7, RFC 9562): rows that come together lie together, which writes less."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def decoy(mail: Row) -> Row:
    """A mail like this one that goes to nobody: whoever claims mail drops all of these first, unopened."""
    return {**mail, "mail": NOTHING, "mailbox": None, "submission": None, "urgency": AT_ONCE}


def put_off(mail: Row, seconds: int) -> Row:
    """A mail that leaves later, by no more than BACK_OFF knows: beyond it, claim() thinks of a wrong clock."""
    due = int(mail["due"]) + min(seconds, max(BACK_OFF))
    return {**mail, "due": due, "since": due // 60 * 60}


async def put(c: Connection, mails: list[Row]) -> None:
    """Mails more, in the transaction of whatever they tell about."""
    await c.run("outbox.put", rows=mails)


async def claim(c: Connection, vault: ServerKeys) -> list[Mail]:
    """A batch that nobody else holds, the most urgent first. Rows sealed on another machine are left to that one."""
    now = clock.epoch()
    latest, keys = now + max(BACK_OFF), ",".join(vault.outbox.key_names())
    await c.run("outbox.drop_decoys")
    until = now + CLAIMED
    rows = await c.all("outbox.claim", now=now, latest=latest, until=until, held=HELD, most=BATCH, keys=keys)
    mails = []
    for row in sorted(rows, key=lambda row: (row["urgency"], row["due"])):
        try:
            mails.append(_opened(vault, row))
        except KeysError:
            await _drop(c, row["id"], "unreadable")
    return mails


def _opened(vault: ServerKeys, row: Row) -> Mail:
    to, number = json.loads(vault.outbox.decrypt(row["key_name"], row["sealed"]))
    return Mail(row["id"], row["mail"], row["language"], to, number, int(row["attempts"]), int(row["claimed_until"]))


async def renew(c: Connection, mail: Mail) -> bool:
    """Holds a claimed mail for CLAIMED seconds from now; False if it is no longer ours."""
    until = clock.epoch() + CLAIMED
    return await c.one("outbox.renew", id=mail.id, attempts=mail.attempts, until=until) is not None


@act("sent")
async def sent(c: Connection, ids: list[str]) -> list[None]:
    """The relay has taken them: the addresses are forgotten."""
    await c.run("outbox.sent", ids=ids)
    return [None for _ in ids]


async def refused(c: Connection, mail: Mail, code: str) -> None:
    """It will never be taken: the enhanced status code is counted (RFC 3463), the rest forgotten."""
    await _drop(c, mail.id, code)


async def _drop(c: Connection, id_: str, code: str) -> None:
    if await c.one("outbox.gone", id=id_):  # said twice after a lost answer, it is counted once
        await c.run("outbox.refused", day=clock.today().isoformat(), code=code)


async def later(c: Connection, mail: Mail) -> None:
    """It could not be taken now: tried again after the back-off for this attempt."""
    wait = BACK_OFF[min(mail.attempts, len(BACK_OFF)) - 1]
    await c.run("outbox.later", id=mail.id, attempts=mail.attempts, due=clock.epoch() + wait)


async def give_back(c: Connection, *, mails: list[Mail], paused: list[tuple[Mail, int]]) -> None:
    """Claimed mails that were not tried: for any deliverer to take, those of paused providers after so many seconds."""
    waits = {mail.id: wait for mail, wait in paused}
    for mail in sorted([*mails, *(mail for mail, _ in paused)], key=lambda mail: mail.id):
        if mail.id in waits:
            due = clock.epoch() + waits[mail.id]
            await c.run("outbox.put_off", id=mail.id, attempts=mail.attempts, due=due)
        else:
            await c.run("outbox.release", id=mail.id, attempts=mail.attempts)


async def rotate(database: Database, vault: ServerKeys) -> int:
    """Seals anew what still waits under keys whose time is over, then destroys those keys; how many."""
    dying = vault.outbox.expired()
    for name in dying:
        await database.write(partial(_reseal, vault=vault, old=name))
        vault.outbox.destroy(name)
    return len(dying)


async def _reseal(c: Connection, *, vault: ServerKeys, old: str) -> None:
    for row in await c.all("outbox.sealed_with", key_name=old):
        try:
            key_name, sealed = vault.outbox.encrypt(vault.outbox.decrypt(old, row["sealed"]))
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
    """How many mails wait, and for how many seconds the oldest has, tried or not; exact to the minute."""
    row = await c.one("outbox.waiting", held=HELD) or {}
    return int(row["n"]), max(0, clock.epoch() - int(row["oldest"])) if row["n"] else 0


async def refusals(c: Connection) -> list[Row]:
    """Permanent refusals by code."""
    return await c.all("outbox.refusals")
