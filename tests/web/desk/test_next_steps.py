"""What to do next: what each source says, when it is silent, who sees it, and what it costs if many people watch."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.sentences import Sentence
from petition.core.settings import Settings
from petition.letters import correspondence
from petition.letters.correspondence import Channel, Entry, Stance
from petition.organisers import activity_log, last_checks
from petition.organisers.accounts import Organiser, Role
from petition.web.desk import next_steps, overview_steps
from petition.web.desk.next_steps import Look, Step, Urgency
from petition.web.desk.overview_figures import KEPT_SECONDS
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.tools import Html, campaign, in_production, on_sqlite, set_destruction


async def _steps(visitor: Visitor, path: str = "/organisers/") -> str:
    """The part "What next?" of the overview, as if nobody had looked for a while."""
    visitor.app.state.overview_figures.expire()
    await visitor.app.state.public_state.refresh()
    page = (await visitor.get(path)).text.partition("What next?")[2].partition("</section>")[0]
    return Html(f"<div>{page}").text


async def test_letters_and_answers_wait_with_their_numbers(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    assert "letters are not marked as sent" in await _steps(visitor)
    assert "have not answered" not in await _steps(visitor)
    sent = clock.today() - timedelta(31)
    entries = {
        "PL": Entry(sent, Channel.POST),
        "LT": Entry(sent, Channel.POST, acknowledged=sent),
        "LV": Entry(sent, Channel.POST, answered=clock.today(), stance=Stance.SUPPORTS),
        "EE": Entry(clock.today(), Channel.POST),
    }
    for code, entry in entries.items():
        await visitor.site.database.write(partial(correspondence.save_entry, code=code, entry=entry))
    text = await _steps(visitor)
    total = len({a.code for a in visitor.site.address_book.addressees})
    for line in (
        f"{total - 4} of {total} letters are not marked as sent.",
        "2 addressees have not answered for 30 days or more: send a reminder.",
        "1 answer has no summary on the public page yet: LV.",
        "No letters have been drawn up for sending: make the first edition.",
    ):
        assert line in text, line


@on_sqlite
async def test_an_edition_is_old_when_half_as_many_again_have_signed(time: Clock, visitor: Visitor) -> None:
    edition: dict[str, str | int] = {
        "number": 1,
        "issued_at": clock.iso(clock.now()),
        "nickname": "marta",
        "basis": '{"confirmed": 20}',
    }
    await visitor.site.database.write(lambda c: c.one("editions.insert", **edition))
    await visitor.organiser("olga", "organiser")
    for confirmed in (20, 29, 30):
        state = visitor.app.state.public_state._state
        snapshot = replace(state.status.snapshot, confirmed=confirmed, other=confirmed)
        visitor.app.state.public_state._state = replace(state, status=replace(state.status, snapshot=snapshot))
        visitor.app.state.overview_figures.expire()
        text = Html((await visitor.get("/organisers/")).text).text
        assert ("The letters of edition 1 say 20" in text) == (confirmed == 30)
    assert "The letters of edition 1 say 20 signatures; now there are 30." in text


async def test_names_wait_from_ten_on_and_only_when_their_days_are_over(time: Clock, visitor: Visitor) -> None:
    for n in range(9):
        await visitor.confirmed(f"a{n}@example.net", named="on", name="Anna Nowak")
    time.advance(days=4)
    await visitor.confirmed("b@example.net", named="on", name="Boris Nowak")
    await visitor.organiser("olga", "organiser")
    assert "names wait" not in await _steps(visitor)
    time.advance(days=4)
    await visitor.organiser("ola", "organiser")
    assert "10+ names wait until somebody has looked at them." in await _steps(visitor)


@on_sqlite
async def test_production_asks_for_backups_and_second_factors(
    time: Clock, visit: Visit, settings: Settings, tmp_path: Any
) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    await add_organiser(visitor.site, "olga", "viewer")
    look = partial(_find, visitor)
    assert {"There has never been a backup.", "1 organiser has no second factor: olga."} <= await look()
    await visitor.site.database.write(lambda c: activity_log.append(c, activity_log.SERVER, activity_log.BACKUP))
    assert "There has never been a backup." not in await look()
    time.advance(days=3)
    assert "The last backup is 3 days old." in await look()
    set_destruction(visitor.site, date(2026, 11, 1))
    assert any("The destruction day 2026-11-01 is here" in sentence for sentence in await look())


async def _find(visitor: Visitor) -> set[str]:
    async with visitor.site.database.reading() as c:
        look = Look(c, visitor.site, visitor.app.state.public_state.state, visitor.site.address_book, None)
        return {step.sentence for _, step in await next_steps.find_shared(overview_steps.SHARED, look)}


@on_sqlite
async def test_each_is_told_of_their_own_keys_and_factor(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("vera", "viewer")
    assert "are new to you" in (text := await _steps(visitor))
    assert "You have no second factor" in text
    assert "letters" not in text, "nothing that a viewer cannot do"
    page = Html((await visitor.get("/organisers/keys")).text)
    keys = next(a["value"] for a in page.all("button") if a.get("name") == "keys")
    assert (await visitor.post("/organisers/seen", keys=keys)).headers["location"] == "/organisers/"
    assert "are new to you" not in await _steps(visitor)
    await visitor.site.database.write(
        lambda c: c.run(
            "second_factor.insert", id="x", nickname="vera", kind="code", encrypted="", counter=0, added_on="2026-11-22"
        )
    )
    assert await _steps(visitor) == "Nothing waits for you."


@on_sqlite
async def test_every_step_leads_to_a_page_that_is_there(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    await visitor.organiser("marta", "admin")
    page = Html((await visitor.get("/organisers/")).text.partition("What next?")[2].partition("</section>")[0])
    links = {a["href"] for a in page.all("a")}
    assert len(links) >= 3
    for link in links:
        assert (await visitor.get(link)).status_code == 200, link


def test_the_most_urgent_comes_first_and_nobody_sees_what_is_hidden_from_them() -> None:
    later, now = Step(Sentence("later"), "/", Urgency.LATER), Step(Sentence("now"), "/", Urgency.NOW)
    proposed = Step(Sentence("second yes"), "/", Urgency.NOW, hidden_from="olga")
    admins = Step(Sentence("admins"), "/", Urgency.SOON)
    shared = [(Role.ORGANISER, later), (Role.ORGANISER, proposed), (Role.ADMIN, admins)]
    sees = {
        nickname: [step.sentence for step in next_steps.for_organiser(shared, [now], Organiser(nickname, role))]
        for nickname, role in (("olga", Role.ORGANISER), ("marta", Role.ADMIN), ("vera", Role.VIEWER))
    }
    assert sees == {"olga": ["now", "later"], "marta": ["now", "second yes", "admins", "later"], "vera": ["now"]}


@on_sqlite
@pytest.mark.doubtful_sources
async def test_doubtful_sources_are_counted_beside_the_page_and_then_shown(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    assert "old or doubtful" not in await _steps(visitor)
    task = visitor.app.state.overview_figures._doubts._task
    await asyncio.wait({task})
    n = len(task.result())
    assert n > 20
    assert f"{n} facts and addresses are old or doubtful" in await _steps(visitor)
    some = sorted(task.result())[:2]
    await visitor.site.database.write(
        lambda c: c.run("source_checks.save", id=some[0], nickname="olga", today=clock.today().isoformat())
    )
    assert f"{n - 1} facts and addresses are old or doubtful" in await _steps(visitor)


ASKED = ContextVar("ASKED", default=False)  # not in the jobs of the site, which began before


@contextmanager
def _queries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    done: Counter[str] = Counter()
    execute = Connection.execute

    async def executed(c: Connection, sql: str, values: Any = None, **options: Any) -> list[Row]:
        done["all"] += ASKED.get() and sql.startswith("select")
        return await execute(c, sql, values, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", executed)
        asked = ASKED.set(True)
        yield done
        ASKED.reset(asked)


async def test_many_who_watch_cost_four_queries_each(
    time: Clock, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Session, keys, own factor, destruction day; all else is read once, and again after KEPT_SECONDS or a change."""
    await visitor.organiser("olga", "organiser")
    with _queries(monkeypatch) as first:
        await visitor.get("/organisers/live")
    for watchers in (10, 20):
        with _queries(monkeypatch) as many:
            await asyncio.gather(*[visitor.get("/organisers/live") for _ in range(watchers)])
        assert many["all"] <= 4 * watchers
    assert first["all"] <= 40
    for n in range(20):
        await visitor.confirmed(f"a{n}@example.net")
    time.advance(seconds=KEPT_SECONDS)
    with _queries(monkeypatch) as again:
        await asyncio.gather(*[visitor.get("/organisers/live") for _ in range(10)])
    assert again["all"] <= first["all"] + 4 * 9, "twenty signatures more cost nothing more"


@on_sqlite
async def test_looking_for_news_keeps_no_session_alive(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    for minutes in (10, 10, 9):
        time.advance(minutes=minutes)
        answer = await visitor.get("/organisers/live")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
    time.advance(minutes=2)
    assert (await visitor.get("/organisers/live")).status_code == 404


@on_sqlite
async def test_the_live_part_is_that_of_the_page(time: Clock, visit: Visit, tmp_path: Any) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    await visitor.organiser("marta", "admin")
    page, live = [(await visitor.get(path)).text for path in ("/organisers/", "/organisers/live")]
    part = live.partition('<div id="live">')[2].partition("</main>")[0].strip()
    assert part.removesuffix("</div>").strip() in page
    assert "39 days to the deadline." in page


@on_sqlite
async def test_what_is_unusual_wrong_or_proposed_is_said_to_who_can_decide(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    page = Html((await visitor.get("/organisers/")).text).text
    assert "Nothing unusual waits for an explanation." in page
    notice = {"handle": "h", "day": "2026-11-21", "signal": "surge", "subject": "", "cluster": "", "seen": 400}
    await visitor.site.database.write(
        lambda c: c.insert_rows("notices", [{**notice, "usual": 50, "explanation": "", "nickname": ""}])
    )
    await visitor.site.database.write(partial(last_checks.record_audit, all_agree=False))
    await visitor.site.database.write(partial(last_checks.record_doctor, found=[("fix", "disk")]))
    assert "Numbers were counted again, and some do not agree" in (text := await _steps(visitor))
    assert "found what must be fixed: disk." in text
    page = Html((await visitor.get("/organisers/")).text).text
    assert "One unusual thing waits" in page.partition("What next?")[0]
