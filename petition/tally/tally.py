"""The count by country: changed with each signature, published once a minute in tens, kept as history.

Published figures are counts floored to ten, so that no single signature moves a number by itself. Countries under
ten, `ZZ` and all remainders are in `other`; the total is always the sum of the countries and `other`.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database.database import Connection

STEP = 10
FRESH = 60  # seconds between two snapshots
GRACE = 300  # seconds after an hour or day during which a slow commit may still belong to it
UNSAID = "ZZ"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The published numbers of one moment: every page, file and letter quotes one of these."""

    as_of: datetime
    confirmed: int
    countries: dict[str, int]
    other: int


@dataclass(frozen=True, slots=True)
class Change:
    """A count moves by n for a reason; the reason says the sign: confirmed up, replaced and withdrawn down."""

    country: str
    reason: str
    n: int


async def change(c: Connection, changes: list[Change]) -> None:
    """Moves counts, in the journal and in the tally, in the transaction of their causes.

    However many at once, each country's row is touched once, in the order of the countries: the row of the tally is
    where all servers meet.
    """
    moment = clock.now()
    entries: Counter[tuple[str, str]] = Counter()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    hours: Counter[bool] = Counter()
    for one in changes:
        entries[one.country, one.reason] += one.n
        counts[one.country].update(n=one.n, changes=abs(one.n))
        hours[one.n > 0] += one.n
    day, hour = moment.date().isoformat(), _hour(moment)
    journal = [{"country": country, "day": day, "reason": reason, "n": n} for (country, reason), n in entries.items()]
    await c.run("tally.journal", rows=journal)
    await c.run("tally.journal_hours", rows=[{"hour": hour, "n": n} for n in hours.values()])
    await c.run("tally.count", rows=[{"country": country, **counts[country]} for country in sorted(counts)])


def fold(counts: dict[str, int]) -> tuple[int, dict[str, int], int]:
    """(confirmed, countries, other) as they may be published."""
    confirmed = floor(sum(counts.values()))
    countries = {c: floor(n) for c, n in sorted(counts.items()) if n >= STEP and c != UNSAID}
    return confirmed, countries, confirmed - sum(countries.values())


def floor(n: int) -> int:
    """A count as it may be published."""
    return n // STEP * STEP


async def publish(c: Connection) -> bool:
    """Makes the snapshot of this minute unless somebody has; True if it was made now."""
    now = clock.epoch()
    if await c.one("tally.turn", now=now, limit=now - FRESH) is None:
        return False
    rows = await c.all("tally.counts")
    confirmed, countries, other = fold({row["country"]: row["confirmed"] for row in rows})
    await c.run(
        "tally.publish",
        changes=sum(row["changes"] for row in rows),
        confirmed=confirmed,
        countries=json.dumps(countries),
        other=other,
    )
    await _close_history(c)
    return True


async def published(c: Connection) -> Snapshot:
    """The snapshot everything quotes."""
    row = await c.one("tally.published") or {}
    as_of = datetime.fromtimestamp(row["as_of"], UTC)
    return Snapshot(as_of, row["confirmed"], json.loads(row["countries"]), row["other"])


async def counts(c: Connection) -> dict[str, int]:
    """The exact counts, for letters ("citizens of your country are among …") and the desk; never published."""
    return {row["country"]: int(row["confirmed"]) for row in await c.all("tally.counts") if row["confirmed"]}


async def _close_history(c: Connection) -> None:
    """Writes the published figures of the hours and days that are over since the last time."""
    over = datetime.fromtimestamp(clock.epoch() - GRACE, UTC)
    hour = _hour(over)
    kept = await c.one("house.get", name="history")
    if kept and kept["value"] == hour:
        return
    if kept and kept["value"] > hour:  # a clock was set back: what it had closed too early is open again
        await c.run("tally.reopen_hours", hour=hour)
        await c.run("tally.reopen_days", day=hour[:10])
        await c.run("house.set", name="history", value=hour)
        return
    await _close_hours(c, after=kept["value"] if kept else "", before=hour)
    await _close_days(c, after=kept["value"][:10] if kept else "", before=hour[:10])
    await c.run("house.keep", name="history", value=hour)
    await c.run("house.set", name="history", value=hour)


async def _close_hours(c: Connection, after: str, before: str) -> None:
    """Hours from `after` (not yet closed then) to the last before `before`."""
    total = int((await c.one("tally.hours_before", hour=after) or {})["n"])
    for row in await c.all("tally.hours", after=after, before=before):
        total, earlier = total + int(row["n"]), total
        if floor(total) != floor(earlier):
            await c.run("tally.history_hour", hour=row["hour"], confirmed=floor(total))


async def _close_days(c: Connection, after: str, before: str) -> None:
    totals = {row["country"]: int(row["n"]) for row in await c.all("tally.days_before", day=after)}
    for row in await c.all("tally.days", after=after, before=before):
        earlier = totals.get(row["country"], 0)
        totals[row["country"]] = total = earlier + int(row["n"])
        if row["country"] != UNSAID and floor(total) != floor(earlier):
            await c.run("tally.history_day", day=row["day"], country=row["country"], confirmed=floor(total))


async def reopen_history(c: Connection) -> None:
    """The history is written anew from its beginning; for demo signatures with days in the past."""
    await c.run("tally.forget_history")


def _hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%HZ")


async def history(c: Connection) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]]]:
    """(hour, total) and (day, country, count) wherever a published figure moved; only what is over."""
    hours = [(row["hour"], int(row["confirmed"])) for row in await c.all("tally.history_hours")]
    days = [(r["day"], r["country"], int(r["confirmed"])) for r in await c.all("tally.history_days")]
    return hours, days


async def last_day(c: Connection) -> int:
    """The net change of the last 24 hours, for the desk."""
    since = datetime.fromtimestamp(clock.epoch() - 24 * HOUR, UTC)
    return int((await c.one("tally.last_day", hour=_hour(since)) or {})["n"])
