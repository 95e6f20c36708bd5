"""The doctor knows the campaign's days: what is announced, what has passed, and whether the clock can be trusted."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from petition.commands import doctor
from petition.commands.doctor import Finding, dates
from petition.commands.doctor.dates import STANDSTILL
from petition.core import time_sync
from petition.core.settings import Mode, Settings
from petition.retention import close
from petition.site import Site
from tests.conftest import Clock
from tests.web.tools import announced, campaign, on_sqlite

pytestmark = on_sqlite
DAY = date(2026, 12, 24)  # a month after the clock of the tests


async def _checks(site: Site, folder: Path, **days: str) -> dict[str, Finding]:
    """By the first word. The campaign is one with these days."""
    given = replace(site.settings, campaign=campaign(folder, **({"deadline": "2026-12-01"} | days)))
    return {finding.subject.split(" (")[0]: finding for finding in await dates.check_dates(given)}


@pytest.mark.usefixtures("right_clock")
async def test_days_that_are_ahead_and_announced_are_fine(time: Clock, site: Site, tmp_path: Path) -> None:
    await announced(site, DAY)
    found = await _checks(site, tmp_path / "campaign", destruction=str(DAY))
    assert [finding.state for finding in found.values()] == ["ok"] * 3
    assert found["destruction day"].subject == f"destruction day ({DAY})"


@pytest.mark.usefixtures("right_clock")
async def test_a_day_that_was_just_announced_is_fine_and_said(time: Clock, site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    assert (
        "start the service"
        in (await _checks(site, tmp_path / "first", destruction=str(DAY)))["destruction day"].warning
    )
    await announced(site, DAY)
    await site.database.write(lambda c: c.execute("update site_state set value = replace(value, ' 168 ', ' 71 ')"))
    found = await _checks(site, folder, destruction=str(DAY))
    assert found["destruction day"] == Finding(f"destruction day ({DAY}, announced for 71 of 168 hours)")


@pytest.mark.usefixtures("right_clock")
async def test_a_count_that_stands_still_is_warned_of(time: Clock, site: Site, tmp_path: Path) -> None:
    await announced(site, DAY)
    time.advance(seconds=STANDSTILL)
    found = (await _checks(site, tmp_path / "campaign", destruction=str(DAY)))["destruction day"]
    assert (found.fix, "no hour was added" in found.warning) == ("", True)


@pytest.mark.usefixtures("right_clock")
async def test_a_file_that_moved_the_day_is_warned_of(time: Clock, site: Site, tmp_path: Path) -> None:
    await announced(site, date(2026, 12, 25))
    found = await _checks(site, tmp_path / "campaign", destruction=str(DAY))
    assert "2026-12-25 was announced" in found["destruction day"].warning


async def test_a_day_that_has_passed_is_to_be_fixed(time: Clock, site: Site, tmp_path: Path) -> None:
    days = {"deadline": "2025-12-01", "destruction": "2026-06-01"}
    found = await _checks(site, tmp_path / "campaign", **days)
    assert "if it is right, run `petition close`" in found["destruction day"].fix
    assert "it was on 2025-12-01: send the last letters" in found["deadline"].warning
    await close.close_signing(site.database, site.server_keys, None)
    found = await _checks(site, tmp_path / "again", **days)
    assert found["destruction day"] == Finding("destruction day")
    assert found["deadline"] == Finding("deadline")


@pytest.mark.parametrize(("mode", "warned"), [(Mode.PRODUCTION, True), (Mode.DEMO, False)])
async def test_a_clock_nobody_vouches_for_is_warned_of(
    mode: Mode, warned: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_sync, "is_synchronised", lambda: False)
    checks = await dates.check_dates(replace(settings, mode=mode))
    assert ("apt install systemd-timesyncd" in checks[-1].as_line()) == warned


@pytest.mark.usefixtures("right_clock")
async def test_without_a_database_or_a_campaign_only_the_clock_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    gone = replace(settings, database_url=f"sqlite:///{tmp_path / 'none.db'}")
    assert [finding.subject for finding in await dates.check_dates(gone)] == ["clock"]


async def test_the_doctor_asks(settings: Settings) -> None:
    subjects = [finding.subject async for finding in doctor.check_installation(settings)]
    assert {"deadline", "destruction day", "clock"} <= set(subjects)
