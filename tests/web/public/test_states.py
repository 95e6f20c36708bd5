"""What the calendar changes: each state of the campaign has its own page and its own rule for the form."""

from pathlib import Path

import pytest

from petition.core.tokens import Purpose
from petition.retention import close
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.tools import Html, all_rows, campaign, in_each_language, on_sqlite, run_background_jobs, token

# The clock is at 22 November 2026.
STATES = {
    "before": {"opens": "2026-11-23"},
    "open": {"opens": "2026-11-22", "deadline": "2026-11-22"},
    "passed": {"deadline": "2026-11-21"},
    "met": {"met": "2026-11-22"},
    "archived": {"met": "2026-11-01", "archived": "2026-11-22"},
}
SAYS = {
    "before": "Signing has not begun yet",
    "passed": "The deadline has passed",
    "met": "The demand has been met",
    "archived": "This campaign is over",
}


@pytest.mark.parametrize("state", STATES)
async def test_the_form_is_there_while_one_can_sign(state: str, time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", **STATES[state]))
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    page = whole(await visitor.get("/en/"), "en")
    for name, sentence in SAYS.items():
        assert (sentence in page.text) == (name == state)
    signing = state in ("open", "passed")
    assert ("/en/sign" in str(page.all("form"))) == signing

    answer = await visitor.sign("anna@example.net")
    assert answer.status_code == (303 if signing else 403)
    if not signing:
        private(answer)
        assert SAYS[state] in Html(answer.text).text
        assert await all_rows(visitor.site) == before


@on_sqlite
@in_each_language
async def test_every_state_has_its_page_in_every_language(lang: str, time: Clock, visit: Visit, tmp_path: Path) -> None:
    said = set()
    for state, dates in STATES.items():
        visitor: Visitor = await visit(campaign=campaign(tmp_path / state, **dates))
        said.add(" ".join(whole(await visitor.get(f"/{lang}/"), lang).text.split()))
    assert len(said) == len(STATES)


async def test_a_link_waits_while_signing_is_closed(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "open"))
    await visitor.sign("anna@example.net")
    link = await visitor.link("anna@example.net")
    closed: Visitor = await visit(campaign=campaign(tmp_path / "met", met="2026-11-22"))
    page = Html((await closed.get(link)).text)
    assert "Signing is closed at the moment" in page.text
    assert page.all("form") == []
    await run_background_jobs(closed.site)
    before = await all_rows(closed.site)
    assert (await closed.post(link)).status_code == 403
    assert await all_rows(closed.site) == before


async def test_once_everything_is_destroyed_nobody_can_sign(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    await visitor.sign("boris@example.net")
    waiting = await visitor.link("boris@example.net")
    await close.close_signing(visitor.site.database, visitor.site.server_keys, None)
    await visitor.app.state.public_state.refresh()
    page = whole(await visitor.get("/en/"), "en")
    assert "Signing has ended" in page.text
    assert page.all("form") == []
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    assert (await visitor.sign("carla@example.net")).status_code == 403
    assert (await visitor.post("/en/manage", email="anna@example.net")).status_code == 403
    for answer in (await visitor.get(waiting), await visitor.post(waiting)):
        assert answer.status_code == 404
        private(answer)
        assert "Signing has ended" in whole(answer, "en").text
    assert await all_rows(visitor.site) == before


async def test_the_page_of_a_link_shows_what_will_be_confirmed(time: Clock, visitor: Visitor) -> None:
    name = "Anna O'Neill <script>alert(1)</script> & #import"
    await visitor.sign("anna@example.net", "LT", named="on", name=name, updates="on")
    answer = await visitor.get(await visitor.link("anna@example.net"))
    assert "<script>" not in answer.text
    shown = Html(answer.text).text
    assert name in shown
    assert "Lithuania" in shown
    assert "Yes, please" in shown

    await visitor.sign("boris@example.net", "BY", name="Not To Be Printed")
    shown = Html((await visitor.get(await visitor.link("boris@example.net"))).text).text
    assert "In Belarus, or I prefer not to say" in shown
    assert "Printed" not in shown
    assert "No name" in shown
    assert "Yes, please" not in shown
    assert "boris@example.net" not in shown


@pytest.mark.parametrize("kind", ["confirm", "manage", "never-write"])
async def test_one_page_serves_every_link_that_does_not_work(kind: str, time: Clock, visitor: Visitor) -> None:
    await visitor.post(
        "/en/manage" if kind == "manage" else "/en/sign", email="a@example.net", country="PL", consent="on"
    )
    live = await visitor.link("a@example.net", kind)
    wrong = {purpose.value: token(visitor, purpose) for purpose in Purpose}  # signed well, with an unknown secret
    bad = [live[:-1], live + "x", live[:-1] + "\u00e9", *[f"/en/{kind}/{t}" for t in ("x", "%00", *wrong.values())]]
    answers = [await visitor.post(path, action="withdraw") for path in bad]
    answers += [await visitor.get(path) for path in bad if wrong[kind] not in path]
    time.advance(days=15)
    answers += [await visitor.post(live, action="withdraw")]
    if kind != "never-write":  # that page takes the wish back too, years later
        answers.append(await visitor.get(live))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    private(answers[0])
    page = whole(answers[0], "en")
    assert "Nothing has changed" in page.text
    assert page.all("form") or [a for a in page.all("a") if a.get("href") == "/en/#sign"]
