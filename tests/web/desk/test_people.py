"""People at the desk: invited, given another role, helped with a link, reset, removed; nobody locks themselves out."""

import re
from functools import partial
from pathlib import Path

import pytest

from petition.core import clock
from petition.core.settings import Settings
from petition.organisers import sessions, totp
from petition.organisers.second_factor import MAX_WRONG_CODES, RECENT_FACTOR_SECONDS
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.tools import (
    BATCH,
    Html,
    all_rows,
    code,
    follow_login_link,
    in_production,
    on_sqlite,
    run_background_jobs,
    set_up_codes,
)

PEOPLE = {"marta": "admin", "vera": "admin", "olga": "organiser", "ada": "viewer"}


@pytest.fixture
async def desk(time: Clock, visitor: Visitor) -> Visitor:
    """A demo with two admins, an organiser and a viewer; marta is logged in."""
    for nickname, role in PEOPLE.items():
        await add_organiser(visitor.site, nickname, role)
    await run_background_jobs(visitor.site)
    await _as(visitor, "marta")
    return visitor


async def _as(visitor: Visitor, nickname: str) -> str:
    """Logs somebody in, in place of the last one. Returns the cookie."""
    begin = partial(sessions._create_session, nickname=nickname, authenticated=True)
    cookie = await visitor.site.database.write(begin)
    visitor.client.cookies.clear()
    visitor.client.cookies.set("session", cookie)
    return cookie


def _with(visitor: Visitor, cookie: str) -> None:
    visitor.client.cookies.clear()
    visitor.client.cookies.set("session", cookie)


async def _roles(visitor: Visitor) -> dict[str, str]:
    page = Html((await visitor.get("/organisers/people")).text)
    cells = [
        text.strip().removesuffix(" (you)")
        for (tag, _), text in zip(page.tags, page.texts, strict=True)
        if tag in ("th", "a", "td")
    ]
    return {nickname: cells[cells.index(nickname) + 1] for nickname in PEOPLE if nickname in cells}


async def _last_line(visitor: Visitor) -> str:
    page = Html((await visitor.get("/organisers/record")).text)
    cells = [text.strip() for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "td"]
    return " ".join(cells[1:3])


async def test_everybody_sees_who_is_there(desk: Visitor) -> None:
    for nickname, role in PEOPLE.items():
        await _as(desk, nickname)
        text = Html((await desk.get("/organisers/people")).text).text
        assert all(f"{name}" in text for name in PEOPLE)
        assert f"{nickname} (you)" in text
        assert ("Invite somebody" in text, "Second factor" in text.partition("Nickname")[2].partition("ada")[0]) == (
            role == "admin",
            role == "admin",
        )


async def test_who_is_invited_logs_in_with_an_emailed_link(desk: Visitor) -> None:
    answer = await desk.post("/organisers/people", nickname="nina", email=" Nina@Example.org", role="viewer")
    assert answer.headers["location"] == "/organisers/people/nina"
    assert "nina may log in now, as viewer." in Html((await desk.get("/organisers/people/nina")).text).text
    assert await _last_line(desk) == "marta added nina, viewer"
    assert desk.smtp.mails == [], "nobody gets an email that they have not asked for"
    assert "example.org" not in str(await all_rows(desk.site)).lower()
    await follow_login_link(desk, "nina", "http://127.0.0.1:8000")
    assert (await desk.get("/organisers/people")).status_code == 200
    assert (await desk.get("/organisers/people/nina")).status_code == 404


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"nickname": "a b"}, "nickname", "2 to 40"),
        ({"nickname": "olga"}, "nickname", "already"),
        ({"email": "olga@example.org"}, "nickname", "already"),
        ({"email": "nobody"}, "email", "no @"),
        ({"role": "king"}, "role", "Choose"),
    ],
)
async def test_a_bad_invitation_says_why_and_loses_nothing(
    typed: dict[str, str], field: str, sentence: str, desk: Visitor
) -> None:
    fields = {"nickname": "nina", "email": "nina@example.org", "role": "viewer"} | typed
    answer = await desk.post("/organisers/people", **fields)
    page = Html(answer.text)
    assert (answer.status_code, sentence in page.error(field)) == (422, True)
    assert all(page.fields()[name] == fields[name] for name in ("nickname", "email"))
    assert page.fields().get("role") == (None if "role" in typed else "viewer")


async def test_a_changed_role_counts_at_once_where_somebody_is_logged_in(desk: Visitor) -> None:
    olga = await _as(desk, "olga")
    marta = await _as(desk, "marta")
    sure = await desk.post("/organisers/people/olga/role", shown="organiser", role="viewer")
    assert "olga loses this: also acts: names, letters, answers." in Html(sure.text).text
    assert (await _roles(desk))["olga"] == "organiser", "not yet"
    answer = await desk.post("/organisers/people/olga/role", **Html(sure.text).fields())
    assert answer.headers["location"] == "/organisers/people/olga"
    assert await _last_line(desk) == "marta changed the role of olga: organiser to viewer"
    _with(desk, olga)
    assert [(await desk.get(f"/organisers/{page}")).status_code for page in ("", "letters")] == [200, 404]
    _with(desk, marta)
    up = await desk.post("/organisers/people/olga/role", shown="viewer", role="admin")
    assert up.status_code == 303, "who gets more is not asked for twice"
    _with(desk, olga)
    assert (await desk.get("/organisers/people/ada")).status_code == 200


async def test_the_second_of_two_admins_sees_what_the_first_did(desk: Visitor) -> None:
    page = Html((await desk.get("/organisers/people/olga")).text)
    assert page.fields()["shown"] == "organiser"
    vera = await _as(desk, "vera")
    await desk.post("/organisers/people/olga/role", shown="organiser", role="admin")
    await desk.post("/organisers/people/ada/remove", shown="viewer", sure="on")
    await _as(desk, "marta")
    before = await all_rows(desk.site)
    for change in ("role", "link", "reset", "remove"):
        late = await desk.post(f"/organisers/people/olga/{change}", shown="organiser", role="viewer", sure="on")
        assert (late.status_code, "Somebody else has made olga admin" in late.text) == (409, True), change
        late = await desk.post(f"/organisers/people/ada/{change}", shown="viewer", role="organiser", sure="on")
        assert (late.status_code, "Somebody else has removed ada" in late.text) == (409, True), change
    assert await all_rows(desk.site) == before
    await desk.post("/organisers/people/vera/role", shown="admin", role="organiser", sure="on")
    _with(desk, vera)
    assert (await desk.post("/organisers/people/marta/remove", shown="admin", sure="on")).status_code == 404


@on_sqlite
async def test_a_login_link_is_shown_once_and_works_once(desk: Visitor) -> None:
    page = await desk.post("/organisers/people/olga/link", shown="organiser")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "works once, for 30 minutes" in Html(page.text).text
    (link,) = re.findall(r"http://127\.0\.0\.1:8000(/organisers/login/[\w.-]+)", page.text)
    assert link not in (await desk.get("/organisers/people/olga")).text
    assert await _last_line(desk) == "marta made a login link for olga"
    desk.client.cookies.clear()
    assert (await desk.post(link)).status_code == 303
    assert "olga (you)" in Html((await desk.get("/organisers/people")).text).text
    assert (await desk.post(link)).status_code == 404


async def test_who_lost_a_factor_is_reset_and_who_leaves_is_removed_after_a_second_question(desk: Visitor) -> None:
    cookies = {nickname: await _as(desk, nickname) for nickname in ("olga", "ada")}
    await _as(desk, "marta")
    for nickname, change, line in (("olga", "reset", "took the second factors from"), ("ada", "remove", "removed")):
        before = await all_rows(desk.site)
        asked = await desk.post(f"/organisers/people/{nickname}/{change}", shown=PEOPLE[nickname])
        assert (asked.status_code, "What follows" in asked.text) == (200, True)
        assert await all_rows(desk.site) == before
        assert (
            await desk.post(f"/organisers/people/{nickname}/{change}", **Html(asked.text).fields())
        ).status_code == 303
        assert await _last_line(desk) == f"marta {line} {nickname}"
    assert await _roles(desk) == {"marta": "admin", "vera": "admin", "olga": "organiser"}
    for cookie in cookies.values():
        _with(desk, cookie)
        assert (await desk.get("/organisers/")).status_code == 404


async def test_nobody_locks_themselves_out(desk: Visitor) -> None:
    page = (await desk.get("/organisers/people/marta")).text
    assert "This is you" in page
    before = await all_rows(desk.site)
    for change in ("role", "link", "reset", "remove"):
        assert f"marta/{change}" not in page
        for role in ("viewer", "admin"):
            answer = await desk.post(f"/organisers/people/marta/{change}", shown="admin", role=role, sure="on")
            assert (answer.status_code, "Ask another admin" in answer.text) == (409, True)
    assert await all_rows(desk.site) == before


@on_sqlite
async def test_a_person_who_is_not_there_has_no_page(desk: Visitor) -> None:
    for nickname in ("nobody", "Marta", "%00", "a'--"):
        assert (await desk.get(f"/organisers/people/{nickname}")).status_code == 404
        assert (await desk.post(f"/organisers/people/{nickname}/sessions")).status_code == 404
    assert (await desk.post("/organisers/people/olga/role", shown="organiser")).status_code == 422


@pytest.fixture
async def production(visit: Visit, settings: Settings, tmp_path: Path, time: Clock) -> tuple[Visitor, bytes]:
    """marta, an admin, logged in half an hour ago with the codes of an app, and used the desk since; olga is there."""
    visitor = await in_production(visit, settings, tmp_path)
    for nickname in ("marta", "olga"):
        await add_organiser(visitor.site, nickname, "admin")
    await follow_login_link(visitor, "marta")
    key = await set_up_codes(visitor)
    time.advance(seconds=RECENT_FACTOR_SECONDS)
    await visitor.get("/organisers/")
    return visitor, key


CHANGES = {
    "": {"nickname": "nina", "email": "nina@example.org", "role": "viewer"},
    "/olga/role": {"shown": "admin", "role": "viewer", "sure": "on"},
    "/olga/link": {"shown": "admin"},
    "/olga/reset": {"shown": "admin", "sure": "on"},
    "/olga/remove": {"shown": "admin", "sure": "on"},
}


async def _people_rows(visitor: Visitor) -> dict[str, list[str]]:
    """Of the tables that a change of a person touches; the jobs of the site write to others during this."""
    rows = await all_rows(visitor.site)
    return {name: rows[name] for name in ("organisers", "factors", "sessions", "links", "actions")}


@on_sqlite
@pytest.mark.parametrize("change", CHANGES)
async def test_a_stolen_session_changes_nobody_without_the_second_factor(
    change: str, production: tuple[Visitor, bytes], time: Clock
) -> None:
    (visitor, key), typed = production, CHANGES[change]
    before = await _people_rows(visitor)
    asked = await visitor.post(f"/organisers/people{change}", **typed)
    assert (asked.status_code, await _people_rows(visitor)) == (403, before)
    assert {n: v for n, v in Html(asked.text).fields().items() if n != "factor-code"} == typed, "nothing is lost"
    wrong = await visitor.post(f"/organisers/people{change}", **typed, **{"factor-code": "000000x"})
    assert (wrong.status_code, "That did not work" in wrong.text) == (403, True)
    made = await visitor.post(f"/organisers/people{change}", **typed, **{"factor-code": code(key)})
    assert made.status_code == (200 if "link" in change else 303)
    for other, fields in CHANGES.items():
        if change in ("", "/olga/link") and other:
            assert (await visitor.post(f"/organisers/people{other}", **fields)).status_code in (200, 303, 409), other
    time.advance(seconds=RECENT_FACTOR_SECONDS)
    assert (await visitor.post(f"/organisers/people{change}", **typed)).status_code == 403


@on_sqlite
@pytest.mark.parametrize("change", ["switches/signing", "set-aside/b1/agree", "set-aside/b1/undo"])
async def test_a_stolen_session_turns_no_switch_and_sets_nothing_aside(
    change: str, production: tuple[Visitor, bytes]
) -> None:
    visitor, key = production
    await visitor.site.database.write(lambda c: c.execute(BATCH))
    typed = {"value": "paused", "reason": "A test of the switch.", "version": "0", "sure": "on"}
    before = await all_rows(visitor.site)
    assert (await visitor.post(f"/organisers/{change}", **typed)).status_code == 403
    after = await all_rows(visitor.site)
    assert all(after[name] == before[name] for name in ("switches", "batches"))
    made = await visitor.post(f"/organisers/{change}", **typed, **{"factor-code": code(key)})
    assert made.status_code == (303 if "switches" in change else 409)


@on_sqlite
async def test_codes_that_are_asked_for_again_are_guarded_as_at_the_login(
    production: tuple[Visitor, bytes], time: Clock
) -> None:
    visitor, key = production
    for _ in range(MAX_WRONG_CODES):
        await visitor.post("/organisers/people/olga/link", shown="admin", **{"factor-code": "000000x"})
    right = {"shown": "admin", "factor-code": totp.code_at(key, clock.epoch() // totp.STEP_SECONDS)}
    assert (await visitor.post("/organisers/people/olga/link", **right)).status_code == 403, "codes are locked"
    assert "gave a wrong code 5 times" in (await visitor.get("/organisers/record")).text
