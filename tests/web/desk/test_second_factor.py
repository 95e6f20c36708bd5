"""The second factor at login: in production a mailbox alone opens nothing; a demo asks those who have set one up."""

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

from petition.core.settings import Settings
from petition.organisers import public_keys, totp
from petition.organisers.second_factor import LOCK_SECONDS, MAX_WRONG_CODES
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.tools import (
    Html,
    all_rows,
    code,
    follow_login_link,
    for_all,
    in_production,
    on_sqlite,
    run_background_jobs,
    set_up_codes,
)

DESK = ("/organisers/", "/organisers/sessions", "/organisers/record", "/organisers/signatures.csv")


@pytest.fixture
async def production(visit: Visit, settings: Settings, tmp_path: Path, time: Clock) -> Visitor:
    """A visitor of a site in production, where marta is an admin."""
    visitor = await in_production(visit, settings, tmp_path)
    await add_organiser(visitor.site, "marta", "admin")
    return visitor


async def test_the_first_login_sets_a_factor_up_and_opens_nothing_before(production: Visitor) -> None:
    answer = await follow_login_link(production, "marta")
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/factor")
    answer = await production.get("/organisers/factor")
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/factors")
    for path in DESK:
        assert (await production.get(path)).status_code == 404, path
    assert 'href="/organisers/record"' not in (await production.get("/organisers/factors")).text
    before = production.client.cookies["__Host-session"]
    await set_up_codes(production)
    assert production.client.cookies["__Host-session"] != before, "a new number"
    for path in DESK:
        assert (await production.get(path)).status_code == 200, path
    production.client.cookies.clear()
    production.client.cookies.set("__Host-session", before)
    assert (await production.get("/organisers/factors")).status_code == 404


async def test_each_later_login_asks_for_it(production: Visitor, time: Clock) -> None:
    await follow_login_link(production, "marta")
    key = await set_up_codes(production)
    time.advance(minutes=1)
    assert (await follow_login_link(production, "marta")).headers["location"] == "/organisers/factor"
    assert (await production.get("/organisers/factors")).headers["location"] == "/organisers/factor"
    assert (await production.post("/organisers/factors", code=code(key))).status_code == 303
    for path in DESK:
        assert (await production.get(path)).status_code == 404, path
    half = production.client.cookies["__Host-session"]
    wrong = await production.post("/organisers/factor", code="000000x")
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (403, False)
    assert "That did not work" in Html(wrong.text).text
    right = await production.post("/organisers/factor", code=code(key))
    assert (right.status_code, right.headers["location"]) == (303, "/organisers/")
    assert production.client.cookies["__Host-session"] != half
    assert (await production.get("/organisers/")).status_code == 200
    assert (await production.get("/organisers/factor")).headers["location"] == "/organisers/"


async def test_the_answer_is_the_same_for_wrong_used_and_waiting(production: Visitor, time: Clock) -> None:
    await follow_login_link(production, "marta")
    key = await set_up_codes(production)
    await follow_login_link(production, "marta")
    used = code(key)
    answers = [
        await production.post("/organisers/factor", code=typed) for typed in (used, *["000000x"] * MAX_WRONG_CODES)
    ]
    time.advance(minutes=1)
    answers += [await production.post("/organisers/factor", code=typed) for typed in ("", code(key))]
    answers.append(await production.post("/organisers/factor", passkey="{}"))
    assert {(answer.status_code, answer.text) for answer in answers} == {(403, answers[0].text)}
    time.advance(seconds=LOCK_SECONDS)
    await follow_login_link(production, "marta")
    assert (await production.post("/organisers/factor", code=code(key))).status_code == 303
    page = Html((await production.get("/organisers/record")).text)
    assert "marta gave a wrong code 5 times" in page.text


@on_sqlite
async def test_the_page_of_the_set_up_writes_nothing_and_has_no_foreign_picture(production: Visitor) -> None:
    await follow_login_link(production, "marta")
    await run_background_jobs(production.site)
    before = await all_rows(production.site)
    pages = {(await production.get("/organisers/factors")).text for _ in range(3)}
    assert await all_rows(production.site) == before
    (text,) = pages
    page = Html(text)
    assert page.all("svg")
    assert not [a for _, a in page.tags if "style" in a or "onclick" in a]
    scripts = [a["src"].partition("?")[0] for a in page.all("script")]
    assert sorted(scripts) == ["/static/organisers.js", "/static/petition.js"]
    assert text.count("<script") == 2


@on_sqlite
async def test_factors_change_only_soon_after_a_login(production: Visitor, time: Clock) -> None:
    await follow_login_link(production, "marta")
    key = await set_up_codes(production)
    page = Html((await production.get("/organisers/factors")).text)
    assert "codes of an app, since 2026-11-22" in page.text
    assert "Remove" not in page.text, "it is the last"
    assert (await production.post("/organisers/factors", remove="x")).status_code == 404
    time.advance(minutes=14, seconds=59)
    assert (await production.post("/organisers/factors", code=code(key))).status_code == 422, "one app each"
    time.advance(seconds=1)
    assert "log out and in again" in Html((await production.get("/organisers/factors")).text).text
    assert (await production.post("/organisers/factors", code=code(key))).status_code == 403


@on_sqlite
async def test_a_challenge_says_what_a_browser_needs(production: Visitor) -> None:
    await follow_login_link(production, "marta")
    answers = [await production.post("/organisers/factor/challenge") for _ in range(2)]
    options = [json.loads(answer.text) for answer in answers]
    assert options[0]["challenge"] != options[1]["challenge"]
    assert (options[0]["rp"]["id"], options[0]["user"]["name"]) == ("petition.example", "marta")
    assert options[0]["authenticatorSelection"]["userVerification"] == "required"
    assert options[0]["attestation"] == "none"
    assert answers[0].headers["cache-control"] == "no-store"
    await set_up_codes(production)
    await follow_login_link(production, "marta")
    options = json.loads((await production.post("/organisers/factor/challenge")).text)
    assert (options["rpId"], options["userVerification"]) == ("petition.example", "required")
    assert "user" not in options


@on_sqlite
async def test_whatever_is_typed_opens_nothing(production: Visitor, time: Clock) -> None:
    await follow_login_link(production, "marta")
    await set_up_codes(production)
    await follow_login_link(production, "marta")
    half = production.client.cookies["__Host-session"]
    garbled = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(("id", "rawId", "type", "response")) | st.text(), inner)
        ),
    )
    fields = st.sampled_from(("code", "passkey")), st.text() | garbled.map(json.dumps)

    async def check(typed: tuple[str, str]) -> None:
        await production.post("/organisers/factor/challenge")
        for path in ("factor", "factors"):
            answer = await production.post(f"/organisers/{path}", **{typed[0]: typed[1]})
            assert answer.status_code in (303, 403), answer.status_code
        assert production.client.cookies["__Host-session"] == half
        assert (await production.get("/organisers/")).status_code == 404

    await for_all(st.tuples(*fields), check)


@on_sqlite
async def test_a_demo_says_that_it_asks_for_none_and_then_asks_whoever_set_one_up(
    time: Clock, visitor: Visitor
) -> None:
    await visitor.organiser("marta")
    assert "You have no second factor" in Html((await visitor.get("/organisers/")).text).text
    key = await set_up_codes(visitor)
    time.advance(minutes=1)
    base = "http://127.0.0.1:8000"
    assert (await follow_login_link(visitor, "marta", base)).headers["location"] == "/organisers/factor"
    assert (await visitor.get("/organisers/")).status_code == 404
    assert (await visitor.post("/organisers/factor", code=code(key))).status_code == 303
    assert "You have no second factor" not in (await visitor.get("/organisers/")).text
    page = Html((await visitor.get("/organisers/factors")).text)
    assert "Browsers make passkeys only for a name" in page.text, "and 127.0.0.1 is none"
    assert (await visitor.post("/organisers/factor/challenge")).status_code == 404
    (factor,) = [a["value"] for a in page.all("button") if a.get("name") == "remove"]
    assert (await visitor.post("/organisers/factors", remove=factor)).status_code == 303
    assert (await follow_login_link(visitor, "marta", base)).headers["location"] == "/organisers/"
    assert totp.format_secret(key) not in (await visitor.get("/organisers/factors")).text, (
        "each session is offered another"
    )


@on_sqlite
async def test_other_keys_are_announced_at_the_desk_until_they_are_seen(
    time: Clock, visitor: Visitor, visit: Visit
) -> None:
    await visitor.organiser("marta")
    (own,) = public_keys.fingerprints(visitor.site.settings.recipients)

    async def desk() -> Html:
        return Html((await visitor.get("/organisers/keys")).text)

    assert "/organisers/keys" in {a.get("href") for a in Html((await visitor.get("/organisers/")).text).all("a")}
    assert "New to you" in (await desk()).text
    assert (await visitor.post("/organisers/seen", keys="0000000000000000")).status_code == 303
    assert "New to you" in (await desk()).text, "those are not what they were shown"
    assert (await visitor.post("/organisers/seen", keys=own)).status_code == 303
    page = await desk()
    assert "New to you" not in page.text
    assert own in page.text
    assert f"marta saw the keys {own}" in Html((await visitor.get("/organisers/record")).text).text
    other = await visit(recipients=(*visitor.site.settings.recipients, "age1" + "q" * 58)[:1] * 2)
    other.client.cookies.set("session", visitor.client.cookies["session"])
    assert "New to you" not in (await other.get("/organisers/")).text, "the same key, named twice"
