"""Sessions and the activity log at the desk: organisers end their own, admins all of another's; page by page."""

from functools import partial

from petition.core import tokens
from petition.organisers import activity_log
from tests.conftest import Clock, Visitor, add_organiser
from tests.web.tools import Html, follow_login_link, on_sqlite

BASE = "http://127.0.0.1:8000"


async def _buttons(visitor: Visitor, name: str) -> list[str]:
    page = Html((await visitor.get("/organisers/sessions")).text)
    return [a["value"] for a in page.all("button") if a.get("name") == name]


async def test_one_sees_and_ends_ones_own_sessions(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta", "viewer")
    first = visitor.client.cookies["session"]
    time.advance(minutes=20)
    await follow_login_link(visitor, "marta", BASE)
    second = visitor.client.cookies["session"]
    text = Html((await visitor.get("/organisers/sessions")).text).text
    assert "2026-11-22 12 h, this one 2026-11-22 12 h End" in text
    assert "12:20" not in text, "to the hour"
    assert await _buttons(visitor, "session") == [tokens.secret_hash(second), tokens.secret_hash(first)]
    answer = await visitor.post("/organisers/sessions/end", session=tokens.secret_hash(first))
    assert answer.headers["location"] == "/organisers/sessions"
    assert await _buttons(visitor, "session") == [tokens.secret_hash(second)]
    answer = await visitor.post("/organisers/sessions/end", session=tokens.secret_hash(second))
    assert answer.headers["location"] == "/organisers/login"
    assert "session" not in visitor.client.cookies
    for session in (first, second):
        visitor.client.cookies.set("session", session)
        assert (await visitor.get("/organisers/")).status_code == 404
        visitor.client.cookies.clear()


@on_sqlite
async def test_nobody_ends_anothers_session_by_its_number(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta")
    other = visitor.client.cookies["session"]
    visitor.client.cookies.clear()
    await visitor.organiser("olga", "organiser")
    for wrong in (tokens.secret_hash(other), other, "", "x"):
        assert (await visitor.post("/organisers/sessions/end", session=wrong)).status_code == 404
    visitor.client.cookies.clear()
    visitor.client.cookies.set("session", other)
    assert (await visitor.get("/organisers/")).status_code == 200


async def test_an_admin_ends_all_sessions_of_another(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    other = visitor.client.cookies["session"]
    await visitor.post("/organisers/login", email="olga@example.org")
    link = await visitor.link("olga@example.org", "login")
    visitor.client.cookies.clear()
    await visitor.organiser("marta")
    ended = await visitor.post("/organisers/people/olga/sessions")
    assert ended.headers["location"] == "/organisers/people/olga"
    assert "marta ended all sessions of olga" in Html((await visitor.get("/organisers/record")).text).text
    own = await visitor.post("/organisers/people/marta/sessions")
    assert own.headers["location"] == "/organisers/login"
    assert (await visitor.post(link)).status_code == 404, "links that wait end too"
    visitor.client.cookies.clear()
    visitor.client.cookies.set("session", other)
    assert (await visitor.get("/organisers/")).status_code == 404


@on_sqlite
async def test_everybody_reads_the_whole_record_page_by_page(time: Clock, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "anna")
    for n in range(120):
        write = partial(activity_log.append, who="anna", action="changed a rule", detail=f"number {n}")
        await visitor.site.database.write(write)
    await visitor.organiser("vera", "viewer")
    actions: list[str] = []
    path = "/organisers/record"
    for _ in range(3):
        page = Html((await visitor.get(path)).text)
        actions += [text.strip() for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "td"][2::3]
        (path,) = [a["href"] for a in page.all("a") if a.get("rel") == "next"] or [""]
    assert path == ""
    assert [line for line in actions if "number" in line] == [
        f"changed a rule number {n}" for n in reversed(range(120))
    ]
    assert len(actions) == 123, "anna and vera were added, vera logged in"
    for wrong in ("x", "-1", "1.5", "9" * 13, "²"):
        assert (await visitor.get("/organisers/record", params={"before": wrong})).status_code == 404
    assert (await visitor.get("/organisers/record?before=1")).status_code == 200
