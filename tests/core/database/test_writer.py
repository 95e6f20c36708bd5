"""The writer: the writes of one moment in one commit, each answered after it, each failing alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from petition.core.database import writer
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import Busy, DatabaseError
from tests.watched import Ledger, watched


def _noting(name: str) -> Callable[[Connection], Awaitable[str]]:
    async def job(c: Connection) -> str:
        await c.run("state.put", name=name, value="x")
        return name

    return job


async def _noted(database: Database) -> set[str]:
    async with database.reading() as c:
        rows = await c.execute("select name from site_state where name not in ('mode', 'schema')")
        return {row["name"] for row in rows}


async def _failing(c: Connection) -> None:
    await c.run("state.put", name="half", value="x")
    raise LookupError("by itself")


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """A writer that is watched."""
    async with watched(database) as found:
        yield found


async def test_each_gets_the_answer_to_its_own_job(database: Database) -> None:
    names = [f"n{n}" for n in range(100)]
    assert await asyncio.gather(*[database.write(_noting(name)) for name in names]) == names
    assert await _noted(database) == set(names)


async def test_the_acts_of_one_moment_share_one_commit(ledger: Ledger) -> None:
    assert await asyncio.gather(*[ledger.item(n) for n in range(5)]) == [0, 1, 2, 3, 4]
    assert ledger.asked == ["begin", "0", "1", "2", "3", "4", "commit"]
    await ledger.item(5)
    assert ledger.asked[-3:] == ["begin", "5", "commit"]
    assert ledger.connected == 1


async def test_a_batch_has_its_limit(ledger: Ledger) -> None:
    await asyncio.gather(*[ledger.item(n) for n in range(writer.MAX_BATCH + 1)])
    assert ledger.asked.count("commit") == 2


async def test_a_job_is_joined_with_nothing(ledger: Ledger) -> None:
    together = [ledger.job(1), ledger.item(2), ledger.job(3), ledger.item(4)]
    assert await asyncio.gather(*together) == [1, 2, 3, 4]
    assert ledger.asked == ["begin", "2", "4", "commit", "begin", "1", "commit", "begin", "3", "commit"]


async def test_nobody_is_answered_before_the_commit(database: Database, database_url: str) -> None:
    async def look(name: str) -> bool:
        await database.write(_noting(name))
        async with open_database(database_url) as other:
            return name in await _noted(other)

    assert all(await asyncio.gather(*[look(f"n{n}") for n in range(5)]))


async def test_a_bad_job_fails_alone(database: Database) -> None:
    jobs = [database.write(_noting("a")), database.write(_failing), database.write(_noting("b"))]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert answers[0] == "a"
    assert isinstance(answers[1], LookupError)
    assert answers[2] == "b"
    assert await _noted(database) == {"a", "b"}


async def test_a_statement_that_the_database_refuses_fails_alone(database: Database) -> None:
    jobs = [_noting("a"), lambda c: c.execute("insert into nowhere values (1)"), _noting("b")]
    answers = await asyncio.gather(*[database.write(job) for job in jobs], return_exceptions=True)
    assert isinstance(answers[1], DatabaseError)
    assert await _noted(database) == {"a", "b"}


async def test_a_caller_who_goes_away_undoes_nothing(database: Database) -> None:
    async def slow(c: Connection) -> None:
        await asyncio.sleep(0.05)
        await c.run("state.put", name="slow", value="x")

    for n in range(20):  # more than the pool has connections
        gone = [asyncio.create_task(database.write(slow)), asyncio.create_task(database.write(_noting(f"n{n}")))]
        await asyncio.sleep(0.01)
        for task in gone:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*gone)
    assert await database.write(_noting("after")) == "after"
    assert await _noted(database) == {"slow", "after", *(f"n{n}" for n in range(20))}


async def test_a_caller_who_goes_away_hears_of_no_failure(database: Database) -> None:
    gone = asyncio.create_task(database.write(_failing))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await database.write(_noting("after")) == "after"


async def test_closing_finishes_what_waits(ledger: Ledger) -> None:
    waiting = [asyncio.create_task(ledger.job(n)) for n in range(3)]
    await asyncio.sleep(0)
    await ledger.writer.close()
    assert [task.result() for task in waiting] == [0, 1, 2]


async def test_a_closed_writer_takes_nothing(ledger: Ledger) -> None:
    await ledger.writer.close()
    with pytest.raises(Busy):
        await ledger.job(1)
    assert ledger.connected == 0


async def test_too_many_at_once_are_asked_to_come_back(ledger: Ledger) -> None:
    ledger.gate.clear()
    crowd = [asyncio.create_task(ledger.job(0))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first is being written, the others wait in the queue
    crowd += [asyncio.create_task(ledger.job(n)) for n in range(writer.MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="try again in a few seconds"):
        await ledger.job(-1)
    ledger.gate.set()
    assert len(await asyncio.gather(*crowd)) == writer.MAX_WAITING + 1
    assert await ledger.job(7) == 7


@pytest.mark.parametrize("crowd", [16, 128])
async def test_one_bad_item_costs_the_others_few_transactions(crowd: int, ledger: Ledger) -> None:
    """About two for each halving, and one for all that is in no bad half."""
    ledger.bad = {crowd // 3}
    answers = await asyncio.gather(*[ledger.item(n) for n in range(crowd)], return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if answer != n] == [crowd // 3]
    assert ledger.asked.count("begin") <= 2 * crowd.bit_length()
