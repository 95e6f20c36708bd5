"""Checks each release again: its figure against the journal, and its time against what was published before."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row
from petition.tally import audit_removals

MAX_BELOW = 19  # how far a figure may be below its count: ten of the secret remainder, nine of the rounding
_GRACE = HOUR  # a release of the last hour may still be missing
_WEEK, _MONDAY = 7 * DAY, 4 * DAY  # 1 January 1970 was a Thursday
_SHORT, _SHORT_GROWTH = 600, 100
_MAX_FREEZE = 3 * DAY
_REGULAR = {"total": (2 * HOUR, 1200), "country": (6 * HOUR, 3600)}  # seconds; growth for the short window


@dataclass
class Count:
    """What the journal has of one country: sums of what was added and removed up to each of its days.

    `removals`: by how much organisers changed the count, by setting aside and restoring; on `removal_days`.
    """

    days: list[str] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    removals: list[int] = field(default_factory=list)
    removal_days: list[str] = field(default_factory=list)

    def before(self, day: str, monday: str, today: str) -> int:
        """Added before a day, less what was removed before a Monday, and with what organisers did before today."""
        return self._sum(self.added, day) - self._sum(self.removed, monday) + self._sum(self.removals, today)

    def removed_between(self, first: str, before: str) -> int:
        return self._sum(self.removed, before) - self._sum(self.removed, first)

    def lowered_between(self, first: str, before: str) -> bool:
        return bisect_left(self.removal_days, first) < bisect_left(self.removal_days, before)

    def _sum(self, sums: list[int], before: str) -> int:
        found = bisect_left(self.days, before)
        return sums[found - 1] if found else 0


@dataclass
class Published:
    """The releases of one figure: their times and what was published then."""

    times: list[int] = field(default_factory=list)
    figures: list[int] = field(default_factory=list)

    def at(self, time: int) -> int:
        found = bisect_right(self.times, time)
        return self.figures[found - 1] if found else 0


async def find_disagreements(c: Connection) -> list[str]:
    facts = await c.one("audit.facts") or {}
    counts, published = _counts(await c.all("audit.days")), _published(await c.all("audit.releases"))
    withdrawn = published.pop("withdrawn", Published())
    removals = {name: published.pop(name) for name in sorted(published) if audit_removals.is_removal(name)}
    figures = {row["name"]: int(row["figure"]) for row in await c.all("audit.figures")}
    messages = [
        *_check_newest(figures, published),
        *_check_sums(published),
        *_check_withdrawn(withdrawn, published.get("total", Published()), counts),
        *audit_removals.find_disagreements(
            {name: dict(zip(own.times, own.figures, strict=True)) for name, own in removals.items()},
            published.get("total", Published()).times,
            await c.all("audit.removals"),
        ),
        *([] if facts["unreleased"] or _may_be_late(facts) else _check_renewed(published, counts)),
    ]
    for name in sorted({*counts, *published} - {"ZZ"}):
        own = published.get(name, Published())
        messages += _check_figures(name, own, counts.get(name, Count()), facts["ahead_until"])
        messages += _check_not_left_out(name, own, published, counts.get(name, Count()))
        messages += [] if facts["demo"] else _check_times(name, own, published)
    return messages + (["ZZ is published by country."] if "ZZ" in {*figures, *published} else [])


def _counts(rows: list[Row]) -> dict[str, Count]:
    """By country, and for `total`."""
    by_day: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    for row in rows:
        for name in (row["country"], "total"):
            for k, column in enumerate(("added", "removed", "removals", "has_removals")):
                by_day[name][row["day"]][k] += int(row[column])
    return {name: _count(days) for name, days in by_day.items()}


def _count(changes: dict[str, list[int]]) -> Count:
    days = sorted(changes)
    added, removed, removals = (list(accumulate(changes[day][k] for day in days)) for k in (0, 1, 2))
    return Count(days, added, removed, removals, [day for day in days if changes[day][3]])


def _published(rows: list[Row]) -> dict[str, Published]:
    published: dict[str, Published] = defaultdict(Published)
    for row in rows:
        published[row["name"]].times.append(int(row["released_at"]))
        published[row["name"]].figures.append(int(row["figure"]))
    return dict(published)


def _countries(published: dict[str, Published], time: int) -> int:
    """The sum of the countries as it was published at a moment."""
    return sum(own.at(time) for name, own in published.items() if name != "total")


def _check_newest(figures: dict[str, int], published: dict[str, Published]) -> Iterator[str]:
    """What is published now is what was released last."""
    newest = {name: own.figures[-1] for name, own in published.items()}
    for name in sorted({*figures, *newest}):
        if figures.get(name, 0) != newest.get(name, 0):
            yield f"{name}: published is {figures.get(name, 0)}, released was {newest.get(name, 0)}."


def _check_sums(published: dict[str, Published]) -> Iterator[str]:
    total = published.get("total", Published())
    for time in total.times:
        if total.at(time) < (parts := _countries(published, time)):
            yield f"total at {_iso(time)}: {total.at(time)} is less than the countries, {parts}."


def _check_figures(name: str, own: Published, count: Count, ahead_until: str) -> Iterator[str]:
    """In tens, never above its count and at most 19 below it, falling on a Monday or a day after a removal only."""
    before, previous = 0, 0
    for time, figure in zip(own.times, own.figures, strict=True):
        day, monday = _day(time), _day(_last_monday(time))
        over = day if time % DAY == 0 else _day(time + DAY)  # inside a day the journal knows the days around it
        most = count.before("9999" if day <= ahead_until else over, monday, day)
        least = count.before(day, monday, day)
        if figure % 10 or figure < 0 or not least - MAX_BELOW <= figure <= most:
            yield f"{name} at {_iso(time)}: published {figure}, recounted {least if least == most else (least, most)}."
        if figure < previous and before >= _last_monday(time) and not count.lowered_between(_day(before), day):
            yield f"{name} at {_iso(time)}: fell from {previous} to {figure} within a week."
        before, previous = time, figure


def _check_not_left_out(name: str, own: Published, published: dict[str, Published], count: Count) -> Iterator[str]:
    """At each midnight that was released, also a country that is not published may be at most 19 below its count."""
    for time in published.get("total", Published()).times:
        if time % DAY == 0 and time not in own.times:
            counted = count.before(_day(time), _day(_last_monday(time)), _day(time))
            if counted - own.at(time) > MAX_BELOW:
                yield f"{name} at {_iso(time)}: published {own.at(time)}, recounted {counted}."


def _check_times(name: str, own: Published, published: dict[str, Published]) -> Iterator[str]:
    """Each release came at a time that what was published before allows."""
    regular, growth = _REGULAR["total" if name == "total" else "country"]
    window = _SHORT if name == "total" else regular  # the first release
    before, previous = 0, 0
    for time, figure in zip(own.times, own.figures, strict=True):
        if time % window:
            if name != "total" or figure != _countries(published, time):  # it may be raised to the sum of the countries
                yield f"{name} at {_iso(time)}: what was published before allows no release then."
            continue
        if before and window == _SHORT == time - before:
            is_short = figure - previous >= _SHORT_GROWTH
        else:
            is_short = figure - own.at(time - regular) >= growth
        window, before, previous = _SHORT if is_short else regular, time, figure


def _check_withdrawn(withdrawn: Published, total: Published, counts: dict[str, Count]) -> Iterator[str]:
    """What was taken off is published with the first total of each week, in tens."""
    count = counts.get("total", Count())
    for before, time in zip([0, *total.times], total.times, strict=False):
        monday, first = _last_monday(time), _last_monday(before or time - 1)
        if (time in withdrawn.times) == (before >= monday) and before:
            yield f"withdrawn at {_iso(time)}: published once a week, on its first release."
        removed = count.removed_between(_day(first), _day(monday))
        if time in withdrawn.times and not 0 <= removed - withdrawn.at(time) <= MAX_BELOW:
            yield f"withdrawn at {_iso(time)}: published {withdrawn.at(time)}, recounted {removed}."
    if alone := sorted({*withdrawn.times} - {*total.times}):
        yield f"withdrawn at {_iso(alone[0])}: there was no release of the total."


def _may_be_late(facts: Row) -> bool:
    """Figures are frozen, or a freeze has ended so recently that their next release has not come yet."""
    end = int(facts["turned_at"]) + (_MAX_FREEZE if facts["frozen"] else 0)
    return int(facts["turned_at"]) > 0 and clock.epoch() < end + _REGULAR["country"][0] + _GRACE


def _check_renewed(published: dict[str, Published], counts: dict[str, Count]) -> Iterator[str]:
    """The last midnight must have been released, if enough had changed."""
    midnight = (clock.epoch() - _GRACE) // DAY * DAY
    counted = counts.get("total", Count()).before(_day(midnight), _day(_last_monday(midnight)), _day(midnight))
    total = published.get("total", Published())
    if total.times[-1:] < [midnight] and counted - total.at(midnight) > MAX_BELOW:
        yield "The published numbers were not renewed although the counts moved."


def _last_monday(moment: int) -> int:
    return moment - (moment - _MONDAY) % _WEEK


def _day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()


def _iso(moment: int) -> str:
    return clock.iso(clock.from_epoch(moment))
