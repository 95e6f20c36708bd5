"""The count by country: changed with each signature, published once a minute in tens, stored as history.

Published figures are counts rounded down to tens, so that they do not show single signatures. Countries under ten, `ZZ`
and all remainders are in `other`; the total is always the sum of the countries and `other`.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from petition.core import clock
from petition.core.database.connection import Connection
from petition.tally.history import close_past_periods, iso_hour
from petition.tally.rounding import round_counts

SNAPSHOT_SECONDS = 60  # seconds between two snapshots


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The published numbers of one moment: every page, file and letter uses one of these."""

    as_of: datetime
    confirmed: int
    countries: dict[str, int]
    other: int


@dataclass(frozen=True, slots=True)
class Change:
    """A count changes by `n` for a reason: up for confirmed, down for replaced and withdrawn."""

    country: str
    reason: str
    n: int


async def apply_changes(c: Connection, changes: list[Change]) -> None:
    """Changes counts in the journal and in the tally, in the same transaction as the signatures.

    However many changes there are, each country's row is updated once, in the order of the countries: all servers
    update the same rows of the tally.
    """
    now = clock.now()
    entries: Counter[tuple[str, str]] = Counter()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    hours: Counter[bool] = Counter()
    for change in changes:
        entries[change.country, change.reason] += change.n
        counts[change.country].update(n=change.n, changes=abs(change.n))
        hours[change.n > 0] += change.n
    day, hour = now.date().isoformat(), iso_hour(now)
    journal = [{"country": country, "day": day, "reason": reason, "n": n} for (country, reason), n in entries.items()]
    await c.run("tally.insert_journal", rows=journal)
    await c.run("tally.insert_journal_hours", rows=[{"hour": hour, "n": n} for n in hours.values()])
    await c.run("tally.add_counts", rows=[{"country": country, **counts[country]} for country in sorted(counts)])


async def take_snapshot(c: Connection) -> bool:
    """Makes the snapshot of this minute unless another process has; True if it was made now."""
    now = clock.epoch()
    if await c.one("tally.claim_snapshot", now=now, limit=now - SNAPSHOT_SECONDS) is None:
        return False
    rows = await c.all("tally.counts")
    confirmed, countries, other = round_counts({row["country"]: row["confirmed"] for row in rows})
    await c.run(
        "tally.update_snapshot",
        changes=sum(row["changes"] for row in rows),
        confirmed=confirmed,
        countries=json.dumps(countries),
        other=other,
    )
    await close_past_periods(c)
    return True


async def reset_snapshot(c: Connection) -> None:
    """As in a new database: the next snapshot is made at once."""
    await c.run("tally.reset_snapshot")


async def get_snapshot(c: Connection) -> Snapshot:
    row = await c.one("tally.get_snapshot") or {}
    as_of = datetime.fromtimestamp(row["taken_at"], UTC)
    return Snapshot(as_of, row["confirmed"], json.loads(row["countries"]), row["other"])


async def exact_counts(c: Connection) -> dict[str, int]:
    """Never published: for letters ("citizens of your country are among …") and the desk."""
    return {row["country"]: int(row["confirmed"]) for row in await c.all("tally.counts") if row["confirmed"]}
