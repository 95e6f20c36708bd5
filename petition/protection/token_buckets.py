"""Token buckets, shared by all processes: how much of what a rule allows is used up.

Each process counts in memory and tells the others once a second, through one statement of its own: signing waits for
no row that two servers share. It tells what came to a tenth of a bucket: of somebody who signs once nothing is written
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

KNOWN = 20_000  # buckets that one process remembers, the latest: some five megabytes
TOLD = 10  # of a bucket, the part that is told
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

    def used_at(self, now: int) -> int:
        """How much is used up at a moment. A clock that was set back gives nothing."""
        return max(0, self.used - self.hourly * max(0, now - self.at))


class Buckets:
    """The buckets as this process knows them."""

    def __init__(self, known: int = KNOWN) -> None:
        self._levels: OrderedDict[str, Level] = OrderedDict()
        self._untold: dict[str, Level] = {}
        self._most = known

    def wait(self, rule: Rule, key: str) -> int:
        """How many seconds until there is a token; 0 if there is one."""
        level = self._levels.get(key)
        lacking = level.used_at(clock.epoch()) + TOKEN - rule.full if level else 0
        return max(0, -(-lacking // rule.hourly))

    def take(self, *asked: Asked) -> bool:
        """Takes a token out of each bucket, or out of none if one is empty."""
        if any(self.wait(rule, key) for rule, key in asked):
            return False
        now = clock.epoch()
        for rule, key in asked:
            level = self._levels.pop(key, None) or Level(0, now, 0, rule.hourly)
            level.used, level.at, level.spent = level.used_at(now) + TOKEN, now, level.spent + TOKEN
            self._levels[key] = level
            if level.spent * TOLD >= rule.full:
                self._untold[key] = level
        while len(self._levels) > self._most:
            self._untold.pop(self._levels.popitem(last=False)[0], None)
        return True

    async def share(self, database: Database) -> None:
        """Tells the others what was spent since the last time, and learns what they spent out of the same buckets."""
        told, self._untold = self._untold, {}
        if not told:
            return
        spent = {key: level.spent for key, level in sorted(told.items())}
        for level in told.values():
            level.spent = 0
        rows: list[Row] = [{"id": key, "used": n, "hourly": told[key].hourly} for key, n in spent.items()]
        now = clock.epoch()
        try:
            common = await database.own_transaction(partial(_merge, rows=rows, now=now))
        except DatabaseError:
            for key, n in spent.items():
                told[key].spent += n
            self._untold = told | self._untold
            raise
        for row in common:
            level = told[row["id"]]
            level.used, level.at = int(row["used"]) + level.spent, now


async def _merge(c: Connection, *, rows: list[Row], now: int) -> list[Row]:
    return await c.all("buckets.merge", rows=rows, now=now)


async def expire(c: Connection) -> None:
    """Forgets what is full again; and what a wrong clock dated."""
    await c.run("buckets.expired", before=clock.epoch() - HOUR, after=clock.epoch() + HOUR)
