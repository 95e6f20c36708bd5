"""Token buckets, shared by all processes: how much of a limit is used up.

Each process counts in memory and reports once a second, with one statement in its own transaction: signing never waits
for a row that two servers share. A process reports a bucket only once it has used more than a tenth, so that nothing is
written about a person who signs once. So a limit is exact to a second, and to a tenth for each process. A bucket that
was not used for an hour is full again and is deleted.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache, partial

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import DatabaseError

MAX_BUCKETS = 20_000  # the latest buckets that one process remembers: about five megabytes
REPORT_DIVISOR = 10  # a bucket is reported once more than this part of it (a tenth) is used or given back
TOKEN_WEIGHT = HOUR  # units of one token, so that each second gives back `hourly` units, a whole number


@dataclass(frozen=True, slots=True)
class BucketRule:
    """A bucket of `burst` tokens that gets `hourly` tokens back in an hour. `burst` is never more than `hourly`."""

    name: str
    burst: int
    hourly: int
    reason: str

    @property
    def capacity(self) -> int:
        """The units of a full bucket."""
        return self.burst * TOKEN_WEIGHT


@cache
def scale_rule(rule: BucketRule, times: int) -> BucketRule:
    return replace(rule, burst=rule.burst * times, hourly=rule.hourly * times)


BucketKey = tuple[BucketRule, str]  # a rule, and the opaque tag of the network or domain that it applies to


@dataclass(slots=True)
class BucketLevel:
    """How many units of a bucket were used up at `updated_at`; `pending` of them are not reported yet."""

    used: int
    updated_at: int
    pending: int
    hourly: int

    def current_use(self, now: int) -> int:
        """Units used up at a moment. If the clock was set back, nothing is given back."""
        return max(0, self.used - self.hourly * max(0, now - self.updated_at))


class TokenBuckets:
    """The buckets as far as this process knows them."""

    def __init__(self, max_buckets: int = MAX_BUCKETS) -> None:
        self._levels: OrderedDict[str, BucketLevel] = OrderedDict()
        self._unreported: dict[str, BucketLevel] = {}
        self._max_buckets = max_buckets

    def wait_seconds(self, rule: BucketRule, key: str) -> int:
        """Seconds until there is a token; 0 if there is one now."""
        return self._wait_seconds(rule, key, clock.epoch())

    def _wait_seconds(self, rule: BucketRule, key: str, now: int) -> int:
        if (level := self._levels.get(key)) is None:
            return 0
        return max(0, -((rule.capacity - TOKEN_WEIGHT - level.current_use(now)) // rule.hourly))

    def consume(self, *buckets: BucketKey) -> bool:
        """Takes a token from each bucket, or from none if one of them is empty."""
        now = clock.epoch()
        for rule, key in buckets:
            if self._wait_seconds(rule, key, now):
                return False
        for rule, key in buckets:
            self._change_use(rule, key, TOKEN_WEIGHT, now)
        while len(self._levels) > self._max_buckets:
            self._unreported.pop(self._levels.popitem(last=False)[0], None)
        return True

    def give_back(self, rule: BucketRule, key: str, tokens: int) -> None:
        """Gives tokens back. A bucket never has more than it holds: what is too much is lost with the next report."""
        self._change_use(rule, key, -tokens * TOKEN_WEIGHT, clock.epoch())

    def _change_use(self, rule: BucketRule, key: str, units: int, now: int) -> None:
        level = self._levels.pop(key, None) or BucketLevel(0, now, 0, rule.hourly)
        level.used, level.updated_at = max(0, level.current_use(now) + units), now
        level.pending += units  # less than nothing if this process gives back what others have used
        self._levels[key] = level
        if abs(level.pending) * REPORT_DIVISOR > rule.capacity:
            self._unreported[key] = level

    async def sync(self, database: Database) -> None:
        """Reports what was used since the last call, and reads what other processes used of the same buckets."""
        reported, self._unreported = self._unreported, {}
        if not reported:
            return
        pending = {key: level.pending for key, level in sorted(reported.items())}
        for level in reported.values():
            level.pending = 0
        rows: list[Row] = [{"id": key, "used": n, "hourly": reported[key].hourly} for key, n in pending.items()]
        now = clock.epoch()
        try:
            merged = await database.own_transaction(partial(merge, rows=rows, now=now))
        except DatabaseError:
            for key, n in pending.items():
                reported[key].pending += n
            self._unreported = reported | self._unreported
            raise
        for row in merged:
            level = reported[row["id"]]
            level.used, level.updated_at = int(row["used"]) + level.pending, now


async def merge(c: Connection, *, rows: list[Row], now: int) -> list[Row]:
    """Adds what was used to what all have used; returns id and used of each, with what was given back since."""
    return await c.all("token_buckets.merge", rows=rows, now=now)


async def delete_expired(c: Connection) -> None:
    """Deletes buckets that are full again, and those that a wrong clock dated in the future."""
    await c.run("token_buckets.delete_expired", before=clock.epoch() - HOUR, after=clock.epoch() + HOUR)
