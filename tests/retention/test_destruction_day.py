"""A wrong year and a wrong clock erase nothing; a day that was announced long ago is kept."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from petition.commands import demo_data
from petition.core import time_sync
from petition.core.database import state
from petition.core.settings import Settings
from petition.organisers import activity_log
from petition.retention import backup, close, destruction_day, prune
from petition.retention.destruction_day import HOURS_NEEDED, MAX_PAUSE, Announcement, DestructionWatch
from petition.site import Site
from tests.conftest import IDENTITY, MIDDAY, Clock
from tests.web.tools import announced, on_sqlite, set_destruction

TODAY = MIDDAY.date()
LATER, SOON = TODAY + timedelta(20), TODAY + timedelta(8)
YEAR = timedelta(365)

pytestmark = pytest.mark.usefixtures("right_clock")


@pytest.fixture
async def full(site: Site) -> Site:
    """With one signature that has a name."""
    row = demo_data.signature_row("mailbox", "PL", "2026-11-20", named=True)
    await site.database.write(partial(demo_data.insert_signatures, rows=[row]))
    name = {"mailbox": "mailbox", "name": "Anna Nowak", "state": "new"}
    await site.database.write(lambda c: c.run("printed_names.insert", rows=[name]))
    return site


async def _announced(site: Site) -> Announcement | None:
    async with site.database.reading() as c:
        return await destruction_day.get(c)


async def _is_due(site: Site) -> bool:
    async with site.database.reading() as c:
        return await destruction_day.is_due(c, site.appeal.campaign)


async def _said(site: Site) -> str:
    async with site.database.reading() as c:
        return await destruction_day.say(c, site.appeal.campaign) or ""


async def _run(time: Clock, hours: int, *watches: DestructionWatch) -> None:
    """So many hours, with a look of each process in each."""
    for hour in range(hours + 1):
        time.advance(hours=1 if hour else 0)
        for watch in watches:
            await watch.look()


def _process(site: Site) -> DestructionWatch:
    """Another process of the site, which has read the same campaign.toml."""
    return DestructionWatch(site.database, lambda: site.appeal.campaign)


def _started_with(site: Site, day: date) -> DestructionWatch:
    """A process whose campaign.toml has that day."""
    return DestructionWatch(site.database, lambda: replace(site.appeal.campaign, destruction=day))


async def _hours(site: Site) -> int:
    found = await _announced(site)
    assert found is not None
    return found.hours


async def test_a_day_that_was_announced_long_ago_is_kept(time: Clock, full: Site) -> None:
    set_destruction(full, SOON)
    await _run(time, HOURS_NEEDED + 11, full.destruction_watch)
    await full.prune()
    assert not await _is_due(full)
    assert await _rows(full, "signatures") == 1
    assert str(SOON) in await _said(full)
    time.advance(hours=1)
    assert time.moment.date() == SOON
    await full.prune()
    assert await _rows(full, "signatures") == await _rows(full, "names") == 0
    async with full.database.reading() as c:
        assert await state.is_closed(c)
    assert await _said(full) == ""


async def _rows(site: Site, table: str) -> int:
    async with site.database.reading() as c:
        return len(await c.execute(f"select * from {table}"))


@on_sqlite
async def test_a_year_typed_wrong_erases_nothing_however_long_the_site_runs(time: Clock, full: Site) -> None:
    set_destruction(full, date(2026, 6, 1))
    await full.prune()
    await _run(time, 24 * 8, full.destruction_watch)
    await full.prune()
    assert await _rows(full, "signatures") == 1
    assert "if the day is wrong, correct campaign.toml and restart" in await _said(full)


@on_sqlite
async def test_a_day_less_than_a_week_ahead_is_left_to_a_person(time: Clock, site: Site) -> None:
    set_destruction(site, TODAY + timedelta(5))
    await _run(time, 24 * 8, site.destruction_watch)
    assert not await _is_due(site)
    assert "run `petition close`" in await _said(site)


async def test_a_clock_that_jumps_a_year_while_it_runs_erases_nothing(time: Clock, full: Site) -> None:
    await announced(full, LATER)
    await full.destruction_watch.look()
    time.moment += YEAR
    for _ in range(2):
        assert not await _is_due(full)
        await full.prune()
        time.advance(hours=1)
    assert await _rows(full, "signatures") == 1
    assert await _hours(full) == 0
    assert await _lines(full) == ["counts to the destruction day again"]


async def _lines(site: Site) -> list[str]:
    async with site.database.reading() as c:
        lines = await activity_log.list_lines(c)
    return [str(line["action"]) for line in lines if "destruction" in line["action"]]


@pytest.mark.parametrize("jump", [YEAR, -YEAR, timedelta(seconds=MAX_PAUSE + 1)], ids=str)
@on_sqlite
async def test_a_clock_that_is_wrong_at_the_start_erases_nothing(jump: timedelta, time: Clock, site: Site) -> None:
    await announced(site, SOON)
    time.moment += jump
    started = _process(site)
    assert not await _is_due(site)
    await started.look()
    assert await _hours(site) == 0
    assert not await _is_due(site)
    time.moment -= jump  # it is put right: the seven days begin again
    await _run(time, HOURS_NEEDED, started)
    assert await _hours(site) == HOURS_NEEDED
    await _run(time, 12, started)
    assert await _is_due(site)


@on_sqlite
async def test_a_clock_nobody_vouches_for_counts_nothing_and_erases_nothing(
    time: Clock, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announced(site, SOON)
    await site.destruction_watch.look()
    monkeypatch.setattr(time_sync, "is_synchronised", lambda: False)
    time.moment += YEAR  # a dead battery, until the time of the network comes
    await site.destruction_watch.look()
    assert await _hours(site) == HOURS_NEEDED
    assert not await _is_due(site)
    time.moment -= YEAR
    await _run(time, 5, site.destruction_watch)
    assert await _hours(site) == HOURS_NEEDED
    time.advance(days=8)
    assert not await _is_due(site)
    assert "nothing tells that the clock of this server is right" in await _said(site)


@on_sqlite
async def test_on_the_day_it_waits_for_a_clock_that_is_right(
    time: Clock, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announced(site, TODAY + timedelta(1))
    time.advance(days=1)
    with monkeypatch.context() as alone:
        alone.setattr(time_sync, "is_synchronised", lambda: False)
        await site.destruction_watch.look()
        assert not await _is_due(site)
    await site.destruction_watch.look()
    assert await _is_due(site)
    assert str(TODAY + timedelta(1)) in await _said(site)


@on_sqlite
async def test_a_day_that_moved_is_counted_from_the_start(time: Clock, site: Site) -> None:
    await announced(site, LATER)
    set_destruction(site, LATER + timedelta(1))
    assert not await _is_due(site)
    await site.destruction_watch.look()
    assert await _announced(site) == Announcement(LATER + timedelta(1), 0, int(time.seconds()))
    assert await _lines(site) == ["announced the destruction day"]


async def test_many_machines_count_no_faster_than_one(time: Clock, site: Site) -> None:
    set_destruction(site, LATER)
    machines = [_process(site) for _ in range(3)]
    for _ in range(12):
        for watch in machines:  # each looks every hour, twenty minutes after the one before
            await watch.look()
            await watch.look()
            time.advance(minutes=20)
    assert await _hours(site) == 11


@on_sqlite
async def test_a_process_that_looks_all_the_time_counts_no_faster(time: Clock, site: Site) -> None:
    set_destruction(site, LATER)
    for _ in range(60 * 5):
        await site.destruction_watch.look()
        time.advance(minutes=1)
    assert await _hours(site) == 4


@on_sqlite
async def test_machines_with_different_days_erase_nothing(time: Clock, site: Site) -> None:
    set_destruction(site, LATER)
    first, second = _process(site), _started_with(site, TODAY + timedelta(10))
    await _run(time, 24 * 2, first, second)
    assert await _hours(site) <= 1
    assert not await _is_due(site)
    assert f"but {TODAY + timedelta(10)} was announced" in await _said(site)
    assert await _lines(site) == ["announced the destruction day"] * 2, "not one an hour"


@on_sqlite
async def test_a_restart_keeps_what_was_counted(time: Clock, site: Site) -> None:
    set_destruction(site, LATER)
    for _ in range(5):
        await _run(time, 6, _process(site))
        time.advance(minutes=5)
    assert await _hours(site) == 5 * 6
    assert await _lines(site) == ["announced the destruction day"]


async def test_a_process_killed_while_it_erases_is_finished_by_the_next(
    time: Clock, full: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announced(full, TODAY + timedelta(1))
    time.advance(days=1)
    with monkeypatch.context() as killed:
        killed.setattr(activity_log, "append", _die)
        with pytest.raises(RuntimeError):
            await full.prune()
    assert await _rows(full, "signatures") == 1
    await full.prune()
    assert await _rows(full, "signatures") == 0


@on_sqlite
async def test_a_process_killed_before_the_keys_go_is_finished_by_the_next(
    time: Clock, full: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "email-key"
    key.write_text(full.settings.email_key, "utf-8")
    await announced(full, TODAY + timedelta(1))
    time.advance(days=1)
    pruning = partial(prune.prune, full.database, full.server_keys, full.appeal, key)
    with monkeypatch.context() as killed:
        killed.setattr(prune, "destroy_keys", _die)
        with pytest.raises(RuntimeError):
            await pruning()
    assert (await _rows(full, "signatures"), close.is_key_replaced(key)) == (0, False)
    await pruning()
    assert close.is_key_replaced(key)


async def _die(*_: object) -> None:
    raise RuntimeError("killed")


async def test_two_processes_that_store_at_once_store_one_step(time: Clock, site: Site) -> None:
    set_destruction(site, LATER)
    await site.destruction_watch.look()
    found = await _announced(site)
    assert found is not None
    store = partial(destruction_day._store, old=found)
    assert await site.database.write(partial(store, new=replace(found, hours=1)))
    assert not await site.database.write(partial(store, new=replace(found, hours=5)))
    assert await _hours(site) == 1
    assert not await site.database.write(partial(destruction_day._store, old=None, new=found))


@on_sqlite
async def test_a_slower_process_counts_from_what_the_faster_one_stored(
    time: Clock, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_destruction(site, LATER)
    await site.destruction_watch.look()
    time.advance(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr(state, "exchange", _too_late)
        await site.destruction_watch.look()
    assert await _hours(site) == 0
    await site.destruction_watch.look()
    assert await _hours(site) == 1


async def _too_late(*_: object) -> bool:
    return False


@on_sqlite
async def test_after_a_restore_the_day_is_announced_again(time: Clock, site: Site, settings: Settings) -> None:
    await announced(site, LATER)
    file = settings.var.parent / "backup"
    await backup.write_backup(site.database, settings, file)
    await backup.restore_backup(site.database, settings, [IDENTITY], file)
    assert await _announced(site) is None
    assert "is not announced yet: start the service" in await _said(site)
    await site.destruction_watch.look()
    assert await _hours(site) == 0


@on_sqlite
async def test_a_campaign_without_a_day_has_nothing_to_say(time: Clock, site: Site) -> None:
    await site.destruction_watch.look()
    assert await _announced(site) is None
    assert await _said(site) == ""
    assert not await _is_due(site)


@on_sqlite
async def test_what_keeps_the_day_from_coming_is_logged_once(
    time: Clock, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    set_destruction(site, TODAY - timedelta(1))
    await _run(time, 3, site.destruction_watch)
    assert [line.message[:20] for line in caplog.records] == ["announced: On 2026-1", "The destruction day "]


@on_sqlite
async def test_once_signing_has_ended_nothing_is_counted(time: Clock, site: Site) -> None:
    await close.close_signing(site.database, site.server_keys, None)
    set_destruction(site, LATER)
    await site.destruction_watch.look()
    assert await _announced(site) is None
