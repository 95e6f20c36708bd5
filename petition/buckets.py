"""Token buckets, shared by all processes: how much of what a rule allows is used up.

Each process counts in memory and tells the others once a second, through one statement of its own: signing waits for
no row that two servers share. So a limit is exact to what comes in within a second. A bucket that nobody has touched
for an hour is full again and forgotten.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cache, partial

from petition import clock
from petition.clock import HOUR
from petition.db import Connection, Database, Row
from petition.errors import DatabaseError

KNOWN = 50_000  # buckets that one process remembers, the latest: some ten megabytes
TOKEN = HOUR  # what one token weighs, so that each second gives back `hourly`, a whole number


@dataclass(frozen=True, slots=True)
class Rule:
    """A bucket of `burst` tokens that gets `hourly` back in an hour, and why; `burst` is never more than an hour's."""

    name: str
    burst: int
    hourly: int
    reason: str

    @property
    def full(self) -> int:
        """What a whole bucket weighs."""
        return self.burst * TOKEN


@cache
def widened(rule: Rule, times: int) -> Rule:
    """The same rule for so many times as many people."""
    return replace(rule, burst=rule.burst * times, hourly=rule.hourly * times)


Asked = tuple[Rule, str]  # a rule, and the opaque key of whom it is applied to


@dataclass(slots=True)
class Level:
    """How much of a bucket was used up at a moment; `spent` of it nobody has been told yet."""

    used: int
    at: int
    spent: int
    hourly: int

    def now(self) -> int:
        """How much is used up at this moment. A clock that was set back gives nothing."""
        return max(0, self.used - self.hourly * max(0, clock.epoch() - self.at))


class Buckets:
    """The buckets as this process knows them."""

    def __init__(self, known: int = KNOWN) -> None:
        self._levels: OrderedDict[str, Level] = OrderedDict()
        self._most = known

    def wait(self, rule: Rule, key: str) -> int:
        """How many seconds until there is a token; 0 if there is one."""
        level = self._levels.get(key)
        lacking = level.now() + TOKEN - rule.full if level else 0
        return max(0, -(-lacking // rule.hourly))

    def take(self, *asked: Asked) -> bool:
        """Takes a token out of each bucket, or out of none if one is empty."""
        if any(self.wait(rule, key) for rule, key in asked):
            return False
        for rule, key in asked:
            level = self._levels.pop(key, None) or Level(0, clock.epoch(), 0, rule.hourly)
            level.used, level.at, level.spent = level.now() + TOKEN, clock.epoch(), level.spent + TOKEN
            self._levels[key] = level
        while len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return True

    async def share(self, database: Database) -> None:
        """Tells the others what was spent since the last time, and learns what they spent out of the same buckets."""
        told = {key: (level, level.spent) for key, level in sorted(self._levels.items()) if level.spent}
        if not told:
            return
        for level, _ in told.values():
            level.spent = 0
        rows: list[Row] = [{"id": key, "used": n, "hourly": level.hourly} for key, (level, n) in told.items()]
        now = clock.epoch()
        try:
            common = await database.apart(partial(_merge, rows=rows, now=now))
        except DatabaseError:
            for level, n in told.values():
                level.spent += n
            raise
        for row in common:
            level = told[row["id"]][0]
            level.used, level.at = int(row["used"]) + level.spent, now


async def _merge(c: Connection, *, rows: list[Row], now: int) -> list[Row]:
    return await c.all("buckets.merge", rows=rows, now=now)


async def expire(c: Connection) -> None:
    """Forgets what is full again; and what a wrong clock dated."""
    await c.run("buckets.expired", before=clock.epoch() - HOUR, after=clock.epoch() + HOUR)
