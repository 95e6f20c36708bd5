"""The audit notices every changed number, one by one, and nothing else."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from petition.commands import demo_data
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.retention import close
from petition.site import Site
from petition.tally import audit, releases, tally
from tests.conftest import Clock, Visitor
from tests.tally.publishing import change, disagreements, published, start_production


@pytest.fixture
async def counted(database: Database, time: Clock) -> Database:
    """Four hundred signatures over a month, published, with history."""
    await demo_data.fill_database(database, 400)
    time.advance(hours=2)
    await database.write(_named)
    await releases.release_due(database)
    return database


async def _named(c: Connection) -> None:
    await c.execute("update signatures set named = 1, updates = 1 where country = 'PL'")
    named = "from signatures where named = 1"
    await c.execute(f"insert into names (mailbox, name, state) select mailbox, 'x', 'new' {named}")
    await c.execute(f"insert into contacts (mailbox, sealed, unsubscribe_hash) select mailbox, 'x', mailbox {named}")


async def _found(database: Database) -> list[str]:
    async with database.reading() as c:
        return await audit.find_disagreements(c)


async def _plant(database: Database, sql: str) -> None:
    await database.write(lambda c: c.execute(sql))


async def test_honest_numbers_agree(counted: Database) -> None:
    assert await _found(counted) == []


@pytest.mark.secret_remainder
async def test_honest_numbers_agree_with_secret_remainders(database: Database, time: Clock) -> None:
    await demo_data.fill_database(database, 4000)
    time.advance(hours=2)
    await releases.release_due(database)
    assert await _found(database) == []


FALSE = {
    "a signature taken away": "delete from signatures where mailbox = "
    "(select min(mailbox) from signatures where country <> 'PL')",
    "a signature moved to another country": "update signatures set country = 'AX' where mailbox = "
    "(select min(mailbox) from signatures)",
    "an entry in the journal": "insert into journal (country, day, reason, n) "
    "values ('PL', '2026-11-01', 'confirmed', 1)",
    "a name too many": "insert into names (mailbox, name, state) "
    "select mailbox, 'y', 'new' from signatures where country = 'DE'",
    "a contact lost": "delete from contacts",
}


@pytest.mark.parametrize("what", FALSE)
async def test_a_false_number_is_found(counted: Database, what: str) -> None:
    await _plant(counted, FALSE[what])
    assert await _found(counted) != []


@pytest.fixture
async def week(database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A production site from Sunday to the Tuesday nine days later, with withdrawals."""
    monkeypatch.setattr("secrets.choice", min)
    await start_production(database)
    for step in range(9 * 4):
        time.advance(hours=6)
        await change(database, "PL", 21)
        await change(database, "DE", 9)
        await change(database, "ZZ", 6)
        if step % 2 == 0:
            await change(database, "PL", -5)
        await published(database)
    assert await disagreements(database) == []
    return database


_LAST = "(select max(released_at) from releases where name = '{name}')"
_LAST_PL, _LAST_TOTAL = _LAST.format(name="PL"), _LAST.format(name="total")
_MIDNIGHT = int(datetime(2026, 11, 26, tzinfo=UTC).timestamp())
_MONDAY = int(datetime(2026, 11, 30, tzinfo=UTC).timestamp())
FALSE_RELEASES = {
    "the published total": "update figures set figure = figure + 10 where name = 'total'",
    "a published country": "update figures set figure = figure - 10 where name = 'PL'",
    "a country made up": "insert into figures values ('AX', 10, 0, 21600, 0)",
    "both of a country": f"update releases set figure = figure + 50 where name = 'PL' and released_at = {_LAST_PL}; "
    "update figures set figure = figure + 50 where name = 'PL'",
    "a total that is less than its countries": "update releases set figure = figure - 10 where name = 'total' "
    f"and released_at = {_MIDNIGHT}",
    "a midnight that is too high": "update releases set figure = figure + 20 where name = 'PL' "
    f"and released_at = {_MIDNIGHT}",
    "a midnight that is too low": "update releases set figure = figure - 20 where name = 'total' "
    f"and released_at = {_MIDNIGHT}",
    "a figure that is not in tens": "update releases set figure = figure - 1 where name = 'PL' "
    f"and released_at = {_MIDNIGHT}",
    "a figure that falls within a week": "update releases set figure = 0 where name = 'PL' "
    f"and released_at = {_MIDNIGHT + 6 * 3600}",
    "a release left out": f"delete from releases where name = 'total' and released_at = {_LAST_TOTAL}",
    "all releases of a country left out": "delete from releases where name = 'PL'; "
    "delete from figures where name = 'PL'",
    "a release inside a window of the total": "insert into releases "
    "select name, released_at + 600, figure from releases "
    f"where name = 'total' and released_at = {_MIDNIGHT}",
    "a release inside a window of a country": "insert into releases "
    "select name, released_at + 7200, figure from releases "
    f"where name = 'PL' and released_at = {_MIDNIGHT}",
    "what was withdrawn": "update releases set figure = figure + 10 where name = 'withdrawn' and figure > 0",
    "what was withdrawn left out": "delete from releases where name = 'withdrawn'",
    "what was withdrawn published early": f"insert into releases values ('withdrawn', {_MIDNIGHT}, 0)",
    "what was withdrawn without a total": f"insert into releases values ('withdrawn', {_MIDNIGHT + 60}, 0)",
    "withdrawals that were never taken off": f"update releases set figure = figure + 60 where name = 'PL' "
    f"and released_at >= {_MONDAY}; update figures set figure = figure + 60 where name = 'PL'",
    "the unsaid by country": "insert into figures values ('ZZ', 10, 0, 21600, 0)",
    "an entry of a day that is over": "insert into journal values ('PL', '2026-11-24', 'confirmed', 30)",
    "an entry taken off a day that is over": "insert into journal values ('PL', '2026-11-24', 'confirmed', -30)",
}


@pytest.mark.parametrize("what", FALSE_RELEASES)
async def test_a_false_release_is_found(week: Database, what: str) -> None:
    for statement in FALSE_RELEASES[what].split("; "):
        await _plant(week, statement)
    assert await disagreements(week) != []


async def test_figures_that_are_never_renewed_are_found(counted: Database, time: Clock) -> None:
    await change(counted, "PL", 20)
    time.advance(days=1)
    assert await disagreements(counted) == ["The published numbers were not renewed although the counts moved."]
    await releases.release_due(counted)
    assert await disagreements(counted) == []


async def test_a_clock_that_was_just_set_back_is_no_disagreement(counted: Database, time: Clock) -> None:
    time.advance(hours=30)
    await releases.release_due(counted)
    time.advance(hours=-35)
    await change(counted, "PL", 90)
    assert await disagreements(counted) == []
    await releases.release_due(counted)
    assert await disagreements(counted) == []


async def test_a_release_of_a_clock_gone_wrong_is_replaced(counted: Database, time: Clock) -> None:
    time.advance(days=30)
    await releases.release_due(counted)
    time.advance(days=-30, minutes=2)
    assert (await published(counted)).as_of == time.moment


async def test_figures_may_lag_by_what_has_changed_since(visitor: Visitor, time: Clock) -> None:
    for n in range(12):
        await visitor.confirmed(f"someone{n}@example.net")
    assert await _found(visitor.site.database) == []
    time.advance(minutes=2)
    await visitor.site.take_snapshot()
    assert await _found(visitor.site.database) == []


async def test_a_withdrawal_agrees_before_and_after_its_monday(visitor: Visitor, time: Clock) -> None:
    for n in range(12):
        await visitor.confirmed(f"someone{n}@example.net")
    await visitor.confirmed("someone0@example.net", "DE")
    await visitor.post("/en/manage", email="someone1@example.net")
    await visitor.post(await visitor.link("someone1@example.net", "manage"), action="withdraw")
    for _ in range(9):
        assert await _found(visitor.site.database) == []
        time.advance(days=1)
        await visitor.site.take_snapshot()
    assert await _found(visitor.site.database) == []


async def test_releases_agree_after_a_clock_that_ran_ahead(time: Clock, site: Site) -> None:
    async def count(n: int) -> None:
        await site.database.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", n)]))
        await site.take_snapshot()
        assert await disagreements(site.database) == []

    await count(20)
    time.advance(days=2)
    await count(20)
    time.advance(days=-2, hours=1)
    await count(30)
    time.advance(minutes=1)
    await count(10)
    time.advance(days=3)
    await count(10)


async def test_releases_agree_over_many_days(site: Site, time: Clock) -> None:
    for day in range(5):
        for country, n in (("PL", 7 + day), ("DE", 6), ("ZZ", 11)):
            await change(site.database, country, n)
        time.moment += timedelta(days=1, hours=day)
        await site.take_snapshot()
        assert await disagreements(site.database) == []


async def test_after_closing_the_journal_is_what_is_counted(counted: Database, site: Site) -> None:
    await close.close_signing(site.database, site.server_keys, None)
    assert await _found(counted) == []
    async with counted.reading() as c:
        assert await c.all("audit.signatures") == []
