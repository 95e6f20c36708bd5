"""Releases as a production server makes them: when, of what, and what rivals, late servers and wrong clocks do."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import asyncpg
import pytest

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.settings import Settings
from petition.tally import releases, schedule, tally
from petition.tally.tally import Change, Snapshot
from tests.conftest import Clock, Visitor
from tests.tally.publishing import change, disagreements, get_history, published, rows, start_production

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture
async def opened(database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A campaign of Sunday midday with 1,100 signatures from Poland, whose first release has come."""
    monkeypatch.setattr("secrets.choice", min)
    await start_production(database)
    await change(database, "PL", 1100)
    time.advance(minutes=10)
    assert (await published(database)).confirmed == 1100
    return database


async def _at(database: Database, time: Clock, moment: str) -> Snapshot:
    time.moment = datetime.fromisoformat(f"{moment}Z")
    return await published(database)


async def test_before_the_first_release_nothing_is_published(database: Database, time: Clock) -> None:
    await start_production(database)
    await change(database, "PL", 499)
    for _ in range(11):
        time.advance(minutes=10)
        snapshot = await published(database)
        assert (snapshot.confirmed, snapshot.countries, snapshot.other) == (0, {}, 0)
    assert await rows(database, "select * from releases") == []
    assert await disagreements(database) == []


async def test_the_first_release_comes_after_two_hours_at_the_latest(database: Database, time: Clock) -> None:
    await start_production(database)
    await change(database, "PL", 37)
    time.advance(hours=1, minutes=59)
    assert (await published(database)).confirmed == 0
    time.advance(minutes=1)
    assert await published(database) == Snapshot(time.moment, 30, {}, 30)
    assert await disagreements(database) == []


@pytest.mark.parametrize(("drawn", "counted"), [(500, 500), (1500, 1500)])
async def test_the_first_release_comes_at_a_secret_count(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch, drawn: int, counted: int
) -> None:
    monkeypatch.setattr("secrets.choice", lambda counts: {counts[0]: counts[0], counts[-1]: counts[-1]}[drawn])
    await start_production(database)
    await change(database, "PL", counted - 1)
    time.advance(minutes=10)
    assert (await published(database)).confirmed == 0
    await change(database, "PL", 1)
    assert (await published(database)).confirmed == 0, "not at the moment of that signature"
    time.advance(minutes=10)
    assert (await published(database)).confirmed == counted


async def test_the_total_comes_every_two_hours_and_countries_every_six(opened: Database, time: Clock) -> None:
    moved = []
    await _at(opened, time, "2026-11-22T18:00:00")
    for _ in range(24 * 6):
        time.advance(minutes=10)
        await change(opened, "PL", 1)
        before = await published(opened)
        moved.append((f"{time.moment:%H:%M}", before.confirmed, before.countries["PL"]))
    times = [{of[0] for of, last in zip(moved[1:], moved, strict=False) if of[k] != last[k]} for k in (1, 2)]
    assert times[0] <= {f"{hour:02}:00" for hour in range(0, 24, 2)}
    assert len(times[0]) == 12
    assert times[1] <= {"00:00", "06:00", "12:00", "18:00"}
    assert await disagreements(opened) == []


async def test_inside_a_window_nothing_moves_whatever_happens(opened: Database, time: Clock) -> None:
    before = await _at(opened, time, "2026-11-22T14:00:00")
    for minutes in range(119):
        time.advance(minutes=1)
        await change(opened, "PL", 50 if minutes % 2 else -20)
        await change(opened, f"A{'ABCDEFG'[minutes % 7]}", 3)
        assert await published(opened) == before


async def test_published_growth_shortens_the_next_window_and_little_growth_ends_it(
    opened: Database, time: Clock
) -> None:
    await _at(opened, time, "2026-11-22T14:00:00")
    await change(opened, "ZZ", 1200)
    assert (await _at(opened, time, "2026-11-22T15:59:59")).confirmed == 1100, "only what is published counts"
    assert (await _at(opened, time, "2026-11-22T16:00:00")).confirmed == 2300
    await change(opened, "ZZ", 100)
    assert (await _at(opened, time, "2026-11-22T16:09:59")).confirmed == 2300
    assert (await _at(opened, time, "2026-11-22T16:10:00")).confirmed == 2400
    await change(opened, "ZZ", 99)
    assert (await _at(opened, time, "2026-11-22T16:20:00")).confirmed == 2490
    await change(opened, "ZZ", 500)
    assert (await _at(opened, time, "2026-11-22T16:30:00")).confirmed == 2490
    assert (await _at(opened, time, "2026-11-22T18:00:00")).confirmed == 2990
    assert await disagreements(opened) == []


async def test_a_country_with_short_windows_raises_the_total_to_the_sum_of_the_countries(
    opened: Database, time: Clock
) -> None:
    await change(opened, "PL", 3000)
    await _at(opened, time, "2026-11-22T16:00:00")
    for minute in range(10, 60, 10):  # until the short windows of the total end
        await _at(opened, time, f"2026-11-22T16:{minute}:00")
    await _at(opened, time, "2026-11-22T18:00:00")
    await change(opened, "PL", 100)
    snapshot = await _at(opened, time, "2026-11-22T18:10:00")
    assert snapshot.countries["PL"] == 4200
    assert snapshot.confirmed == 4200
    assert snapshot.other == 0
    assert await disagreements(opened) == []


async def test_withdrawals_are_taken_off_on_mondays_only(opened: Database, time: Clock) -> None:
    await _at(opened, time, "2026-11-24T00:00:00")
    await change(opened, "PL", -25)
    for day in range(24, 30):
        for hour in range(0, 24, 2):
            assert (await _at(opened, time, f"2026-11-{day}T{hour:02}:00:00")).confirmed == 1100
    assert (await _at(opened, time, "2026-11-29T23:59:59")).countries == {"PL": 1100}
    snapshot = await _at(opened, time, "2026-11-30T00:00:00")
    assert (snapshot.confirmed, snapshot.countries) == (1070, {"PL": 1070})
    assert (await get_history(opened)).withdrawn == (("2026-11-24", 0), ("2026-11-30", 20)), "once a week"
    assert await disagreements(opened) == []


async def test_whoever_withdraws_and_signs_again_moves_nothing_down(opened: Database, time: Clock) -> None:
    await _at(opened, time, "2026-11-24T00:00:00")
    await change(opened, "PL", -30)
    await change(opened, "PL", 30)
    assert (await _at(opened, time, "2026-11-24T06:00:00")).countries == {"PL": 1130}
    assert (await _at(opened, time, "2026-11-30T00:00:00")).countries == {"PL": 1100}
    assert await disagreements(opened) == []


async def test_a_midnight_has_exactly_the_days_before_it_even_if_it_is_late(opened: Database, time: Clock) -> None:
    await _at(opened, time, "2026-11-22T22:00:00")
    await change(opened, "LT", 40)
    time.moment = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    await change(opened, "LT", 100)
    snapshot = await _at(opened, time, "2026-11-23T01:40:00")
    assert snapshot.countries == {"PL": 1100, "LT": 40}
    assert snapshot.confirmed == 1140
    assert snapshot.as_of == datetime(2026, 11, 23, tzinfo=UTC)
    assert await disagreements(opened) == []


async def test_what_comes_for_a_day_that_was_released_counts_for_the_next(opened: Database, time: Clock) -> None:
    """A transaction that took its day before midnight and commits after the release; a server whose clock is slow."""
    await _at(opened, time, "2026-11-23T00:00:00")
    time.advance(seconds=-2)
    await change(opened, "LT", 40)
    assert await rows(opened, "select day, n from journal where country = 'LT'") == [{"day": "2026-11-23", "n": 40}]
    await _at(opened, time, "2026-11-24T00:00:00")
    assert await disagreements(opened) == []


async def test_a_midnight_waits_for_whoever_still_writes(postgresql_settings: Settings, time: Clock) -> None:
    async with open_database(postgresql_settings.database_url) as database:
        await start_production(database)
        await change(database, "PL", 1100)
        time.moment = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
        await published(database)
        other = await asyncpg.connect(postgresql_settings.database_url)
        begun = other.transaction()
        await begun.start()
        await other.execute("insert into journal values ('PL', '2026-11-22', 'confirmed', 50)")
        time.advance(seconds=1)
        release = asyncio.create_task(published(database))
        await asyncio.sleep(0.3)
        assert not release.done()
        await begun.commit()
        assert (await release).confirmed == 1150
        await other.close()
        assert await disagreements(database) == []


async def test_a_server_that_was_down_makes_one_release_of_those_it_missed(opened: Database, time: Clock) -> None:
    await _at(opened, time, "2026-11-22T14:00:00")
    await change(opened, "PL", 100)
    before = len(await rows(opened, "select * from releases where name = 'total'"))
    snapshot = await _at(opened, time, "2026-11-22T21:17:00")
    assert (snapshot.confirmed, snapshot.countries) == (1200, {"PL": 1200})
    assert snapshot.as_of == datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert len(await rows(opened, "select * from releases where name = 'total'")) == before + 1
    assert await disagreements(opened) == []


async def test_of_rivals_one_makes_the_release(database_url: str, time: Clock) -> None:
    async with open_database(database_url) as one, open_database(database_url) as other:
        await start_production(one)
        await change(one, "PL", 1100)
        for moment in (datetime(2026, 11, 22, 14, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)):
            time.moment = moment
            await asyncio.gather(*[releases.release_due(database) for database in (one, other) * 4])
            at = f"released_at = {clock.epoch()}"
            assert len(await rows(one, f"select * from releases where name = 'total' and {at}")) == 1
        assert await disagreements(one) == []


async def test_a_clock_that_was_ahead_stops_no_release_and_no_figure_falls(opened: Database, time: Clock) -> None:
    time.moment = datetime(2027, 1, 4, 3, 0, tzinfo=UTC)
    await change(opened, "PL", 200)
    assert (await published(opened)).confirmed == 1300
    time.moment = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert (await published(opened)).confirmed == 1300
    assert await disagreements(opened) == []
    await change(opened, "PL", 100)
    assert (await published(opened)).confirmed == 1300
    assert (await _at(opened, time, "2026-11-22T14:00:00")).confirmed == 1400
    for day in range(23, 31):
        for hour in range(0, 24, 6):
            await change(opened, "PL", 10)
            snapshot = await _at(opened, time, f"2026-11-{day}T{hour:02}:00:00")
            assert snapshot.as_of == time.moment
            assert snapshot.confirmed >= 1400
            assert await disagreements(opened) == []


async def test_a_clock_that_is_a_little_behind_releases_nothing_again(opened: Database, time: Clock) -> None:
    before = await _at(opened, time, "2026-11-22T14:00:00")
    time.advance(minutes=-1)
    await change(opened, "PL", 500)
    assert await published(opened) == before
    assert (await _at(opened, time, "2026-11-22T16:00:00")).confirmed == 1600


async def test_the_unsaid_is_in_the_total_only(opened: Database, time: Clock) -> None:
    await change(opened, "ZZ", 400)
    await change(opened, "LT", 9)
    snapshot = await _at(opened, time, "2026-11-23T00:00:00")
    assert (snapshot.confirmed, snapshot.countries, snapshot.other) == (1500, {"PL": 1100}, 400)


@pytest.mark.secret_remainder
def test_more_than_what_is_published_have_signed() -> None:
    """The lead says "more than": true at each release, whatever number was drawn."""
    drawn = {releases.draw_remainder() for _ in range(1000)}
    assert drawn == set(range(1, 11))
    assert all(schedule.round_off(n, remainder) < n for n in range(1, 200) for remainder in drawn)


@pytest.mark.secret_remainder
async def test_each_figure_has_its_own_secret_remainder_drawn_again_after_a_move(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([1, 10, 1, 10, 10, *[5] * 100])
    monkeypatch.setattr(releases, "draw_remainder", lambda: next(drawn))
    await start_production(database)
    await change(database, "PL", 1500)
    for name in ("AT", "BE"):
        await change(database, name, 18)
    time.moment = datetime(2026, 11, 22, 18, tzinfo=UTC)
    await published(database)
    await published(database)
    for row in await rows(database, "select name, figure, remainder from figures"):
        assert 1 <= row["remainder"] <= 10
    before = {row["name"]: row for row in await rows(database, "select * from figures")}
    time.advance(hours=6)
    await published(database)
    for row in await rows(database, "select * from figures"):
        if row["figure"] == before[row["name"]]["figure"]:
            assert row["remainder"] == before[row["name"]]["remainder"]
    assert await disagreements(database) == []


async def test_a_replacement_in_the_same_country_leaves_no_trace(database: Database, time: Clock) -> None:
    from petition.signing.signatures import _changes

    old, new = [{"mailbox": "a", "country": "PL", "set_aside": 0}], [{"mailbox": "a", "country": "PL"}]
    assert _changes(old, new) == []
    assert _changes(old, [{"mailbox": "a", "country": "DE"}]) == [
        Change("PL", "replaced", -1),
        Change("DE", "confirmed", 1),
    ]
    assert _changes(old, []) == [Change("PL", "replaced", -1)]


async def test_whoever_signs_again_in_the_same_country_leaves_no_entry(visitor: Visitor, time: Clock) -> None:
    for country, entries in (("PL", 1), ("PL", 1), ("DE", 3), ("DE", 3)):
        await visitor.confirmed("anna@example.net", country)
        assert len(await rows(visitor.site.database, "select * from journal")) == entries
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.journal") == [{"country": "DE", "n": 1}]


async def test_a_demo_releases_every_minute(database: Database, time: Clock) -> None:
    await change(database, "PL", 12)
    assert await published(database) == Snapshot(time.moment, 10, {"PL": 10}, 0)
    await change(database, "PL", 100)
    time.advance(seconds=59)
    assert (await published(database)).confirmed == 10
    time.advance(seconds=1)
    assert (await published(database)).confirmed == 110


async def test_a_change_and_its_entry_are_one(database: Database) -> None:
    async def half(c: Connection) -> None:
        await tally.apply_changes(c, [Change("PL", "confirmed", 1)])
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (its own)
        await database.write(half)
    assert await rows(database, "select * from journal") == []
    await database.write(partial(tally.apply_changes, changes=[]))
