"""A database that knows less than was published: pages stay, nothing new is published, everybody says so."""

import json
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from petition import features
from petition.commands import operations
from petition.commands.doctor.database import check_database
from petition.core.database.connection import Connection
from petition.core.errors import NotConfirmed
from petition.core.settings import Mode, Settings
from petition.retention import backup
from petition.site import Site, open_site
from petition.tally.tally import Snapshot
from tests.conftest import IDENTITY, Clock, Visit
from tests.tally.publishing import change, rows, start_production
from tests.web.tools import in_production

SHARED = ("site_state", "figures", "releases", "journal")
LOST = "The database has lost what this site published: 1100 signatures on 2026-"


@pytest.fixture
async def site(settings: Settings, time: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A real campaign whose first release has come, with 600 signatures."""
    monkeypatch.setattr("secrets.choice", min)
    async with open_site(settings) as made:
        await start_production(made.database)
        await change(made.database, "PL", 600)
        yield replace(made, settings=replace(settings, mode=Mode.PRODUCTION))


async def _publish(site: Site, time: Clock, **later: float) -> Snapshot:
    """What the site shows after some time."""
    time.advance(**later)
    await site.take_snapshot()
    async with site.database.reading() as c:
        return await site.last_published.get_snapshot(c)


async def _rewrite(site: Site, statements: list[str]) -> None:
    async def job(c: Connection) -> None:
        await c.run("state.put", name="reordering", value="yes")
        for statement in statements:
            await c.execute(statement)
        await c.run("state.delete", name="reordering")

    await site.database.own_transaction(job)


async def _keep(site: Site, name: str) -> None:
    """A copy of the database, such as a standby that stands still from now on."""
    kept = [f"create table {name}_{table} as select * from {table}" for table in SHARED]
    await _rewrite(site, [*kept, f"delete from {name}_site_state where name = 'reordering'"])


async def _promote(site: Site, name: str) -> None:
    """The copy becomes the database of the site."""
    emptied = [f"delete from {table}" for table in SHARED[1:]] + ["delete from site_state where name <> 'reordering'"]
    await _rewrite(site, [*emptied, *[f"insert into {table} select * from {name}_{table}" for table in SHARED]])


async def _lose(site: Site, time: Clock) -> None:
    """600 are published, then 1,100, and then the database knows of 600 again."""
    assert (await _publish(site, time, minutes=10)).confirmed == 600
    await _keep(site, "old")
    await change(site.database, "PL", 505)
    assert (await _publish(site, time, hours=6)).confirmed == 1100
    await _keep(site, "right")
    await _promote(site, "old")


async def _sentences(site: Site) -> list[str]:
    async with site.database.reading() as c:
        found = await features.list_warnings(c, site)
        assert found == await features.audit(c, site)
        return found


async def test_what_was_published_does_not_go_back(site: Site, time: Clock) -> None:
    await _lose(site, time)
    for _ in range(3):
        await change(site.database, "PL", 30)
        shown = await _publish(site, time, hours=6)
        assert (shown.confirmed, shown.countries) == (1100, {"PL": 1100})
    assert await rows(site.database, "select max(figure) as figure from releases") == [{"figure": 600}]
    (sentence,) = await _sentences(site)
    assert sentence.startswith(LOST)
    assert "600 now" in sentence
    assert "petition resume" in sentence


async def test_a_database_that_was_promoted_and_released_before_is_found_too(site: Site, time: Clock) -> None:
    """A machine without such a memory went ahead: the numbers have grown past ours, but ours are not among them."""
    await _lose(site, time)
    other = replace(site, settings=replace(site.settings, var=site.settings.var / "other"))
    await change(site.database, "PL", 900)
    assert (await _publish(other, time, hours=12)).confirmed == 1500
    assert (await _publish(site, time)).confirmed == 1100
    assert len(await _sentences(site)) == 1
    assert await _sentences(other) == []


async def test_the_right_database_comes_back(site: Site, time: Clock) -> None:
    await _lose(site, time)
    assert (await _publish(site, time)).confirmed == 1100
    await _promote(site, "right")
    await change(site.database, "PL", 70)
    assert (await _publish(site, time, hours=12)).confirmed == 1170
    assert await _sentences(site) == []


async def test_a_machine_with_a_damaged_memory_hinders_nobody(site: Site, time: Clock) -> None:
    await _lose(site, time)
    for damaged in ("{", "[]", "{}", ""):
        (site.settings.var / "published.json").write_text(damaged)
        assert await _sentences(site) == []
    assert (await _publish(site, time)).confirmed == 600


async def test_a_country_does_not_go_back_either_though_the_total_is_right(site: Site, time: Clock) -> None:
    """A country may be released when the total is not: then the newest total does not tell that its release is lost."""
    assert (await _publish(site, time, hours=6)).countries == {"PL": 600}
    await change(site.database, "PL", 505)
    assert (await _publish(site, time, hours=6)).countries == {"PL": 1100}
    lose = "delete from releases where name = 'PL' and figure = 1100"
    await _rewrite(site, [lose, "update figures set figure = 600 where name = 'PL'"])
    assert (await _publish(site, time)).countries == {"PL": 1100}
    (sentence,) = await _sentences(site)
    assert sentence.startswith("The database has lost what this site published: 1100 signatures of PL on 2026-")


async def test_a_country_that_falls_since_people_withdrew_has_lost_nothing(site: Site, time: Clock) -> None:
    """A fall is a new release: the one that was published is still in the database."""
    await _publish(site, time, minutes=10)
    before = (await _publish(site, time, hours=6)).countries["PL"]
    await change(site.database, "PL", -200)
    shown = await _publish(site, time, days=8)
    assert (before, shown.countries["PL"]) == (600, 400)
    assert await _sentences(site) == []


async def test_a_person_accepts_the_loss_for_all_machines(
    site: Site, time: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(site, settings=replace(site.settings, var=site.settings.var / "other"))
    await _lose(site, time)
    (site.settings.var / "other").mkdir()
    (site.settings.var / "other" / "published.json").write_bytes((site.settings.var / "published.json").read_bytes())
    assert (await _publish(other, time)).confirmed == 1100
    monkeypatch.setattr(operations, "open_site", lambda _: _Opened(site))
    with pytest.raises(NotConfirmed):
        await operations.resume(site.settings, Namespace(yes=False, dry_run=False))
    await operations.resume(site.settings, Namespace(yes=False, dry_run=True))
    assert (await _publish(site, time)).confirmed == 1100
    await operations.resume(site.settings, Namespace(yes=True, dry_run=False))
    assert "publishes again" in capsys.readouterr().out
    for machine in (other, site):
        assert (await _publish(machine, time)).confirmed == 600
        assert await _sentences(machine) == []
    assert await rows(site.database, "select action from actions order by n desc limit 1") == [
        {"action": "accepted that published numbers are lost"}
    ]
    await operations.resume(site.settings, Namespace(yes=True, dry_run=False))
    assert "Nothing to do" in capsys.readouterr().out


class _Opened:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def __aenter__(self) -> Site:
        return self._site

    async def __aexit__(self, *_: object) -> None:
        """It stays open."""


async def test_a_database_of_before_the_loss_was_accepted_is_no_way_back(site: Site, time: Clock) -> None:
    await _lose(site, time)
    await site.database.own_transaction(site.last_published.accept_loss)
    assert (await _publish(site, time)).confirmed == 600
    await _promote(site, "old")
    assert len(await _sentences(site)) == 1


async def test_a_restore_is_such_a_decision(site: Site, time: Clock, tmp_path: Path) -> None:
    assert (await _publish(site, time, minutes=10)).confirmed == 600
    await backup.write_backup(site.database, site.settings, tmp_path / "backup")
    await change(site.database, "PL", 505)
    assert (await _publish(site, time, hours=6)).confirmed == 1100
    await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    assert (await _publish(site, time)).confirmed == 600
    assert await _sentences(site) == []


async def test_a_clock_that_was_ahead_loses_nothing(site: Site, time: Clock) -> None:
    assert (await _publish(site, time, minutes=10)).confirmed == 600
    await change(site.database, "PL", 505)
    assert (await _publish(site, time, days=3)).confirmed == 1100
    assert (await _publish(site, time, days=-3)).confirmed == 1100
    assert await _sentences(site) == []


async def test_a_full_or_closed_folder_stops_nothing(site: Site, time: Clock) -> None:
    site.settings.var.parent.mkdir(parents=True, exist_ok=True)
    blocked = site.settings.var / "file"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("")
    machine = replace(site, settings=replace(site.settings, var=blocked))
    assert (await _publish(machine, time, minutes=10)).confirmed == 600
    assert await _sentences(machine) == []


async def test_pages_and_the_doctor_after_a_start(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    """The process has never seen the higher number: it is in the file."""
    visitor = await in_production(visit, settings, tmp_path)
    kept = {
        "timeline": 0,
        "released_at": 1_790_000_000,
        "as_of": 1_790_000_000,
        "total": 4320,
        "countries": {"PL": 900},
    }
    visitor.site.settings.var.mkdir(parents=True, exist_ok=True)
    (visitor.site.settings.var / "published.json").write_text(json.dumps(kept))
    s = visitor.site.settings
    again = await visit(mode=s.mode, base_url=s.base_url, campaign=s.campaign)
    assert "4,320" in (await again.get("/en/")).text
    assert (await again.get("/tally.json")).json()["confirmed"] == 4320
    assert "has lost what this site published: 4320" in (await again.get("/readyz")).text
    found = [finding.as_line() for finding in await check_database(again.site.settings)]
    assert any(line.startswith("fix   published numbers: The database has lost") for line in found)
