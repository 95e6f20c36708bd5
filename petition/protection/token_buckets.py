"""Token buckets, shared by all processes: how much of what a rule allows is used up.

Each process counts in memory and reports once a second, through one statement of its own: signing waits for
no row that two servers share. It reports what is a tenth of a bucket: of somebody who signs once nothing is written
at all. So a limit is exact to a second and to a tenth for each process. A bucket that nobody has touched for an hour
is full again and forgotten.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache, partial

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import DatabaseError

MAX_BUCKETS = 20_000  # buckets that one process remembers, the latest: some five megabytes
REPORT_DIVISOR = 10  # what comes to this part of a bucket is reported
TOKEN_WEIGHT = HOUR  # what one token weighs, so that each second gives back `hourly`, a whole number


@dataclass(frozen=True, slots=True)
class BucketRule:
    """A bucket of `burst` tokens that gets `hourly` back in an hour, and why; `burst` is never more than an hour's."""

    name: str
    burst: int
    hourly: int
    reason: str

    @property
    def capacity(self) -> int:
        """The weight of all tokens of a full bucket."""
        return self.burst * TOKEN_WEIGHT


@cache
def scale_rule(rule: BucketRule, times: int) -> BucketRule:
    """The same rule for so many times as many people."""
    return replace(rule, burst=rule.burst * times, hourly=rule.hourly * times)


BucketKey = tuple[BucketRule, str]  # a rule, and the opaque key of whom it is applied to


@dataclass(slots=True)
class BucketLevel:
    """How much of a bucket was used up at a moment; `pending` of it is not reported yet."""

    used: int
    updated_at: int
    pending: int
    hourly: int

    def current_use(self, now: int) -> int:
        """How much is used up at a moment. A clock that was set back gives nothing."""
        return max(0, self.used - self.hourly * max(0, now - self.updated_at))


class TokenBuckets:
    """The buckets as this process knows them."""

    def __init__(self, max_buckets: int = MAX_BUCKETS) -> None:
        self._levels: OrderedDict[str, BucketLevel] = OrderedDict()
        self._unreported: dict[str, BucketLevel] = {}
        self._max_buckets = max_buckets

    def wait_seconds(self, rule: BucketRule, key: str) -> int:
        """How many seconds until there is a token; 0 if there is one."""
        level = self._levels.get(key)
        missing = level.current_use(clock.epoch()) + TOKEN_WEIGHT - rule.capacity if level else 0
        return max(0, -(-missing // rule.hourly))

    def consume(self, *buckets: BucketKey) -> bool:
        """Takes a token out of each bucket, or out of none if one is empty."""
        if any(self.wait_seconds(rule, key) for rule, key in buckets):
            return False
        now = clock.epoch()
        for rule, key in buckets:
            level = self._levels.pop(key, None) or BucketLevel(0, now, 0, rule.hourly)
            level.used, level.updated_at, level.pending = (
                level.current_use(now) + TOKEN_WEIGHT,
                now,
                level.pending + TOKEN_WEIGHT,
            )
            self._levels[key] = level
            if level.pending * REPORT_DIVISOR >= rule.capacity:
                self._unreported[key] = level
        while len(self._levels) > self._max_buckets:
            self._unreported.pop(self._levels.popitem(last=False)[0], None)
        return True

    async def sync(self, database: Database) -> None:
        """Reports what was used since the last time, and reads what the others used of the same buckets."""
        reported, self._unreported = self._unreported, {}
        if not reported:
            return
        pending = {key: level.pending for key, level in sorted(reported.items())}
        for level in reported.values():
            level.pending = 0
        rows: list[Row] = [{"id": key, "used": n, "hourly": reported[key].hourly} for key, n in pending.items()]
        now = clock.epoch()
        try:
            merged = await database.own_transaction(partial(_merge_buckets, rows=rows, now=now))
        except DatabaseError:
            for key, n in pending.items():
                reported[key].pending += n
            self._unreported = reported | self._unreported
            raise
        for row in merged:
            level = reported[row["id"]]
            level.used, level.updated_at = int(row["used"]) + level.pending, now


async def _merge_buckets(c: Connection, *, rows: list[Row], now: int) -> list[Row]:
    return await c.all("token_buckets.merge", rows=rows, now=now)


async def delete_expired(c: Connection) -> None:
    """Forgets what is full again; and what a wrong clock dated."""
    await c.run("token_buckets.delete_expired", before=clock.epoch() - HOUR, after=clock.epoch() + HOUR)
