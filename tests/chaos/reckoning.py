"""What must be true at the end: everything that was acknowledged is stored, and stored once."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from petition.core.database.database import open_database
from petition.core.email_addresses import keyed_hash
from tests.chaos.crowd import Crowd
from tests.relay import Relay


@dataclass
class Reckoning:
    """Each loss and each double is a sentence; `twice` counts emails whose Message-ID came more than once."""

    forms: int = 0
    signatures: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    twice: int = 0
    pause: float = 0


def reckon(url: str, key: str, crowd: Crowd, smtp: Relay, refused: frozenset[str] = frozenset()) -> Reckoning:
    """Compares the answers with what is stored and what arrived. All processes are stopped.

    The relay has refused the emails to `refused` for good.
    """
    found = Reckoning(len(crowd.signed), len(crowd.confirmed), pause=crowd.pause)
    _stored(url, key, crowd, found)
    _mailed(crowd, smtp, refused, found)
    return found


def _stored(url: str, key: str, crowd: Crowd, found: Reckoning) -> None:
    forms = Counter(row["mailbox"] for row in ask(url, "select mailbox from submissions"))
    signatures = {row["mailbox"] for row in ask(url, "select mailbox from signatures")}
    counted = sum(row["n"] for row in ask(url, "select n from journal"))
    waiting = len(ask(url, "select id from outbox"))
    hashed = {mailbox: keyed_hash(key, mailbox) for mailbox in crowd.typed}
    found.lost += [f"form of {mailbox}" for mailbox in crowd.signed if not forms[hashed[mailbox]]]
    found.lost += [f"signature of {mailbox}" for mailbox in crowd.confirmed if hashed[mailbox] not in signatures]
    found.doubled += [f"form of {mailbox}" for mailbox in crowd.typed if forms[hashed[mailbox]] > 1]
    pressed = {hashed[mailbox] for mailbox in crowd.pressed}
    found.doubled += [f"signature nobody gave: {mailbox}" for mailbox in signatures - pressed]
    if counted != len(signatures):
        found.doubled.append(f"the journal says {counted}, there are {len(signatures)}")
    if waiting:
        found.lost.append(f"{waiting} mails never left")


def _mailed(crowd: Crowd, smtp: Relay, refused: frozenset[str], found: Reckoning) -> None:
    ids: dict[str, Counter[str]] = defaultdict(Counter)
    for mail in smtp.mails:
        ids[str(mail["To"])][str(mail["Message-ID"])] += 1
    found.lost += [f"mail to {mailbox}" for mailbox in crowd.signed - refused if mailbox not in ids]
    found.doubled += [f"mail to {mailbox}" for mailbox, copies in ids.items() if len(copies) > 1]
    found.twice = sum(copies.total() - len(copies) for copies in ids.values())


def ask(url: str, statement: str) -> list[dict[str, Any]]:
    """Runs one statement of the test in its own transaction."""

    async def asked() -> list[dict[str, Any]]:
        async with open_database(url) as database:
            return await database.write(lambda c: c.execute(statement))

    return asyncio.run(asked())
