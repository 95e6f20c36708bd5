"""How the published figures move: today beside other days, a projection, countries. It tells no more than the history.

Whole days are UTC, from one midnight's release to the next.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from petition.core import clock
from petition.tally.history import History
from petition.tally.tally import Snapshot

WEEK = 7
PACE_DAYS = 14  # whole days whose average is the pace
RANGE_DAYS = 28  # the slowest and the fastest week of these are the range
_CURVE_POINTS = 200  # at most: the width of a phone


@dataclass(frozen=True, slots=True)
class Growth:
    """What the total grew by. Of yesterday, and of the same day a week ago: until the same hour, and the whole day."""

    until: datetime  # the hour
    today: int
    yesterday: tuple[int, int]
    a_week_ago: tuple[int, int]
    week: int  # the last seven whole days
    week_before: int


@dataclass(frozen=True, slots=True)
class Projection:
    """Each pace (signatures a day), the total that it leads to at the deadline, and the day that it reaches the goal.

    Of the slowest week, the average, the fastest week. A day is None if the goal is not reached within ten years.
    """

    paces: tuple[float, float, float]
    totals: tuple[int, int, int]
    goal_days: tuple[date | None, date | None, date | None]


@dataclass(frozen=True, slots=True)
class Mover:
    """A country: what is published now, and how much it grew in the last seven whole days and in the seven before."""

    code: str
    confirmed: int
    week: int
    week_before: int


class _Totals:
    """The total that was published at a moment."""

    def __init__(self, history: History) -> None:
        self._hours = history.hours

    def at(self, moment: datetime) -> int:
        place = bisect_right(self._hours, clock.iso(moment), key=lambda hour: hour[0])
        return self._hours[place - 1][1] if place else 0


def midnight(day: date) -> datetime:
    """At which the day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def growth(history: History, snapshot: Snapshot) -> Growth:
    totals, until = _Totals(history), snapshot.as_of.replace(minute=0, second=0)
    begin, days = midnight(until.date()), [timedelta(n) for n in range(2 * WEEK + 1)]

    def on_day(ago: timedelta) -> tuple[int, int]:
        midnight_before = totals.at(begin - ago)
        return totals.at(until - ago) - midnight_before, totals.at(begin - ago + days[1]) - midnight_before

    return Growth(
        until,
        today=snapshot.confirmed - totals.at(begin),
        yesterday=on_day(days[1]),
        a_week_ago=on_day(days[WEEK]),
        week=totals.at(begin) - totals.at(begin - days[WEEK]),
        week_before=totals.at(begin - days[WEEK]) - totals.at(begin - days[2 * WEEK]),
    )


def daily_growth(history: History, until: date, most: int) -> list[tuple[date, int]]:
    """(day, growth) of the last whole days before `until`, at most so many; the day on which it began is not whole."""
    if not history.hours:
        return []
    totals, first = _Totals(history), datetime.fromisoformat(history.hours[0][0]).date() + timedelta(1)
    days = [until - timedelta(n) for n in range(most, 0, -1)]
    return [(day, totals.at(midnight(day + timedelta(1))) - totals.at(midnight(day))) for day in days if day >= first]


def project(history: History, snapshot: Snapshot, end: datetime, goal: int | None) -> Projection | None:
    """What the total would be at the end, if each day until then were like those of the past.

    None before there are PACE_DAYS whole days, and after the end.
    """
    days = [n for _, n in daily_growth(history, snapshot.as_of.date(), RANGE_DAYS)]
    left = (end - snapshot.as_of) / timedelta(1)
    if len(days) < PACE_DAYS or left <= 0:
        return None
    weeks = [sum(days[first : first + WEEK]) / WEEK for first in range(len(days) - WEEK + 1)]
    paces = min(weeks), sum(days[-PACE_DAYS:]) / PACE_DAYS, max(weeks)
    slow, middle, fast = (round_to_two_digits(snapshot.confirmed + pace * left) for pace in paces)
    slow_day, middle_day, fast_day = (_goal_day(snapshot, pace, goal) for pace in paces)
    return Projection(paces, (slow, middle, fast), (slow_day, middle_day, fast_day))


def _goal_day(snapshot: Snapshot, pace: float, goal: int | None) -> date | None:
    if goal is None or pace <= 0 or goal <= snapshot.confirmed:
        return None
    days = (goal - snapshot.confirmed) / pace
    return (snapshot.as_of + timedelta(days)).date() if days < 3650 else None


def round_to_two_digits(n: float) -> int:
    """Such as 12,000 of 12,345: a projection is not exact."""
    whole = max(0, round(n))
    return round(whole, min(0, 2 - len(str(whole))))


def movers(history: History, snapshot: Snapshot) -> list[Mover]:
    """Every published country: the one that grew most in the last week comes first."""
    today = snapshot.as_of.date()
    ends = (today - timedelta(days) for days in (1, WEEK + 1, 2 * WEEK + 1))
    last, week_ago, before = (_figures_at_end_of(history, day) for day in ends)
    found = [
        Mover(code, n, last.get(code, 0) - week_ago.get(code, 0), week_ago.get(code, 0) - before.get(code, 0))
        for code, n in snapshot.countries.items()
    ]
    return sorted(found, key=lambda mover: (-mover.week, -mover.confirmed, mover.code))


def _figures_at_end_of(history: History, day: date) -> dict[str, int]:
    """By country. The days of the history are sorted and without gaps; after the last one, figures stay as they are."""
    last = history.days[-1][0] if history.days else ""
    wanted = min(day.isoformat(), last)
    begin = bisect_right(history.days, (wanted, "", -1))
    return {code: n for _, code, n in history.days[begin : bisect_right(history.days, (wanted, "~", 0))]}


def curve(history: History, snapshot: Snapshot) -> list[tuple[datetime, int]]:
    """(moment, total) from the first figure to the newest."""
    hours: Sequence[tuple[str, int]] = history.hours
    step = max(1, -(-len(hours) // _CURVE_POINTS))
    points = [(datetime.fromisoformat(hour), n) for hour, n in hours[::step]]
    return [*points, (snapshot.as_of, snapshot.confirmed)] if points else []
