"""A form that comes after its session has ended: what was typed stays in the page, and is sent again after a login."""

from functools import partial

import pytest

from petition.organisers import sessions
from petition.organisers.sessions import IDLE_TIMEOUT, SESSION_LIFETIME
from tests.conftest import Clock, Visitor, add_organiser
from tests.web.desk.test_addressees import TYPED
from tests.web.tools import FORM, Html, all_rows, follow_login_link, on_sqlite, run_background_jobs

BASE = "http://127.0.0.1:8000"
FORMS = ("/organisers/book/CY", "/organisers/people", "/organisers/no-such-page", "/organisers/record")


async def test_what_was_typed_is_sent_again_after_a_new_login(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta")
    old = visitor.client.cookies["session"]
    time.advance(seconds=IDLE_TIMEOUT)
    await run_background_jobs(visitor.site)  # nothing is left of the session
    before = await all_rows(visitor.site)
    note = 'Two lines:\r\n"quoted", <b>bold</b> & Жлобін\r\n'
    typed = TYPED | {"note": note}
    kept = await visitor.post("/organisers/book/CY", **typed)
    assert (kept.status_code, await all_rows(visitor.site)) == (403, before), "the server keeps nothing"
    page = Html(kept.text)
    assert page.fields() == typed
    assert ("nothing is lost" in page.text, "<b>bold" in kept.text) == (True, False)
    (login,) = [a for a in page.all("a") if a.get("href") == "/organisers/login" and a.get("target") == "_blank"]
    assert login["rel"] == "noopener"
    assert [a.get("action", "") for a in page.all("form") if a.get("method") == "post"] == [""], "to the same address"

    too_early = await visitor.post("/organisers/book/CY", **page.fields())
    assert Html(too_early.text).fields() == typed, "however often"
    await follow_login_link(visitor, "marta", BASE)
    assert visitor.client.cookies["session"] != old
    saved = await visitor.post("/organisers/book/CY", **page.fields())
    assert (saved.status_code, saved.headers["location"]) == (303, "/organisers/letters")


@on_sqlite
@pytest.mark.parametrize("cookie", ["", "ended", "made up", "half"])
async def test_the_page_tells_nobody_which_addresses_there_are(cookie: str, time: Clock, visitor: Visitor) -> None:
    """And strangers, who have no cookie, get what they get for any page."""
    await add_organiser(visitor.site, "marta", "admin")
    begin = partial(sessions._create_session, nickname="marta", authenticated=cookie != "half")
    secret = await visitor.site.database.write(begin)
    if cookie == "ended":
        await visitor.site.database.write(partial(sessions.end_all_sessions, nickname="marta"))
    values = {"": {}, "made up": {"Cookie": "session=x"}}.get(cookie, {"Cookie": f"session={secret}"})
    seen = set()
    for path in FORMS:
        posted = await visitor.client.post(path, data={"email": "a@example.org"}, headers=values)
        got, put = [await visitor.client.request(method, path, headers=values) for method in ("GET", "PUT")]
        seen.add((posted.status_code, posted.text, got.status_code, got.text, put.status_code, put.text))
    ((status, text, *_),) = seen
    assert (status, "a@example.org" in text) == ((403, True) if cookie else (404, False))


@on_sqlite
async def test_who_is_logged_in_and_may_not_is_told_nothing(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada", "viewer")
    answers = {(await visitor.post(path, email="a@example.org")).text for path in FORMS}
    (text,) = answers
    assert "There is no such page" in text


@on_sqlite
async def test_another_site_gets_no_page_with_its_text_in_it(time: Clock, visitor: Visitor) -> None:
    visitor.client.cookies.set("session", "x")
    answer = await visitor.client.post(
        "/organisers/book/CY", data={"note": "planted"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (answer.status_code, "planted" in answer.text) == (403, False)


@on_sqlite
async def test_no_code_is_shown_again_and_what_is_no_form_is_refused(time: Clock, visitor: Visitor) -> None:
    visitor.client.cookies.set("session", "x")
    for path in ("/organisers/factor", "/organisers/factors"):
        answer = await visitor.post(path, code="123456", passkey="{}")
        assert (answer.status_code, "123456" in answer.text, "Send again" in answer.text) == (403, False, False)
    many = "&".join(f"f{n}=1" for n in range(300))
    answer = await visitor.client.post("/organisers/book/CY", content=many, headers={"Content-Type": FORM})
    assert answer.status_code == 400
    answer = await visitor.client.post(
        "/organisers/book/CY", content="{}", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 415


@on_sqlite
async def test_the_cookie_lives_longer_than_its_session(time: Clock, visitor: Visitor) -> None:
    """So that a form is kept in the evening that was begun in the morning."""
    await add_organiser(visitor.site, "marta")
    answer = await follow_login_link(visitor, "marta", BASE)
    cookie = answer.headers["set-cookie"]
    assert f"Max-Age={SESSION_LIFETIME * 2}" in cookie
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict"))
