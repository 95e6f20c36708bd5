"""The pulse: what is counted of a day once it is over, and the days that were counted before."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection, Row
from petition.mail.bounce_reports import BOUNCED
from petition.signals import clusters
from petition.signals.detection import Day, Group
from petition.tally import history

KEPT_DAYS = 90  # the longest past that a signal needs is 72 days


@dataclass(frozen=True, slots=True)
class Count:
    """A day as it was counted: rows of the table `pulse`, and the groups among its confirmed forms."""

    day: str
    rows: list[Row]
    groups: dict[str, list[Group]]

    def largest(self, kind: str) -> int:
        return max((group.confirmed for group in self.groups[kind]), default=0)

    def clusters(self, least: int) -> list[Group]:
        return [group for groups in self.groups.values() for group in groups if group.confirmed >= least]


async def days_to_count(c: Connection) -> list[str]:
    today = clock.today()
    rows = await c.all(
        "signals.days_to_count", today=today.isoformat(), yesterday=(today - timedelta(days=1)).isoformat()
    )
    return [row["day"] for row in rows]


async def counted_days(c: Connection) -> list[str]:
    """The days of the last months that were counted, in their order."""
    return [row["day"] for row in await c.all("signals.days")]


async def count_day(c: Connection, day: str) -> Count:
    rows = await c.all("signals.count_classes", expires_at=clusters.expiry(day), bounced=BOUNCED)
    return Count(day, [{"day": day, **row} for row in rows], await clusters.count_groups(c, day))


async def save(c: Connection, count: Count) -> bool:
    """False if another process has counted this day."""
    largest = {f"largest_{kind}": count.largest(kind) for kind in ("domain", "network")}
    if await c.one("signals.insert_day", day=count.day, **largest) is None:
        return False
    await c.insert_rows("pulse", count.rows)
    return True


async def read_history(c: Connection) -> list[Day]:
    """The days that were counted, in their order, with what was published at the end of each."""
    rows, published = defaultdict(list), await _published(c)
    for row in await c.all("signals.pulse"):
        rows[row["day"]].append(row)
    largest = {row["day"]: row for row in await c.all("signals.days")}
    return [
        make_day(day, rows[day], int(row["largest_domain"]), int(row["largest_network"]), published.get(day, {}))
        for day, row in largest.items()
    ]


async def read_day(c: Connection, count: Count, least: int) -> Day:
    """A day that was just counted. `least`: the size from which its groups are clusters."""
    published = (await _published(c)).get(count.day, {})
    largest = count.largest("domain"), count.largest("network")
    return make_day(count.day, count.rows, *largest, published, tuple(count.clusters(least)))


def make_day(
    day: str, rows: list[Row], domain: int, network: int, published: dict[str, int], groups: tuple[Group, ...] = ()
) -> Day:
    confirmed = {row["mailbox_class"]: int(row["confirmed"]) for row in rows}
    forms, quick, returned = (sum(int(row[name]) for row in rows) for name in ("forms", "quick", "returned"))
    countries = {name: n for name, n in published.items() if name}
    return Day(
        day=day,
        forms=forms,
        confirmed=sum(confirmed.values()),
        unknown=confirmed.get("unknown", 0),
        thrown_away=confirmed.get("throw-away", 0),
        quick=quick,
        returned=returned,
        largest_domain=domain,
        largest_network=network,
        growth=published.get("", 0),
        countries=countries,
        groups=groups,
    )


async def _published(c: Connection) -> dict[str, dict[str, int]]:
    """By day, how much each country grew in the published figures, and under an empty name the total."""
    known = await history.get_history(c)
    totals = [(_last_day(moment), n) for moment, n in known.hours if moment.endswith("T00:00:00Z")]
    growth: defaultdict[str, dict[str, int]] = defaultdict(dict)
    series = {"": totals, **_by_country(known.days)}
    for name, figures in series.items():
        for day, n in _growth(figures):
            growth[day][name] = n
    return growth


def _by_country(days: tuple[tuple[str, str, int], ...]) -> dict[str, list[tuple[str, int]]]:
    countries: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for day, country, n in days:
        countries[country].append((day, n))
    return countries


def _growth(figures: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """A figure falls on a Monday, by what was withdrawn in a week: that is no growth."""
    before = 0
    for day, n in figures:
        yield day, max(n - before, 0)
        before = n


def _last_day(midnight: str) -> str:
    """The day that ends at this moment."""
    return clock.from_epoch(int(clock.parse_iso(midnight).timestamp()) - DAY).date().isoformat()


async def delete_old(c: Connection) -> None:
    oldest = clock.today().fromordinal(clock.today().toordinal() - KEPT_DAYS).isoformat()
    await c.run("signals.delete_old_pulse", before=oldest)
    await c.run("signals.delete_old_days", before=oldest)
    await c.run("signals.delete_old_clusters", before=oldest)
    await c.run("signals.delete_old_notices", before=oldest)
