"""The rules of publishing: in tens, at most 19 below the count, at times that come from published figures alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.clock import DAY, HOUR
from petition.tally import schedule
from petition.tally.schedule import DEMO, PRODUCTION

many = examples(max_examples=300, deadline=None)
COUNTED, REMAINDER = st.integers(0, 100_000), st.integers(0, 9)


@many
@given(COUNTED, REMAINDER)
def test_a_rounded_count_is_in_tens_and_at_most_18_below(counted: int, remainder: int) -> None:
    figure = schedule.round_off(counted, remainder)
    assert figure % 10 == 0
    assert 0 <= counted - figure <= 18


@many
@given(st.lists(st.tuples(st.integers(0, 40), REMAINDER), max_size=30))
def test_a_figure_only_rises_and_stays_at_most_18_below(steps: list[tuple[int, int]]) -> None:
    """The remainder is drawn again after each move."""
    figure = counted = remainder = 0
    for more, fresh in steps:
        counted += more
        before, figure = figure, schedule.released_figure(figure, counted, remainder, falls=False)
        assert before <= figure <= counted <= figure + 18
        remainder = fresh if figure != before else remainder


@many
@given(COUNTED, COUNTED, REMAINDER)
def test_a_figure_falls_on_a_monday_only_and_if_it_is_above_the_count(old: int, counted: int, remainder: int) -> None:
    old = old // 10 * 10
    assert schedule.released_figure(old, counted, remainder, falls=False) >= old
    new = schedule.released_figure(old, counted, remainder, falls=True)
    assert (new < old) == (old > counted)
    assert new <= max(counted, 0)


def test_the_week_begins_on_monday_at_midnight() -> None:
    for day in range(30, 37):
        moment = int(datetime(2026, 11, 30, tzinfo=UTC).timestamp()) + (day - 30) * DAY + 5 * HOUR
        assert datetime.fromtimestamp(schedule.last_monday(moment), UTC) == datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last_window", "grew_in_last", "grew_in_regular", "window"),
    [
        (2 * HOUR, 1200, 1200, 600),
        (2 * HOUR, 1190, 1190, 2 * HOUR),
        (600, 100, 5000, 600),
        (600, 90, 5000, 2 * HOUR),
        (600, 100, 0, 600),
        (70 * 60, 500, 1200, 600),
    ],
)
def test_only_published_growth_shortens_the_next_window(
    last_window: int, grew_in_last: int, grew_in_regular: int, window: int
) -> None:
    assert PRODUCTION.total.next_window(last_window, grew_in_last, grew_in_regular) == window


def test_every_window_ends_at_midnight_too() -> None:
    for plan in (PRODUCTION, DEMO):
        for windows in (plan.total, plan.country):
            assert (DAY % windows.regular, DAY % windows.short, windows.regular % windows.short) == (0, 0, 0)
    assert PRODUCTION.country.regular % PRODUCTION.total.regular == 0
