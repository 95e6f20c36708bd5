"""GET and HEAD change nothing on any address, at any number of calls; only organisers get a cookie, for one site."""

from functools import partial
from http.cookies import Morsel, SimpleCookie

import httpx2

from petition.core.tokens import Purpose
from petition.organisers import accounts
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.tools import all_rows, allow_all_annexes, on_sqlite, pass_names, paths, run_background_jobs, token

_FILES = ("letters.zip", "letters/PL.docx", "annexes/PL.pdf", "signatures.csv", "news.csv", "texts.zip")
DOWNLOADS = [f"/organisers/{name}" for name in _FILES]
SEEN = ["/organisers/letters/PL.html", "/organisers/names/PL/new"]  # written down too, although nothing is downloaded


async def _live_links(visitor: Visitor) -> list[str]:
    """A waiting submission, a manage link, a login link: each as in its email."""
    await visitor.confirmed("boris@example.net", "DE")
    await visitor.sign("anna@example.net", named="on", name="Anna Nowak", updates="on")
    links = [await visitor.link("anna@example.net"), await visitor.link("anna@example.net", "never-write")]
    await visitor.post("/en/manage", email="boris@example.net")
    links.append(await visitor.link("boris@example.net", "manage"))
    await add_organiser(visitor.site, "olga")
    await visitor.post("/organisers/login", email="olga@example.org")
    return [*links, await visitor.link("olga@example.org", "login")]


async def test_reading_changes_nothing(time: Clock, visitor: Visitor) -> None:
    links = await _live_links(visitor)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for path in [*paths("GET"), *paths("HEAD"), *links, *links, "/static/petition.css", "/nowhere"]:
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = await visitor.client.request(method, path)
            assert answer.status_code < 500, path
            assert "set-cookie" not in answer.headers, path
            assert answer.status_code == 200 or path not in links or method == "OPTIONS"
    assert await all_rows(visitor.site) == before
    for link in links:
        assert (await visitor.client.post(link, data={"action": "show"})).status_code in (200, 303), link


async def test_reading_as_an_organiser_changes_nothing_but_the_record(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", named="on", name="Anna Nowak")
    time.advance(days=4)
    await pass_names(visitor.site)
    await allow_all_annexes(visitor.site)
    await visitor.organiser("marta", "admin")
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for path in paths("GET"):
        assert (await visitor.client.head(path)).status_code < 500, path
        if path not in DOWNLOADS + SEEN:
            assert (await visitor.get(path)).status_code < 500, path
    assert await all_rows(visitor.site) == before
    for path in DOWNLOADS + SEEN:
        assert (await visitor.get(path)).status_code == 200
    after = await all_rows(visitor.site)
    assert len(after.pop("actions")) == len(before.pop("actions")) + len(DOWNLOADS + SEEN)
    assert after == before


@on_sqlite
async def test_head_answers_as_get_without_a_body(time: Clock, visitor: Visitor) -> None:
    for path in [*paths("GET"), f"/en/confirm/{token(visitor, Purpose.CONFIRM)}"]:
        got, head = await visitor.get(path), await visitor.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert _steady(head) == _steady(got)


def _steady(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in ("date", "content-length")}


@on_sqlite
async def test_visitors_get_no_cookie(visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    await visitor.post("/en/manage", email="anna@example.net")
    manage = await visitor.link("anna@example.net", "manage")
    for action in ("show", "unname", "stop_updates", "withdraw"):
        await visitor.post(manage, action=action)
    assert (await visitor.get("/en/thanks?country=PL")).status_code == 200
    assert dict(visitor.client.cookies) == {}


async def _logged_in(visitor: Visitor) -> Morsel[str]:
    await add_organiser(visitor.site, "marta")
    number = await visitor.site.database.write(
        partial(accounts.make_login_link, server_keys=visitor.site.server_keys, nickname="marta")
    )
    answer = await visitor.post(f"/organisers/login/{token(visitor, Purpose.LOGIN, number)}")
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert len(answer.headers.get_list("set-cookie")) == 1
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return cookie


@on_sqlite
async def test_the_cookie_of_an_organiser_is_for_this_site_alone(visitor: Visitor) -> None:
    cookie = await _logged_in(visitor)
    assert cookie.key == "session"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["domain"], cookie["secure"]) == ("", "")
    # The session ends after 12 hours at most; the cookie opens nothing then, but a form that comes late is not lost.
    assert 0 < int(cookie["max-age"]) <= 24 * 3600


@on_sqlite
async def test_over_https_the_cookie_is_bound_to_host_and_https(visit: Visit) -> None:
    visitor = await visit(base_url="https://127.0.0.1")
    cookie = await _logged_in(visitor)
    assert cookie.key == "__Host-session"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["domain"], cookie["secure"]) == ("", True)
    assert (await visitor.get("/organisers/")).status_code == 200
    answer = await visitor.post("/organisers/logout")
    assert 'session="";' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await visitor.get("/organisers/")).status_code == 404
