"""Counts everything again from the signatures and the journal, and says which numbers do not agree.

It has its own SQL and shares no query with the modules that it checks. It reads one moment of the database, so the
numbers must agree on a busy site too.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from petition.core import clock
from petition.core.database.connection import Connection, Row

MAX_SNAPSHOT_AGE = timedelta(hours=2)  # a running server makes a snapshot each minute; the journal knows only hours


async def find_disagreements(c: Connection) -> list[str]:
    """One sentence for each number that does not agree; empty if all agree."""
    messages = [*await _check_counts(c), *await _check_totals(c), *await _check_choices(c), *await _check_snapshot(c)]
    return [*messages, *await _check_history(c)]


async def _check_counts(c: Connection) -> list[str]:
    """Signatures, journal and tally must have the same number for every country."""
    journal, tally = await _by_country(c, "audit.journal"), await _by_country(c, "audit.tally")
    messages = _differences("tally", tally, "journal", journal)
    if not (await c.one("audit.closing_state") or {})["signing"]:  # after `close`, only the journal can be counted
        signatures = await _by_country(c, "audit.signatures")
        messages += _differences("journal", journal, "signatures", signatures)
    return messages


def _differences(a: str, left: dict[str, int], b: str, right: dict[str, int]) -> list[str]:
    return [
        f"{country}: the {a} says {left.get(country, 0)}, the {b} {right.get(country, 0)}."
        for country in sorted({*left, *right})
        if left.get(country, 0) != right.get(country, 0)
    ]


async def _by_country(c: Connection, query: str) -> dict[str, int]:
    return {row["country"]: int(row["n"]) for row in await c.all(query)}


async def _check_totals(c: Connection) -> list[str]:
    row = await c.one("audit.totals") or {}
    messages = []
    if row["journal"] != row["journal_by_hour"]:
        messages.append(f"The journal sums to {row['journal']}, its hours to {row['journal_by_hour']}.")
    if row["changes"] != row["moved"]:
        messages.append(f"The tally knows of {row['changes']} changes, the journal of {row['moved']}.")
    return messages


async def _check_choices(c: Connection) -> list[str]:
    row = await c.one("audit.choices") or {}
    pairs = (("named", "names"), ("updates", "contacts"))
    return [f"{row[a]} signatures say {a}, but there are {row[b]} {b}." for a, b in pairs if row[a] != row[b]]


async def _check_snapshot(c: Connection) -> list[str]:
    """The snapshot must add up and be the rounded counts, apart from changes since it was made."""
    row = await c.one("audit.snapshot") or {}
    countries: dict[str, int] = json.loads(row["countries"])
    messages = []
    if row["confirmed"] != sum(countries.values()) + row["other"]:
        messages.append("The published total is not the sum of the published countries and other.")
    since = datetime.fromtimestamp(row["taken_at"], UTC)
    hours = {"hour": _iso_hour(since), "later": _iso_hour(since + MAX_SNAPSHOT_AGE), "now": _iso_hour(clock.now())}
    recent = await c.one("audit.changes_since", **hours) or {}
    if recent["later"] and (row["taken_at"] or row["confirmed"]):  # right after a restore there is no snapshot yet
        messages.append("The published numbers were not renewed although the counts moved.")
    # The changes that the snapshot says it does not contain, but never more than the journal has since its hour.
    moved = min(int((await c.one("audit.totals") or {})["changes"]) - int(row["changes"]), int(recent["n"]))
    counts = await _by_country(c, "audit.journal")
    expected = {"total": sum(counts.values()), **{k: n for k, n in counts.items() if k != "ZZ"}}
    stated = {"total": row["confirmed"], **countries}
    return messages + [
        f for name in sorted({*expected, *stated}) for f in _compare_count(name, stated, expected, moved)
    ]


def _compare_count(name: str, stated: dict[str, int], expected: dict[str, int], moved: int) -> Iterator[str]:
    """`moved` changes can move a count by `moved` at most. If it is negative, the snapshot is wrong."""
    n, count = stated.get(name, 0), expected.get(name, 0)
    if n % 10 or not _round_down(count - moved) <= n <= _round_down(count + moved):
        yield f"Published for {name}: {n}; recounted: {_round_down(count)}."


async def _check_history(c: Connection) -> list[str]:
    """If the clock was ahead, the next snapshot deletes the hours and days written too early; they are not checked."""
    last_written, now = (await c.one("audit.closing_state") or {})["history"], _iso_hour(clock.now())
    closed, ahead = min(last_written, now), last_written > now
    hours = {row["hour"]: row["confirmed"] for row in _changed_rows(await c.all("audit.hours", closed=closed))}
    hourly = await c.all("audit.history_hours")
    written_hours = {row["hour"]: row["confirmed"] for row in hourly if not ahead or row["hour"] < closed}
    days: dict[str, int] = {}
    for country, rows in groupby(await c.all("audit.days", closed=closed[:10]), key=lambda row: row["country"]):
        days |= {f"{row['day']} {country}": row["confirmed"] for row in _changed_rows(rows)}
    daily = [row for row in await c.all("audit.history_days") if not ahead or row["day"] < closed[:10]]
    written_days = {f"{row['day']} {row['country']}": row["confirmed"] for row in daily}
    return _differences("history", written_hours | written_days, "journal", hours | days)


def _changed_rows(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The rows whose published figure differs from that of the row before."""
    before = 0
    for row in rows:
        if row["confirmed"] != before:
            yield row
        before = row["confirmed"]


def _iso_hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%HZ")


def _round_down(n: int) -> int:
    return max(n, 0) // 10 * 10
