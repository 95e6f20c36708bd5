"""The count by country: the journal, which changes with each signature, and the figures that are published of it.

Countries that have no figure yet, `ZZ` and all remainders are in `other`; the total is always the sum of the countries
and `other`.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from petition.core import clock
from petition.core.database.connection import Connection

TOTAL = "total"  # the name of the total among the figures; all others are countries


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The published figures of one moment: every page, file and letter uses one of these. `as_of`: of the newest."""

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
    """Writes changes of counts to the journal, in the same transaction as the signatures."""
    day = clock.today().isoformat()
    entries: Counter[tuple[str, str]] = Counter()
    for change in changes:
        entries[change.country, change.reason] += change.n
    rows = [{"country": country, "day": day, "reason": reason, "n": n} for (country, reason), n in entries.items()]
    if rows:
        await c.run("tally.insert_journal", rows=rows)


async def get_snapshot(c: Connection) -> Snapshot:
    rows = await c.all("tally.figures")
    figures = {row["name"]: int(row["figure"]) for row in rows if row["figure"]}
    confirmed, as_of = figures.pop(TOTAL, 0), max((int(row["released_at"]) for row in rows), default=0)
    return Snapshot(clock.from_epoch(as_of), confirmed, figures, confirmed - sum(figures.values()))


async def is_empty(c: Connection) -> bool:
    """Whether nobody has ever signed here."""
    return await c.one("tally.any_entry") is None
