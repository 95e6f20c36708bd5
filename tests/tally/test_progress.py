"""How the published figures move: days beside each other, a projection with its range, countries; for any history."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core import clock
from petition.tally import progress
from petition.tally.history import History
from petition.tally.tally import Snapshot

BEGIN, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
Daily = dict[int, int]  # day after BEGIN -> growth, in the hour before noon


def _history(daily: list[int], hours: int = 12) -> tuple[History, Snapshot]:
    """A total that grows by so much in the hour before each noon, until so many hours after the last midnight."""
    total, points = 0, []
    last = BEGIN + timedelta(days=len(daily) - 1, hours=hours)
    for n in range(len(daily) * 24):
        moment = BEGIN + timedelta(hours=n)
        total += daily[n // 24] if moment.hour == 12 else 0
        if moment <= last:
            points.append((clock.iso(moment), total))
    confirmed = points[-1][1]
    return History(hours=tuple(points)), Snapshot(last, confirmed, {}, confirmed)


def test_today_stands_beside_the_same_hours_and_the_whole_days() -> None:
    daily = [*[10] * 13, 40, 20, *[0] * 5, 70, 30]
    morning = progress.growth(*_history(daily, hours=11))
    assert (morning.today, morning.yesterday, morning.a_week_ago) == (0, (0, 70), (0, 20))
    noon = progress.growth(*_history(daily))
    assert (noon.today, noon.yesterday, noon.a_week_ago) == (30, (70, 70), (20, 20))
    assert (noon.week, noon.week_before) == (20 + 70, 10 * 6 + 40)


def test_an_empty_site_has_nothing_to_show_and_no_error() -> None:
    nothing = Snapshot(BEGIN, 0, {}, 0)
    assert progress.growth(History(), nothing).today == 0
    assert progress.project(History(), nothing, END, 100) is None
    assert (progress.movers(History(), nothing), progress.curve(History(), nothing)) == ([], [])


def test_a_projection_needs_fourteen_whole_days_and_a_deadline_to_come() -> None:
    for days, deadline, shown in ((15, 30, False), (16, 30, True), (16, 15, True), (16, 14, False)):
        found = progress.project(*_history([10] * days), BEGIN + timedelta(deadline + 1), None)
        assert (found is not None) == shown, (days, deadline)


def test_the_range_is_that_of_the_slowest_and_the_fastest_week() -> None:
    daily = [50, *[1000] * 3, *[10] * 7, *[30] * 7, *[20] * 7, *[40] * 7, 0]
    found = progress.project(*_history(daily, hours=0), BEGIN + timedelta(len(daily) + 10), 10**6)
    assert found is not None
    assert list(found.paces) == [10, 30, 40], "of the last 28 days; the flood of the beginning is older"
    total = sum(daily)
    assert list(found.totals) == [progress.round_to_two_digits(total + pace * 11) for pace in (10, 30, 40)]
    assert found.goal_days == (None, None, None), "not in ten years"


def test_the_goal_has_its_day_at_each_pace() -> None:
    daily = [*[10] * 30, 0]
    found = progress.project(*_history(daily, hours=0), END, 400)
    assert found is not None
    assert found.goal_days == (date(2026, 12, 11),) * 3
    reached = progress.project(*_history(daily, hours=0), END, 300)
    assert reached is not None
    assert reached.goal_days == (None, None, None), "it is reached"


@examples(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**5), min_size=16, max_size=40), st.integers(0, 23), st.integers(1, 400))
def test_any_projection_lies_within_its_range(daily: list[int], hours: int, left: int) -> None:
    history, snapshot = _history(daily, hours)
    found = progress.project(history, snapshot, snapshot.as_of + timedelta(left), 1000)
    assert found is not None
    assert list(found.paces) == sorted(found.paces)
    assert list(found.totals) == sorted(found.totals)
    assert found.totals[0] >= progress.round_to_two_digits(snapshot.confirmed)


def test_the_country_that_grew_most_comes_first() -> None:
    days = [(BEGIN.date() + timedelta(n)).isoformat() for n in range(15)]
    grew = {"DE": [100] * 15, "LT": [10 * n for n in range(15)], "PL": [*[20] * 10, *[200] * 5]}
    history = History(days=tuple(sorted((day, code, n[k]) for code, n in grew.items() for k, day in enumerate(days))))
    noon = BEGIN + timedelta(days=15, hours=12)
    snapshot = Snapshot(noon, 560, {"DE": 100, "LT": 150, "PL": 210, "SE": 10}, 90)
    movers = {m.code: (m.confirmed, m.week, m.week_before) for m in progress.movers(history, snapshot)}
    assert movers == {"PL": (210, 180, 0), "LT": (150, 70, 70), "DE": (100, 0, 0), "SE": (10, 0, 0)}
    assert list(movers) == ["PL", "LT", "DE", "SE"]


def test_a_projection_is_told_in_two_digits() -> None:
    for n, told in ((0, 0), (7.4, 7), (99, 99), (123, 120), (12_345, 12_000), (987_654, 990_000), (-3, 0)):
        assert progress.round_to_two_digits(n) == told
