"""Floods from many networks, each of which keeps its limit: noticed by what the whole site sees, in all processes.

A real crowd confirms most of its forms within minutes; made-up mailboxes confirm none, and their providers refuse our
emails. So every form takes a token, and every confirmation gives some back. When there is none left, everybody is
asked for a proof of work for a while (proof_of_work.start_flood).
"""

import secrets

from petition.core import clock
from petition.core.database.database import Database
from petition.protection import proof_of_work
from petition.protection.token_buckets import BucketRule, TokenBuckets

UNCONFIRMED_LIMIT = BucketRule(
    "unconfirmed forms",
    1000,
    3000,
    "so many wait for their button when a newspaper links to us",
)
FORMS_PER_CONFIRMATION = 3  # a confirmation explains so many forms: of a real crowd, more than a third confirm
UNPROVEN_LIMIT = BucketRule(
    "unproven forms",
    300,
    18_000,
    "so many a minute without a proof, over the limit of their networks, are no crowd",
)
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

    async def count_unproven(self) -> None:
        """A form without a proof, of a network over its limit."""
        if not self._buckets.consume((UNPROVEN_LIMIT, UNPROVEN_LIMIT.name)):
            await self._start()

    async def _start(self) -> None:
        if abs(clock.epoch() - self._noted_at) >= NOTE_SECONDS:
            self._noted_at = clock.epoch()
            await self._database.write(proof_of_work.start_flood)
