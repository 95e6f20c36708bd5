"""A freeze for the press: nothing that is published moves, and what comes after it tells no more than without it."""

import asyncio
from datetime import UTC, datetime

import pytest

from petition.core import clock
from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.tally import freeze, releases, removals, tally
from petition.tally.freeze import FROZEN
from petition.tally.tally import Snapshot
from tests.conftest import Clock
from tests.switching import turn
from tests.tally.publishing import change, disagreements, get_history, published, rows, start_production

HOUR = 3600


@pytest.fixture
async def opened(database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A campaign of Sunday midday with 1,100 signatures from Poland, whose first release has come."""
    monkeypatch.setattr("secrets.choice", min)
    await start_production(database)
    await change(database, "PL", 1100)
    time.advance(minutes=10)
    await published(database)
    time.moment = datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert (await published(database)).countries == {"PL": 1100}
    return database


async def _freeze(database: Database) -> None:
    async def job(c: Connection) -> None:
        assert await freeze.has_caught_up(c)
        assert await switches.change(c, await switches.get(c, switches.FIGURES), FROZEN, "marta", "a newspaper")
        await freeze.begin(c, (await releases.get_schedule(c)).country.regular)

    await database.write(job)


async def _thaw(database: Database) -> None:
    await turn(database, switches.FIGURES, "")


async def _may_freeze(database: Database) -> bool:
    async with database.reading() as c:
        return await freeze.has_caught_up(c)


async def test_a_frozen_figure_stays_and_catches_up_at_its_usual_time(opened: Database, time: Clock) -> None:
    await _freeze(opened)
    before = await published(opened), await get_history(opened)
    for _ in range(10):
        time.advance(hours=3)
        await change(opened, "PL", 30)
        await change(opened, "DE", 30)
        assert (await published(opened), await get_history(opened)) == before
        assert await disagreements(opened) == []
    await _thaw(opened)
    time.advance(minutes=1)
    assert await published(opened) == before[0], "not at the moment of the press"
    assert await disagreements(opened) == []
    time.advance(hours=5, minutes=58)
    assert await published(opened) == before[0]
    time.advance(minutes=1)
    after = await published(opened)
    assert after == Snapshot(time.moment, 1700, {"DE": 300, "PL": 1400}, 0), "all of them together"
    assert await disagreements(opened) == []
    frozen_days = [n for day, country, n in (await get_history(opened)).days if country == "PL"]
    assert frozen_days == [1100, 1100], "the history goes on with the frozen figure"


async def test_it_ends_by_itself_and_withdrawals_are_taken_off_then(opened: Database, time: Clock) -> None:
    """Frozen on Sunday, over the Monday on which withdrawals would have been taken off."""
    await _freeze(opened)
    await change(opened, "PL", -200)
    time.advance(hours=71, minutes=59)
    assert (await published(opened)).confirmed == 1100
    time.advance(hours=6, minutes=1)
    after = await published(opened)
    assert (after.confirmed, after.countries) == (900, {"PL": 900})
    assert (await get_history(opened)).withdrawn == (("2026-11-26", 200),)
    assert await disagreements(opened) == []


async def test_there_is_no_second_freeze_before_all_figures_have_caught_up(opened: Database, time: Clock) -> None:
    await _freeze(opened)
    time.advance(hours=72)
    assert not await _may_freeze(opened), "it has ended, but nothing was released yet"
    time.advance(hours=5, minutes=59)
    await published(opened)
    assert not await _may_freeze(opened)
    time.advance(minutes=1)
    await published(opened)
    assert await _may_freeze(opened)


async def test_a_freeze_never_makes_a_window_shorter(opened: Database, time: Clock) -> None:
    """Somebody who subtracts the figures before and after a freeze has the growth of the whole freeze, and no less."""
    await change(opened, "ZZ", 1200)
    time.advance(hours=2)
    await published(opened)  # from here on every ten minutes, while a hundred come
    time.advance(minutes=1)
    await _freeze(opened)
    await change(opened, "ZZ", 5000)
    time.advance(minutes=10)
    await _thaw(opened)
    assert [f"{moment:%H:%M}" for moment in await _moves(opened, time, 30)] == ["00:01"]
    assert await disagreements(opened) == []


async def _moves(database: Database, time: Clock, steps: int) -> list[datetime]:
    """When the total is seen to move by somebody who looks every ten minutes, while as often somebody signs."""
    moments, before = [], (await published(database)).confirmed
    for _ in range(steps):
        time.advance(minutes=10)
        await change(database, "ZZ", 10)
        if (after := (await published(database)).confirmed) != before:
            moments.append(time.moment)
            before = after
    return moments


async def test_who_turns_the_switch_does_not_choose_when_figures_move(opened: Database, time: Clock) -> None:
    """An admin who freezes and unfreezes at moments of their own sees figures of the usual times, some are missing."""
    moments: list[datetime] = []
    for minutes, steps in ((7, 10), (14, 1)):
        time.advance(minutes=minutes)
        await _freeze(opened)
        moments += await _moves(opened, time, steps)
        await _thaw(opened)
        moments += await _moves(opened, time, 45)
        assert await disagreements(opened) == []
    assert len(moments) > 4
    assert {moment.hour % 2 for moment in moments} == {0}
    assert max(moment.minute for moment in moments) < 10


async def test_what_grew_in_days_opens_no_short_window(opened: Database, time: Clock) -> None:
    await _freeze(opened)
    time.advance(hours=30)
    await change(opened, "PL", 9000)
    await _thaw(opened)
    time.advance(hours=6)
    assert (await published(opened)).confirmed == 10100
    for _ in range(11):
        time.advance(minutes=10)
        await change(opened, "PL", 200)
        assert (await published(opened)).confirmed == 10100
    time.advance(minutes=10)
    assert (await published(opened)).confirmed == 12300
    assert await disagreements(opened) == []


async def test_what_was_set_aside_meanwhile_is_taken_off_and_published(opened: Database, time: Clock) -> None:
    async def set_aside(c: Connection) -> None:
        await tally.apply_changes(c, [removals.set_aside("PL", "throw-away")] * 40)

    await _freeze(opened)
    time.advance(hours=8)
    await opened.write(set_aside)
    time.advance(hours=17)
    assert (await published(opened)).countries == {"PL": 1100}
    assert await disagreements(opened) == []
    await _thaw(opened)
    time.advance(hours=5)
    assert (await published(opened)) == Snapshot(time.moment, 1060, {"PL": 1060}, 0)
    assert await disagreements(opened) == []


async def test_it_is_said_when_the_figures_come_next(opened: Database, time: Clock) -> None:
    async def hours() -> list[int]:
        async with opened.reading() as c:
            return [((moment or 0) - clock.epoch()) // HOUR for moment in await releases.next_releases(c)]

    assert await hours() == [2, 6]
    time.advance(hours=1)
    await _freeze(opened)
    assert await hours() == [77, 77], "at the first common time after 72 hours"
    await _thaw(opened)
    assert await hours() == [5, 5]


async def test_a_freeze_of_a_clock_that_was_ahead_is_none(opened: Database, time: Clock) -> None:
    time.advance(days=30)
    await _freeze(opened)
    time.advance(days=-30)
    await change(opened, "PL", 100)
    time.advance(hours=6)
    assert (await published(opened)).confirmed == 1200


async def test_of_a_freeze_and_a_release_at_once_one_waits(opened: Database, time: Clock) -> None:
    """Whichever comes first: what is published while figures are frozen does not move."""
    await change(opened, "PL", 100)
    time.advance(hours=2)
    await asyncio.gather(releases.release_due(opened), _freeze(opened), releases.release_due(opened))
    before = await published(opened)
    assert before.confirmed in (1100, 1200)
    time.advance(hours=12)
    await asyncio.gather(*[releases.release_due(opened) for _ in range(3)])
    assert await published(opened) == before
    assert await disagreements(opened) == []
    assert {int(row["window_seconds"]) for row in await rows(opened, "select * from figures")} == {6 * HOUR}
