"""Floods from many networks, each of which keeps its limit: noticed by what the whole site sees, in all processes.

A real crowd confirms most of its forms within minutes; made-up mailboxes confirm none, and their providers refuse our
emails. So every form takes a token, and every confirmation gives some back. When there is none left, everybody is
asked for a proof of work for a while (proof_of_work.start_flood).
"""

import secrets

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.protection import proof_of_work, token_buckets
from petition.protection.token_buckets import TOKEN_WEIGHT, BucketRule, TokenBuckets

UNCONFIRMED_LIMIT = BucketRule(
    "unconfirmed forms", 1000, 3000, "so many wait for their button when a newspaper links to us"
)
REFUSED_LIMIT = BucketRule(
    "refused emails", 1000, 2000, "people mistype a few addresses in a hundred; this is one in five and 400 an hour"
)
TOKENS_PER_REFUSAL = 5  # of REFUSED_LIMIT; a confirmation gives one back
FORMS_PER_CONFIRMATION = 3  # a confirmation explains so many forms: of a real crowd, more than a third confirm
UNPROVEN_LIMIT = BucketRule(
    "unproven forms", 300, 18_000, "so many a minute without a proof, over the limit of their networks, are no crowd"
)
NO_SUCH_MAILBOX = "5.1."  # RFC 3463, 3.2: the address is the reason
# Chance has to decide which form starts a flood. Otherwise somebody who sends forms of their own up to the limit would
# learn, from the moment at which proofs are asked for, if one other person has confirmed.
START_ODDS = 50
NOTE_SECONDS = 60  # a process stores once in so many seconds that the flood continues


class FloodWatch:
    """Counts for the whole site, in the buckets that all processes share. Nothing in them is about one person."""

    def __init__(self, database: Database, buckets: TokenBuckets) -> None:
        self._database, self._buckets = database, buckets
        self._noted_at = 0

    async def count_form(self) -> None:
        """A form that makes us write an email to any address."""
        if not self._buckets.consume((UNCONFIRMED_LIMIT, UNCONFIRMED_LIMIT.name)) and not secrets.randbelow(START_ODDS):
            await self._start()

    def count_confirmation(self) -> None:
        """The first press of a button. What is given back is never saved up for later."""
        self._buckets.give_back(UNCONFIRMED_LIMIT, UNCONFIRMED_LIMIT.name, FORMS_PER_CONFIRMATION)
        self._buckets.give_back(REFUSED_LIMIT, REFUSED_LIMIT.name, 1)

    async def count_unproven(self) -> None:
        """A form without a proof, of a network over its limit."""
        if not self._buckets.consume((UNPROVEN_LIMIT, UNPROVEN_LIMIT.name)):
            await self._start()

    async def _start(self) -> None:
        if abs(clock.epoch() - self._noted_at) >= NOTE_SECONDS:
            self._noted_at = clock.epoch()
            await self._database.write(proof_of_work.start_flood)


async def count_refusal(c: Connection, code: str = NO_SUCH_MAILBOX) -> None:
    """A provider has refused an email for good. Call it in the transaction that records the answer.

    Deliverers and commands have no buckets of their own in memory, so it is written at once.
    """
    if not code.startswith(NO_SUCH_MAILBOX):
        return
    taken: Row = {"id": REFUSED_LIMIT.name, "used": TOKENS_PER_REFUSAL * TOKEN_WEIGHT, "hourly": REFUSED_LIMIT.hourly}
    (level,) = await token_buckets.merge(c, rows=[taken], now=clock.epoch())
    if (excess := int(level["used"]) - REFUSED_LIMIT.capacity) >= 0:
        await token_buckets.merge(c, rows=[taken | {"used": -excess}], now=clock.epoch())
        await proof_of_work.start_flood(c)
