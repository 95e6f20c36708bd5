"""The example campaign: complete for visitors, alive at the desk, marked on every page, and in a demo only."""

import re
import urllib.request
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from petition.campaign.appeal import Appeal
from petition.commands import example
from petition.core import demo_secrets, settings
from petition.core.errors import SettingsError
from petition.site import open_site
from petition.tally import audit, history
from tests import ROOT
from tests.conftest import Clock, Visit, Visitor, make_settings
from tests.core.test_settings import PRODUCTION
from tests.shell import Shell, serving
from tests.web.tools import LANGUAGES, Html, on_sqlite

PAGES = ("", "tally", "governments", "privacy", "data", "manage")


@pytest.fixture
async def visitor(time: Clock, visit: Visit) -> Visitor:
    """A visitor on a demo that was filled with the example."""
    empty: Visitor = await visit()
    assert await example.refusal(empty.site) == ""
    await example.fill_example(empty.site, 2000)
    found: Visitor = await visit(campaign=demo_secrets.campaign_folder(empty.site.settings.var))
    time.advance(minutes=1)
    await found.published()
    return found


@on_sqlite
@pytest.mark.all_languages
async def test_no_page_has_a_hole_and_each_says_that_it_is_an_example(visitor: Visitor) -> None:
    for lang in LANGUAGES:
        for path in PAGES:
            page = Html((await visitor.get(f"/{lang}/{path}")).text)
            assert not [a for a in page.all("mark") if a.get("class") == "placeholder"], (lang, path)
            assert example.DISCLAIMER in page.text, (lang, path)
    assert "placeholder" not in (await visitor.get("/en/embed")).text


async def test_the_numbers_agree_and_grew_over_weeks(visitor: Visitor) -> None:
    async with visitor.site.database.reading() as c:
        assert await audit.find_disagreements(c) == []
        past = await history.get_history(c)
    assert len(past.hours) > 30 * 24
    assert len({country for _, country, _ in past.days}) > 20
    daily = [n for moment, n in past.hours if moment.endswith("T00:00:00Z")]
    steps = [after - before for before, after in pairwise(daily)]
    assert max(steps) > 4 * sorted(steps)[len(steps) // 4], "a curve, not a straight line"
    assert (await visitor.published())["confirmed"] > 2000


@on_sqlite
async def test_governments_have_answered_and_each_answer_says_that_it_is_none(visitor: Visitor) -> None:
    data = (await visitor.get("/governments.json")).json()
    answers = [one for one in data["governments"] if one["answered"]]
    assert {one["stance"] for one in answers} == {"supports", "partly", "refuses"}
    assert all(one["link"].startswith("https://example.org/") for one in answers)
    assert all("not a real answer" in one["summaries"]["en"] for one in answers)
    assert [one for one in data["governments"] if one["acknowledged"] and not one["answered"]]
    assert [one for one in data["governments"] if one["sent"] is None]


async def test_the_desk_has_something_of_each_kind(visitor: Visitor) -> None:
    await visitor.organiser()
    overview = Html((await visitor.get("/organisers/")).text).text
    for line in ("10+ names wait", "These counts are a day old", "to the deadline. At this pace"):
        assert line in overview, line
    desk = Html((await visitor.get("/organisers/forms")).text)
    assert re.search(r"Not confirmed yet\s+10\+", desk.text)
    assert re.search(r"You set aside the forms of one network\s+100\+", desk.text)
    assert [a.get("action") for a in desk.all("form")].count("/organisers/aside") == 2, "networks of which many wait"
    assert "filled in the example" in (await visitor.get("/organisers/record")).text
    waiting = Html((await visitor.get("/organisers/names/PL/new")).text).text
    assert "Przykład" in waiting
    assert "BUY MY WATCHES" in waiting
    table = (await visitor.get("/organisers/signatures.csv")).text
    assert table.count("\n") > 100, "names that were passed, and names that wait"
    assert [row for row in table.splitlines()[1:] if not row.endswith(",")], "people who want news"
    assert "FR" in (await visitor.get("/organisers/letters")).text


@on_sqlite
async def test_it_is_the_same_for_everybody(visitor: Visitor, tmp_path: Path, time: Clock) -> None:
    other = make_settings(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other", email_key="another key " * 4)
    async with open_site(other, migrate=True) as site:
        await example.fill_example(site, 2000)
        async with site.database.reading() as c:
            there = await c.all("audit.signatures")
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == there


@on_sqlite
async def test_it_goes_into_an_empty_database_only(visitor: Visitor, visit: Visit, tmp_path: Path) -> None:
    assert "empty database only" in await example.refusal(visitor.site)
    mine = await visit(campaign=tmp_path)
    assert "of your own" in await example.refusal(mine.site)


@on_sqlite
async def test_a_form_that_waits_is_somebody_too(time: Clock, visit: Visit) -> None:
    visitor = await visit()
    await visitor.sign("anna@example.net")
    assert "empty database only" in await example.refusal(visitor.site)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield str(file), file.read_bytes()


def test_a_newcomer_gets_it_once_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert shell.fine("demo", "--example", "--signatures", "3000") == ""
    assert shell.fine("audit") == "All numbers agree.\n"
    assert settings.from_environment(shell.environment).campaign == tmp_path / "var" / "campaign"
    before = dict(_files(tmp_path))
    assert "empty database only" in shell.fine("demo", "--example")
    assert dict(_files(tmp_path)) == before
    assert "empty" in shell.fails("demo", "--signatures", "5")
    assert "--example" in shell.fails("demo")
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/en/") as answer:
        page = answer.read().decode()
    assert example.DISCLAIMER in page
    assert "Goal: 10,000" in page
    assert "placeholder" not in page


@on_sqlite
async def test_a_deadline_stays_the_day_it_was_on(time: Clock, visitor: Visitor) -> None:
    time.advance(days=30)
    deadline = Appeal(demo_secrets.campaign_folder(visitor.site.settings.var)).campaign.deadline
    assert isinstance(deadline, date)
    assert (deadline - time.moment.date()).days == 70


async def test_production_refuses_it(tmp_path: Path, time: Clock) -> None:
    demo_secrets.write_campaign(tmp_path, example.campaign_toml(time.moment.date()))
    folder = str(demo_secrets.campaign_folder(tmp_path))
    own = {"PETITION_VAR": str(tmp_path), "PETITION_OUTBOX_KEYS": str(tmp_path / "keys")}
    assert settings.from_environment(PRODUCTION | own).campaign is None, "nor does it find it by itself"
    given = settings.from_environment(PRODUCTION | own | {"PETITION_CAMPAIGN": folder})
    with pytest.raises(SettingsError, match=r"campaign\.toml is the one of the example\.$"):
        async with open_site(given):
            pass


def test_production_is_never_filled(tmp_path: Path) -> None:
    shell = Shell(tmp_path, **(PRODUCTION | {"PETITION_OUTBOX_KEYS": str(tmp_path / "keys")}))
    assert "demo database only" in shell.fails("demo", "--example")


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    shown = set(re.findall(r'src="(docs/pictures/[^"]+)"', (ROOT / "README.md").read_text("utf-8")))
    assert shown == {f"docs/pictures/{file.name}" for file in (ROOT / "docs" / "pictures").iterdir()}
    assert sum((ROOT / name).stat().st_size for name in shown) < 300_000
