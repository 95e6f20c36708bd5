"""Public pages are from one moment, no older than needed, made by one thread while others send the old ones."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from petition.commands import demo_data
from petition.core.errors import DatabaseError
from petition.letters import correspondence
from petition.letters.correspondence import Entry
from petition.site import Site
from petition.web import prerender
from petition.web.http import public_state
from petition.web.http.prerendered import PrerenderedResponse, ResponseStore
from petition.web.http.public_state import PublicState
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_errors import away
from tests.web.http.test_prerendered import READY
from tests.web.tools import LANGUAGES, Html, campaign, on_sqlite


async def _filled(visitor: Visitor, time: Clock, n: int) -> None:
    await demo_data.fill_database(visitor.site.database, n)
    time.advance(minutes=2)
    await visitor.published()


async def test_all_languages_and_files_are_of_one_moment(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time, 2345)
    data = (await visitor.get("/tally.json")).json()
    assert data["as_of"] == "2026-11-22T12:02:00Z"
    assert (await visitor.get("/tally.csv")).text.count("\r\n") == len(data["countries"]) + 2
    for language in visitor.site.languages:
        number = " ".join(
            language.format_number(data["confirmed"]).split()
        )  # some languages write it with a special space
        page = Html((await visitor.get(f"/{language.code}/tally")).text)
        assert [a["datetime"] for a in page.all("time")] == [data["as_of"]]
        assert f" {number} " in page.text
        assert f" {number} " in Html((await visitor.get(f"/{language.code}/")).text).text


@pytest.mark.all_languages
async def test_new_numbers_are_a_new_page_under_a_new_tag(time: Clock, visitor: Visitor) -> None:
    await visitor.published()
    before = {path: (await visitor.get(path)).headers["etag"] for path in READY}
    await _filled(visitor, time, 500)
    after = {path: (await visitor.get(path)).headers["etag"] for path in READY}
    moved = {path for path in READY if before[path] != after[path]}
    numbers = {f"/{lang}/{page}" for lang in LANGUAGES for page in ("", "tally", "press", "data", "how-we-count")}
    assert moved == numbers | {
        path for path in prerender.DATA_FILES if path.startswith(("/tally", "/history", "/quality"))
    }
    answer = await visitor.get("/en/", headers={"If-None-Match": before["/en/"]})
    assert (answer.status_code, "More than 500 people have signed" in Html(answer.text).text) == (200, True)


@on_sqlite
async def test_a_new_day_is_a_new_state(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline="2026-11-22"))
    assert "The deadline has passed" not in (await visitor.get("/en/")).text
    time.advance(days=1)
    await visitor.app.state.public_state.refresh()
    assert "The deadline has passed" in (await visitor.get("/en/")).text


@pytest.mark.speaks("ru")
@on_sqlite
async def test_an_answer_of_a_government_is_public_at_once(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    before = await visitor.get("/ru/governments")
    recorded = {"sent": "2026-11-20", "answered": "2026-11-22", "stance": "supports"} | {
        "language": "en",
        "summary": "We do.",
    }
    assert (await visitor.post("/organisers/answers/PL", **recorded)).status_code == 303
    after = await visitor.get("/ru/governments")
    assert "We do." not in before.text
    assert "We do." in after.text
    assert after.headers["etag"] != before.headers["etag"]


async def test_the_old_pages_outlive_the_database(database_url: str, time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time, 500)
    before = {path: (await visitor.get(path)).content for path in READY}
    async with away(database_url):
        await visitor.app.state.public_state.refresh()
        assert {path: (await visitor.get(path)).content for path in READY} == before
    time.advance(minutes=2)
    for _ in range(2):  # the first may still use the old connection
        await visitor.app.state.public_state.refresh()
    assert (await visitor.get("/tally.json")).content == before["/tally.json"]


class Maker:
    """Prerenders as the site does, counts its calls, and waits half-way until the test lets it continue."""

    def __init__(self) -> None:
        self.times = 0
        self.at_work, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(
        self, site: Site, moment: PublicState, before: Mapping[str, PrerenderedResponse]
    ) -> Mapping[str, PrerenderedResponse]:
        """prerender_all(), observed."""
        self.times += 1
        self.at_work.set()
        assert self.go_on.wait(30)
        return prerender.prerender_all(site, moment, before)


async def _write(site: Site, word: str) -> None:
    """Changes something that a page shows."""
    entry = Entry(sent=date(2026, 11, 20), summaries={"en": word})
    await site.database.write(partial(correspondence.save_entry, code="PL", entry=entry))


@on_sqlite
async def test_many_who_ask_at_once_are_served_by_one_making(time: Clock, site: Site) -> None:
    maker = Maker()
    cache = await public_state.create_cache(site, maker, store := ResponseStore())
    await _write(site, "First word")
    await asyncio.gather(*[cache.refresh() for _ in range(20)])
    assert maker.times == 2, "the first store, and one for all of them"
    first = store.responses
    await asyncio.gather(*[cache.refresh() for _ in range(20)])
    assert (maker.times, store.responses is first) == (2, True), "nothing has changed"


@on_sqlite
async def test_while_one_makes_the_others_get_the_old_and_the_last_word_is_shown(time: Clock, site: Site) -> None:
    maker = Maker()
    cache = await public_state.create_cache(site, maker, store := ResponseStore())
    old = store.responses
    await _write(site, "First word")
    maker.at_work.clear()
    maker.go_on.clear()
    making = asyncio.create_task(cache.refresh())
    await asyncio.to_thread(maker.at_work.wait, 30)
    assert store.responses is old
    await _write(site, "Last word")
    late = [asyncio.create_task(cache.refresh()) for _ in range(5)]
    await asyncio.sleep(0)
    maker.go_on.set()
    await asyncio.gather(making, *late)
    assert maker.times == 3, "the first, the one under way, and one for all who came meanwhile"
    assert b"Last word" in store.responses["/en/governments"].body


@pytest.mark.all_languages
@on_sqlite
async def test_what_did_not_change_is_not_made_again(time: Clock, site: Site) -> None:
    cache = await public_state.create_cache(site, prerender.prerender_all, store := ResponseStore())
    before = store.responses
    await _write(site, "First word")
    await cache.refresh()
    same = {path for path in before if store.responses[path] is before[path]}
    data = {path for path in prerender.DATA_FILES if "governments" in path}
    assert (
        set(before) - same == {f"/{lang}/{page}" for lang in LANGUAGES for page in ("", "governments", "press")} | data
    )


@on_sqlite
async def test_the_first_stock_needs_the_database(database_url: str, time: Clock, visitor: Visitor) -> None:
    async with away(database_url):
        with pytest.raises(DatabaseError):
            await public_state.create_cache(visitor.site, prerender.prerender_all, ResponseStore())
