"""The published figures: in tens, at most once a minute, and the history of hours that are over."""

from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.database.database import Database
from petition.tally import history, rounding, tally
from petition.tally.tally import Snapshot
from tests.conftest import Clock

COUNTS = st.dictionaries(st.sampled_from(["PL", "LT", "MT", "DE", "XK", "ZZ"]), st.integers(0, 40) | st.integers(0))
many = examples(max_examples=200, deadline=None)


@many
@given(COUNTS)
def test_the_sum_always_agrees(counts: dict[str, int]) -> None:
    confirmed, countries, other = rounding.round_counts(counts)
    assert confirmed == sum(countries.values()) + other


@many
@given(COUNTS)
def test_every_figure_is_in_tens_and_none_is_above_the_truth(counts: dict[str, int]) -> None:
    confirmed, countries, other = rounding.round_counts(counts)
    assert not [n for n in (confirmed, other, *countries.values()) if n % 10 or n < 0]
    assert 0 <= sum(counts.values()) - confirmed < 10
    assert all(0 <= counts[country] - n < 10 for country, n in countries.items())


@many
@given(COUNTS)
def test_a_country_is_published_from_ten_on_and_the_unsaid_never(counts: dict[str, int]) -> None:
    _, countries, _ = rounding.round_counts(counts)
    assert set(countries) == {country for country, n in counts.items() if n >= 10 and country != "ZZ"}


@many
@given(COUNTS, st.sampled_from(["PL", "ZZ"]))
def test_one_signature_moves_the_total_by_a_whole_ten_or_not_at_all(counts: dict[str, int], country: str) -> None:
    more = counts | {country: counts.get(country, 0) + 1}
    assert rounding.round_counts(more)[0] - rounding.round_counts(counts)[0] in (0, 10)


def test_nothing_is_nothing() -> None:
    assert rounding.round_counts({}) == (0, {}, 0)


def test_what_is_left_over_is_in_other() -> None:
    assert rounding.round_counts({"PL": 19, "LT": 9, "ZZ": 30}) == (50, {"PL": 10}, 40)


@pytest.fixture
async def counted(database: Database, time: Clock) -> Database:
    """Twelve signatures from Poland at midday, nothing published yet."""
    await _change(database, "PL", 12)
    return database


async def _change(database: Database, country: str, n: int) -> None:
    reason = "confirmed" if n > 0 else "withdrawn"
    await database.write(partial(tally.apply_changes, changes=[tally.Change(country, reason, n)]))


async def _published(database: Database) -> Snapshot:
    async with database.reading() as c:
        return await tally.get_snapshot(c)


async def _history(database: Database) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]]]:
    async with database.reading() as c:
        return await history.get_history(c)


async def test_a_snapshot_says_when_it_was_made(counted: Database) -> None:
    assert await counted.write(tally.take_snapshot)
    moment = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert await _published(counted) == Snapshot(moment, 10, {"PL": 10}, 0)


async def test_before_the_first_snapshot_nothing_is_published(counted: Database) -> None:
    snapshot = await _published(counted)
    assert (snapshot.confirmed, snapshot.countries, snapshot.other) == (0, {}, 0)


async def test_a_snapshot_is_made_once_a_minute_at_most(counted: Database, time: Clock) -> None:
    assert await counted.write(tally.take_snapshot)
    await _change(counted, "PL", 100)
    time.advance(seconds=59)
    assert not await counted.write(tally.take_snapshot)
    assert (await _published(counted)).confirmed == 10
    time.advance(seconds=1)
    assert await counted.write(tally.take_snapshot)
    assert (await _published(counted)).confirmed == 110


async def test_exact_counts_leave_out_who_is_gone(counted: Database) -> None:
    for n in (3, -3):
        await _change(counted, "LT", n)
    async with counted.reading() as c:
        assert await tally.exact_counts(c) == {"PL": 12}


async def test_an_hour_is_history_once_it_is_over_and_the_slowest_commit_too(counted: Database, time: Clock) -> None:
    await counted.write(tally.take_snapshot)
    time.advance(minutes=64, seconds=59)
    await counted.write(tally.take_snapshot)
    assert (await _history(counted))[0] == []
    time.advance(minutes=1)  # 13:05:59
    await counted.write(tally.take_snapshot)
    assert (await _history(counted))[0] == [("2026-11-22T12Z", 10)]


async def test_a_day_is_history_once_it_is_over(counted: Database, time: Clock) -> None:
    time.advance(hours=12, minutes=4)
    await counted.write(tally.take_snapshot)
    assert (await _history(counted))[1] == []
    time.advance(minutes=1)
    await counted.write(tally.take_snapshot)
    assert (await _history(counted))[1] == [("2026-11-22", "PL", 10)]


async def test_only_hours_and_days_in_which_a_figure_moved_are_history(counted: Database, time: Clock) -> None:
    for n in (3, 4, 1, 5):  # 15, 19, 20, 25
        time.advance(days=1)
        await _change(counted, "PL", n)
    time.advance(days=2)
    await counted.write(tally.take_snapshot)
    hours, days = await _history(counted)
    assert hours == [("2026-11-22T12Z", 10), ("2026-11-25T12Z", 20)]
    assert days == [("2026-11-22", "PL", 10), ("2026-11-25", "PL", 20)]


async def test_a_figure_that_falls_is_history_too(counted: Database, time: Clock) -> None:
    time.advance(days=1)
    await _change(counted, "PL", -3)
    time.advance(days=1)
    await counted.write(tally.take_snapshot)
    hours, days = await _history(counted)
    assert hours[-1] == ("2026-11-23T12Z", 0)
    assert days[-1] == ("2026-11-23", "PL", 0)


async def test_the_unsaid_is_in_the_total_of_the_history_only(counted: Database, time: Clock) -> None:
    await _change(counted, "ZZ", 40)
    await _change(counted, "LT", 9)
    time.advance(days=2)
    await counted.write(tally.take_snapshot)
    hours, days = await _history(counted)
    assert hours == [("2026-11-22T12Z", 60)]
    assert [country for _, country, _ in days] == ["PL"]


async def test_history_is_the_same_however_often_it_was_published(counted: Database, time: Clock) -> None:
    """Published every half hour, the history equals the journal: 12 on one day, 10 more on each of two."""
    for step in range(96):
        if step in (30, 70):
            await _change(counted, "PL", 10)
        await counted.write(tally.take_snapshot)
        time.advance(minutes=30)
    time.advance(days=1)
    await counted.write(tally.take_snapshot)
    hours, days = await _history(counted)
    assert hours == [("2026-11-22T12Z", 10), ("2026-11-23T03Z", 20), ("2026-11-23T23Z", 30)]
    assert days == [("2026-11-22", "PL", 10), ("2026-11-23", "PL", 30)]


async def test_the_last_day_is_the_net_change(counted: Database, time: Clock) -> None:
    time.advance(hours=23)
    await _change(counted, "LT", 5)
    await _change(counted, "LT", -2)
    async with counted.reading() as c:
        assert await history.last_day_change(c) == 15
    time.advance(hours=1)
    async with counted.reading() as c:
        assert await history.last_day_change(c) == 3
