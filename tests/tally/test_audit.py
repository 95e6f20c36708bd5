"""The audit notices every changed number, one by one, and nothing else."""

from datetime import timedelta
from functools import partial

import pytest

from petition.commands import demo_data
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.retention import close
from petition.site import Site
from petition.tally import audit, history, tally
from tests.conftest import Clock, Visitor


@pytest.fixture
async def counted(database: Database, time: Clock) -> Database:
    """About forty signatures over some days, published, with history."""
    await demo_data.fill_database(database, 400)
    time.advance(hours=2)
    await database.write(_named)
    await database.write(tally.take_snapshot)
    return database


async def _named(c: Connection) -> None:
    await c.execute("update signatures set named = 1, updates = 1 where country = 'PL'")
    named = "from signatures where named = 1"
    await c.execute(f"insert into names (mailbox, name, state) select mailbox, 'x', 'new' {named}")
    await c.execute(f"insert into contacts (mailbox, sealed, unsubscribe_hash) select mailbox, 'x', mailbox {named}")


async def _found(database: Database) -> list[str]:
    async with database.reading() as c:
        return await audit.find_disagreements(c)


async def test_honest_numbers_agree(counted: Database) -> None:
    assert await _found(counted) == []


FALSE = {
    "a signature taken away": "delete from signatures where mailbox = "
    "(select min(mailbox) from signatures where country <> 'PL')",
    "a signature moved to another country": "update signatures set country = 'AX' where mailbox = "
    "(select min(mailbox) from signatures)",
    "the tally of a country": "update tally set confirmed = confirmed + 1 where country = 'PL'",
    "a country made up": "insert into tally (country, confirmed, changes) values ('AX', 3, 0)",
    "the number of changes": "update tally set changes = changes + 1 where country = 'PL'",
    "an entry in the journal": "insert into journal (country, day, reason, n) "
    "values ('PL', '2026-11-01', 'confirmed', 1)",
    "an entry in the journal of hours": "insert into journal_hours (hour, n) values ('2026-11-01T10Z', 1)",
    "the published total": "update snapshot set confirmed = confirmed + 10, other = other + 10",
    "the published rest": "update snapshot set other = other + 10",
    "a published country": "update snapshot set countries = replace(countries, '\"PL\": ', '\"PL\": 1')",
    "an hour of the history": "update history_hours set confirmed = confirmed + 10 where hour = "
    "(select max(hour) from history_hours)",
    "an hour left out": "delete from history_hours where hour = (select max(hour) from history_hours)",
    "an hour made up": "insert into history_hours (hour, confirmed) values ('2026-01-01T10Z', 10)",
    "a day of the history": "update history_days set confirmed = confirmed - 10 where day = "
    "(select max(day) from history_days where country = 'PL') and country = 'PL'",
    "a day left out": "delete from history_days where day = (select max(day) from history_days)",
    "a name too many": "insert into names (mailbox, name, state) "
    "select mailbox, 'y', 'new' from signatures where country = 'DE'",
    "a contact lost": "delete from contacts",
}


@pytest.mark.parametrize("what", FALSE)
async def test_a_false_number_is_found(counted: Database, what: str) -> None:
    async def falsify(c: Connection) -> None:
        await c.execute(FALSE[what])

    await counted.write(falsify)
    assert await _found(counted) != []


async def test_a_snapshot_cannot_excuse_itself(counted: Database, visitor: Visitor, time: Clock) -> None:
    await visitor.confirmed("anna@example.net")
    assert await _found(counted) == []

    async def falsify(c: Connection) -> None:
        await c.execute("update snapshot set confirmed = confirmed + 50, other = other + 50, changes = changes - 100")

    await counted.write(falsify)
    assert await _found(counted) != []


async def test_a_snapshot_that_is_never_renewed_is_found(counted: Database, time: Clock) -> None:
    time.advance(hours=5)
    await counted.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", 1)]))
    messages = [s for s in await _found(counted) if "signatures" not in s]
    assert messages == ["The published numbers were not renewed although the counts moved."]


async def test_what_a_clock_wrote_that_was_ahead_is_not_later_than_now(counted: Database, time: Clock) -> None:
    time.advance(hours=5)
    await counted.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", 1)]))
    time.advance(hours=-4)
    await counted.write(tally.take_snapshot)
    assert [s for s in await _found(counted) if "signatures" not in s] == []


async def test_a_clock_that_was_just_set_back_is_no_disagreement(counted: Database, time: Clock) -> None:
    time.advance(hours=30)
    await counted.write(tally.take_snapshot)
    time.advance(hours=-35)
    await counted.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", 90)]))
    assert [s for s in await _found(counted) if "history" in s] == []


async def test_a_snapshot_of_a_clock_gone_wrong_is_replaced(counted: Database, time: Clock) -> None:
    time.advance(days=30)
    await counted.write(tally.take_snapshot)
    time.advance(days=-30, minutes=2)
    await counted.write(tally.take_snapshot)
    async with counted.reading() as c:
        assert (await tally.get_snapshot(c)).as_of == time.moment


async def test_a_snapshot_may_lag_by_what_has_changed_since(visitor: Visitor, time: Clock) -> None:
    for n in range(12):
        await visitor.confirmed(f"someone{n}@example.net")
    assert await _found(visitor.site.database) == []
    time.advance(minutes=2)
    await visitor.site.take_snapshot()
    assert await _found(visitor.site.database) == []


async def test_history_agrees_after_a_clock_that_ran_ahead(time: Clock, site: Site) -> None:
    async def count(n: int) -> None:
        await site.database.write(partial(tally.apply_changes, changes=[tally.Change("PL", "confirmed", n)]))
        await site.take_snapshot()

    await count(20)
    time.advance(days=2)
    await count(20)
    time.advance(days=-2, hours=1)
    await count(30)
    time.advance(days=3)
    await count(10)
    async with site.database.reading() as c:
        assert [s for s in await audit.find_disagreements(c) if "signatures" not in s] == []
        assert len((await history.get_history(c))[0]) == 3


async def test_history_agrees_over_many_days(site: Site, time: Clock) -> None:
    for day in range(5):
        for country, n in (("PL", 7 + day), ("DE", 6), ("ZZ", 11)):
            await site.database.write(partial(tally.apply_changes, changes=[tally.Change(country, "confirmed", n)]))
        time.moment += timedelta(days=1, hours=day)
        await site.take_snapshot()
    async with site.database.reading() as c:
        hours, days = await history.get_history(c)
        messages = await audit.find_disagreements(c)
    assert len(hours) == 5
    assert {country for _, country, _ in days} == {"PL", "DE"}
    assert [sentence for sentence in messages if "signatures" not in sentence] == []


async def test_after_closing_the_journal_is_what_is_counted(counted: Database, site: Site) -> None:
    await close.close_signing(site.database, site.server_keys, None)
    assert await _found(counted) == []
    async with counted.reading() as c:
        assert await c.all("audit.signatures") == []
