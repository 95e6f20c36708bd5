"""The writer whose connection fails: those that wait get an error, nothing is written twice, the next get a new one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Settings
from tests.postgres import hang_up
from tests.watched import Ledger, watched


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """A watched writer, on both databases."""
    async with watched(database) as found:
        yield found


async def test_a_commit_that_fails_is_told_of_and_not_tried_again(database: Database, ledger: Ledger) -> None:
    await database.write(lambda c: c.execute("create table a (id bigint primary key)"))
    later = (
        "b bigint references a (id) deferrable initially deferred"  # a missing parent row is noticed only at the commit
    )
    await database.write(lambda c: c.execute(f"create table orphans ({later})"))
    jobs = [ledger.writer.write(lambda c: c.execute("insert into orphans values (1)")) for _ in range(3)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert {type(answer) for answer in answers} == {DatabaseError}
    assert ledger.asked == ["begin", "commit"], "a commit whose answer was lost may have happened"
    assert await ledger.job(1) == 1
    assert ledger.connected == 2


@pytest.fixture
async def remote(postgresql_settings: Settings) -> AsyncIterator[Ledger]:
    """A watched writer whose database is on the other end of a network connection."""
    async with open_database(postgresql_settings.database_url) as database, watched(database) as found:
        yield found


async def test_a_line_that_was_cut_in_an_idle_hour_is_mended_unnoticed(
    remote: Ledger, postgresql_settings: Settings
) -> None:
    await remote.job(0)
    await hang_up(postgresql_settings.database_url)
    assert await asyncio.gather(*[remote.job(n) for n in range(3)]) == [0, 1, 2]
    assert remote.connected == 2


async def test_a_line_that_is_cut_in_a_transaction_is_told_of(remote: Ledger, postgresql_settings: Settings) -> None:
    async def cut(c: Connection) -> None:
        await hang_up(postgresql_settings.database_url)
        await c.execute("select 1")

    jobs = [remote.job(0), remote.writer.write(cut), remote.job(1)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, DatabaseError, DatabaseError]
    assert remote.asked == ["begin", "0", "commit", "begin"]
    assert await remote.job(1) == 1
    assert remote.connected == 2


async def test_a_cut_line_and_a_caller_who_left_do_not_stop_the_writer(
    remote: Ledger, postgresql_settings: Settings
) -> None:
    await remote.job(0)
    remote.gate.clear()
    gone = asyncio.create_task(remote.job(1))
    await asyncio.sleep(0.01)
    await hang_up(postgresql_settings.database_url)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    remote.gate.set()
    assert await asyncio.wait_for(remote.job(2), 30) == 2


async def test_a_database_that_is_away_is_told_of_and_asked_again(tmp_path: Path) -> None:
    file = tmp_path / "petition.db"
    async with open_database(f"sqlite:///{file}", create=True) as database, watched(database) as ledger:
        away = file.rename(tmp_path / "away.db")
        answers = await asyncio.gather(*[ledger.job(n) for n in range(3)], return_exceptions=True)
        assert {type(answer) for answer in answers} == {DatabaseError}
        assert not file.exists(), "an empty one in its place would hide that it is gone"
        away.rename(file)
        assert await ledger.job(1) == 1
