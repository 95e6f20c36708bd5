"""The doctor compares the clock of this machine with that of the database: other machines ask the same one."""

import time
from dataclasses import replace

import pytest

from petition.commands import doctor
from petition.commands.doctor import dates
from petition.commands.doctor.dates import MOST_APART
from petition.core import clock
from petition.core.settings import Settings
from tests.postgres import free_port

SUBJECT = "clock of the database"


@pytest.mark.parametrize("ahead", [600, -600])
async def test_clocks_that_differ_are_said(
    ahead: int, postgresql_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    right_time = time.time
    monkeypatch.setattr(clock, "time_source", lambda: right_time() + ahead)
    (found,) = await dates.check_database_clock(postgresql_settings)
    seconds = int(found.warning.split()[3])
    assert found.warning == (
        f"this machine's is {seconds} seconds {'ahead of' if ahead > 0 else 'behind'} that of the database"
    )
    assert MOST_APART <= seconds <= abs(ahead) + 1  # less if the answer took long


async def test_clocks_that_agree_are_fine(postgresql_settings: Settings) -> None:
    found = [f async for f in doctor.check_installation(postgresql_settings) if f.subject == SUBJECT]
    assert [finding.state for finding in found] == ["ok"]


async def test_sqlite_and_a_database_that_is_away_have_no_other_clock(
    postgresql_settings: Settings,
) -> None:
    away = f"postgresql://petition@127.0.0.1:{free_port()}/none"
    for url in ("sqlite:///none.db", away):
        assert await dates.check_database_clock(replace(postgresql_settings, database_url=url)) == []
