"""Logging in: nobody learns who is an organiser; a link works once, for a short time; a session ends when it should."""

from functools import partial
from pathlib import Path

import pytest

from petition.core.settings import Settings
from petition.organisers import accounts
from petition.web.http import errors
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.public.test_throttled import coming
from tests.web.tools import in_production, on_sqlite


@on_sqlite
async def test_the_page_never_tells_who_is_an_organiser(time: Clock, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "marta")
    seen = set()
    for email in ("marta@example.org", "anna@example.net", "MARTA@example.org ", *["marta@example.org"] * 12):
        answer = await visitor.post("/organisers/login", email=email)
        seen.add((answer.status_code, answer.text, str(answer.headers)))
    assert len(seen) == 1
    await visitor.deliver()
    assert len(visitor.smtp.to("marta@example.org")) == 1, "one fresh link is enough"
    assert visitor.smtp.to("anna@example.net") == []
    text = str(visitor.smtp.mails[0])
    assert not [word for word in ("elarus", "etition", "marta ", "desk") if word in text]


@on_sqlite
async def test_a_stranger_who_asks_for_links_locks_no_organiser_out(
    time: Clock, visit: Visit, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "THROTTLE_DELAY_SECONDS", 0)
    site = await in_production(visit, settings, tmp_path)
    await add_organiser(site.site, "marta", "admin")
    async with coming(site, "198.51.100.7") as stranger, coming(site, "203.0.113.7") as owner:
        before = await owner.post("/organisers/login", email="nobody@example.org")
        for _ in range(3):
            answers = [await stranger.post("/organisers/login", email="marta@example.org") for _ in range(40)]
            assert {answer.status_code for answer in answers} == {200, 429}
            answer = await owner.post("/organisers/login", email="marta@example.org")
            assert (answer.headers, answer.text) == (before.headers, before.text)
            link = await owner.link("marta@example.org", "login", "https://petition.example")
            assert (await owner.post(link)).status_code == 303
            time.advance(hours=9)
    assert len(site.smtp.to("marta@example.org")) == 3


async def test_a_link_works_once(time: Clock, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "marta")
    await visitor.post("/organisers/login", email="marta@example.org")
    link = await visitor.link("marta@example.org", "login")
    for _ in range(3):
        assert (await visitor.get(link)).status_code == 200, "mail scanners fetch it"
    assert (await visitor.get("/organisers/")).status_code == 404
    assert (await visitor.post(link)).status_code == 303
    assert (await visitor.get("/organisers/")).status_code == 200
    visitor.client.cookies.clear()
    again = await visitor.post(link)
    assert (again.status_code, "set-cookie" in again.headers) == (404, False)
    assert (await visitor.get("/organisers/")).status_code == 404


@pytest.mark.parametrize(("minutes", "status"), [(29, 303), (31, 404)])
async def test_a_link_works_for_half_an_hour(minutes: int, status: int, time: Clock, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "marta")
    await visitor.post("/organisers/login", email="marta@example.org")
    link = await visitor.link("marta@example.org", "login")
    time.advance(minutes=minutes)
    assert (await visitor.post(link)).status_code == status


async def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    session = visitor.client.cookies["session"]
    assert (await visitor.post("/organisers/logout")).status_code == 303
    assert "session" not in visitor.client.cookies
    visitor.client.cookies.set("session", session)
    assert (await visitor.get("/organisers/")).status_code == 404


async def test_a_session_ends_by_itself_half_an_hour_after_the_last_look(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    for _ in range(3):
        time.advance(minutes=29)
        assert (await visitor.get("/organisers/")).status_code == 200
    time.advance(minutes=30)
    assert (await visitor.get("/organisers/")).status_code == 404


async def test_who_is_removed_is_out_at_once(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta")
    await visitor.post("/organisers/login", email="marta@example.org")
    link = await visitor.link("marta@example.org", "login")
    await visitor.site.database.write(partial(accounts.remove_organiser, nickname="marta"))
    assert (await visitor.get("/organisers/")).status_code == 404
    assert (await visitor.post(link)).status_code == 404


@on_sqlite
@pytest.mark.parametrize("cookie", ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "' or 1=1 --", "\u00e9", '"', "a" * 3000])
async def test_a_made_up_session_opens_nothing(cookie: str, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "marta")
    answer = await visitor.get("/organisers/", headers={"Cookie": f"session={cookie}".encode("latin-1")})
    assert answer.status_code == 404
