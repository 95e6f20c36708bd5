"""The complete journey as stories, over HTTP, with a real SMTP server between, on both databases."""

import io
import re

import pytest
from pypdf import PdfReader

from petition.tally import audit
from tests.conftest import Clock, Visitor
from tests.web.tools import Html, allow_all_annexes


async def test_a_citizen_signs_and_is_counted(visitor: Visitor, time: Clock) -> None:
    page = await visitor.get("/en/")
    assert page.status_code == 200
    assert 'action="/en/sign' in page.text

    answer = await visitor.sign("anna@example.net", "PL")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    assert (await visitor.get("/en/check-inbox")).status_code == 200

    path = await visitor.link("anna@example.net")
    for _ in range(3):  # mail servers scan links: they fetch them
        page = await visitor.get(path)
        assert page.status_code == 200
        assert "Poland" in page.text
    assert (await visitor.published())["confirmed"] == 0

    answer = await visitor.post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/thanks?country=PL")
    assert "Thank you" in (await visitor.get(answer.headers["location"])).text
    again = await visitor.post(path)
    assert (again.status_code, again.headers["location"]) == (303, "/en/thanks?country=PL")
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 1}]
        assert await audit.find_disagreements(c) == []


async def test_ten_signatures_become_a_number(visitor: Visitor, time: Clock) -> None:
    for n in range(12):
        await visitor.confirmed(f"someone{n}@example.net", "PL" if n < 10 else "DE")
    time.advance(minutes=2)
    tally = await visitor.published()
    assert tally == {
        "as_of": "2026-11-22T12:02:00Z",
        "confirmed": 10,
        "countries": [{"code": "PL", "name": "Poland", "confirmed": 10}],
        "other": 0,
        "paper": {"signatures": 0, "countries": [], "other": 0},
        "licence": "CC-BY-4.0",
    }
    assert (
        "at least 10 people from this country have signed: Poland" in (await visitor.get("/en/thanks?country=PL")).text
    )
    assert "at least 10 people have signed in all" in (await visitor.get("/en/thanks?country=DE")).text
    as_of = tally["as_of"]
    rows = ["code,name,confirmed,as_of", f"PL,Poland,10,{as_of}", f"other,,0,{as_of}"]
    assert (await visitor.get("/tally.csv")).text.splitlines() == rows


async def test_an_organiser_reads_the_desk_and_a_letter(visitor: Visitor, time: Clock) -> None:
    for n in range(11):
        await visitor.confirmed(f"polka{n}@example.net", "PL", named="on", name=f"Polka Number{'abcdefghijk'[n]}")
    time.advance(days=4)
    await visitor.published()
    assert (await visitor.get("/organisers/")).status_code == 404

    await visitor.organiser("marta", "organiser")
    desk = (await visitor.get("/organisers/")).text
    assert "10 signatures" in Html(desk).text
    assert "logged in" in desk
    assert "PL.pdf" in (await visitor.get("/organisers/letters")).text
    names = re.findall(r'type="radio" name="(name [^"]*)"', (await visitor.get("/organisers/names/PL/new")).text)
    assert (await visitor.post("/organisers/names/PL/new", **dict.fromkeys(names, "pass"))).status_code == 303
    await allow_all_annexes(visitor.site)

    letter = _text((await visitor.get("/organisers/letters/PL.pdf")).content)
    assert "Prezes Rady Ministrów" in letter
    assert "Polka" not in letter
    annex = _text((await visitor.get("/organisers/annexes/PL.pdf")).content)
    assert "Polka Numbera" in annex
    assert "downloaded names" in (await visitor.get("/organisers/")).text


def _text(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_somebody_changes_their_mind(visitor: Visitor, time: Clock) -> None:
    link = await visitor.confirmed("anna@example.net", "LT", named="on", name="Anna Žemaitė", updates="on")
    assert (await visitor.post("/en/manage", email="anna@example.net")).status_code == 303
    manage = await visitor.link("anna@example.net", "manage")
    door = await visitor.get(manage)
    assert "Lithuania" not in door.text

    held = (await visitor.post(manage, action="show")).text
    for part in ("Lithuania", "Anna Žemaitė", "22 November 2026", "kept encrypted"):
        assert part in held
    await visitor.post(manage, action="unname")
    await visitor.post(manage, action="stop_updates")
    held = (await visitor.post(manage, action="show")).text
    assert "Anna Žemaitė" not in held
    assert "kept encrypted" not in held

    await visitor.post(manage, action="withdraw")
    assert (await visitor.post(manage, action="show")).status_code == 404
    assert (await visitor.get(link)).status_code == 404
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == []
        assert await audit.find_disagreements(c) == []


async def test_the_sealed_address_is_held_once(visitor: Visitor, time: Clock) -> None:
    link = await visitor.confirmed("anna@example.net", updates="on")
    async with visitor.site.database.reading() as c:
        assert [row["sealed"] for row in await c.execute("select sealed from submissions")] == [""]
        assert len(await c.execute("select sealed from contacts")) == 1
    assert "Yes, please" in (await visitor.get(link)).text  # the page looks as it did before


async def test_nothing_is_said_to_be_done_that_was_not(visitor: Visitor, time: Clock) -> None:
    await visitor.post("/en/manage", email="anna@example.net")
    manage = await visitor.link("anna@example.net", "manage")
    for action in ("unname", "stop_updates", "withdraw"):
        assert "there is no confirmed signature" in (await visitor.choose(manage, action)).text


async def test_a_mailbox_that_wants_no_mail_gets_none(visitor: Visitor, time: Clock) -> None:
    await visitor.sign("anna@example.net")
    never = await visitor.link("anna@example.net", "never-write")
    assert (await visitor.get(never)).status_code == 200
    for _ in range(2):  # pressing twice is harmless and looks the same
        assert (await visitor.choose(never, "never_write")).status_code == 200
    time.advance(days=3)
    answer = await visitor.sign("anna@example.net")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    await visitor.deliver()
    assert len(visitor.smtp.to("anna@example.net")) == 1


@pytest.mark.speaks("ru")
async def test_signing_in_russian_and_belarusian(visitor: Visitor, time: Clock) -> None:
    for lang, word in (("ru", "подпис"), ("be", "подпіс")):
        page = await visitor.get(f"/{lang}/")
        assert f'<html lang="{lang}"' in page.text
        assert word in page.text.lower()
        await visitor.confirmed(f"anna-{lang}@example.net", "ZZ", lang)
        mail = visitor.smtp.to(f"anna-{lang}@example.net")[-1]
        assert mail["Content-Language"] == lang
