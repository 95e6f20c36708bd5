"""The history of the published figures: copied from the releases, so it tells no more than they did."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row
from petition.tally.releases import WITHDRAWN
from petition.tally.removals import reason_of


@dataclass(frozen=True, slots=True)
class History:
    """Cumulative figures without gaps, up to the newest release.

    `hours`: (moment, total that was published then). `days`: (day, country, figure that was published at its end).
    `withdrawn`: (day of the release, how many were taken off then, in tens), each week. `removals`: (day of the
    release, removals.RESTORED or the reason why organisers set aside, how many, in tens).
    """

    hours: tuple[tuple[str, int], ...] = ()
    days: tuple[tuple[str, str, int], ...] = ()
    withdrawn: tuple[tuple[str, int], ...] = ()
    removals: tuple[tuple[str, str, int], ...] = ()


async def get_history(c: Connection) -> History:
    newest = int((await c.one("history.newest") or {})["released_at"])
    by_country = groupby(await c.all("history.days"), key=lambda row: str(row["name"]))
    days = [
        (_iso_day(end - DAY), country, n) for country, rows in by_country for end, n in _without_gaps(rows, DAY, newest)
    ]
    hours = _without_gaps(await c.all("history.hours"), HOUR, newest)
    withdrawn = await c.all("history.withdrawn", name=WITHDRAWN)
    return History(
        tuple((clock.iso(clock.from_epoch(end)), n) for end, n in hours),
        tuple(sorted(days)),
        tuple((_iso_day(int(row["released_at"])), int(row["figure"])) for row in withdrawn),
        await list_removals(c),
    )


async def list_removals(c: Connection) -> tuple[tuple[str, str, int], ...]:
    """As in History."""
    rows = await c.all("history.removals")
    return tuple((_iso_day(int(row["released_at"])), reason_of(row["name"]), int(row["figure"])) for row in rows)


def _without_gaps(rows: Iterable[Row], length: int, newest: int) -> Iterator[tuple[int, int]]:
    """(end, figure) of each period that is over, from the first in which there was a figure."""
    known = [(int(row["period"]), int(row["figure"])) for row in rows]
    ends = [*(period for period, _ in known[1:]), newest // length + 1]
    for (period, n), until in zip(known, ends, strict=False):
        yield from ((end * length, n) for end in range(period, until))


def _iso_day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()
