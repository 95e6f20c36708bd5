"""Names to be printed: three days old, approved by an organiser, and seen only by organisers."""

import re
from functools import partial

import pytest

from petition.organisers import activity_log
from petition.signing import printed_names
from petition.signing.printed_names import APPROVED, REJECTED
from petition.signing.signatures import NEW
from tests.conftest import Clock, Visitor
from tests.web.tools import Html, all_rows, on_sqlite, pass_names


async def _printed(visitor: Visitor, country: str = "PL") -> list[str]:
    async with visitor.site.database.reading() as c:
        return await printed_names.list_printable(c, country)


async def _named(visitor: Visitor, *names: str, country: str = "PL") -> None:
    for name in names:
        await visitor.confirmed(f"{name.split()[0].lower()}@example.net", country, named="on", name=name)


def _boxes(page: Html) -> list[str]:
    return [box["name"] for box in page.all("input") if box.get("type") == "checkbox"]


async def _send(visitor: Visitor, state: str, *ticked: str) -> None:
    page = Html((await visitor.get(f"/organisers/names/PL/{state}")).text)
    (shown,) = [box["value"] for box in page.all("input") if box.get("name") == "shown"]
    answer = await visitor.post(f"/organisers/names/PL/{state}", shown=shown, **dict.fromkeys(ticked, "on"))
    assert answer.status_code == 303


async def test_a_name_is_printed_after_three_days_and_once_it_is_passed(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    for _ in range(4):
        await pass_names(visitor.site)
        assert await _printed(visitor) == []
        time.advance(days=1)
    assert await _printed(visitor) == []
    await pass_names(visitor.site)
    assert await _printed(visitor) == ["Anna Nowak"]


async def test_whoever_changes_the_name_is_looked_at_again(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    time.advance(days=4)
    await pass_names(visitor.site)
    await _named(visitor, "Anna Kowalska")
    assert await _printed(visitor) == []
    time.advance(days=4)
    await pass_names(visitor.site)
    assert await _printed(visitor) == ["Anna Kowalska"]


@on_sqlite
async def test_countries_with_names_stand_in_alphabetical_order(time: Clock, visitor: Visitor) -> None:
    for n, country in enumerate(("AT", "DE", "EE", "ES")):
        await _named(visitor, f"Anna{n} Nowak", country=country)
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    page = (await visitor.get("/organisers/names")).text
    assert re.findall("/organisers/names/([A-Z]{2})/new", page) == ["AT", "EE", "DE", "ES"]


@on_sqlite
async def test_an_organiser_passes_sets_aside_and_brings_back(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak", "Boris Johnson", "Celina Maj")
    await _named(visitor, "Dora Weiss", country="DE")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    overview = Html((await visitor.get("/organisers/names")).text).text
    assert "Poland <10" in overview
    assert "Germany <10" in overview
    page = (await visitor.get("/organisers/names/PL/new")).text
    assert "Dora" not in page
    async with visitor.site.database.reading() as c:
        keys = [row["mailbox"] for row in await c.execute("select mailbox from names")]
    assert [key for key in keys if key in page] == [], "a key of anybody is no business of a browser"
    listed = dict(zip([label.strip() for label in page.split("</label>")[:-1]], _boxes(Html(page)), strict=True))
    (boris,) = [box for text, box in listed.items() if text.endswith("Boris Johnson")]

    await _send(visitor, "new", boris)
    assert await _printed(visitor) == ["Anna Nowak", "Celina Maj"]
    await _send(visitor, "rejected", boris)
    assert await _printed(visitor) == ["Anna Nowak", "Celina Maj"]
    await _send(visitor, "new")
    assert await _printed(visitor) == ["Anna Nowak", "Boris Johnson", "Celina Maj"]
    async with visitor.site.database.reading() as c:
        done = [(row["nickname"], row["action"], row["detail"]) for row in await activity_log.list_lines(c)]
    wanted = ("passed names", "brought names back", "set names aside", "passed names")
    decided = [line for line in done if "names" in line[1] and line[1] != "looked at names"]
    assert decided == [("olga", action, "PL: <10") for action in wanted]
    assert ("olga", "looked at names", "PL: new") in done


@on_sqlite
async def test_what_nobody_was_shown_is_not_passed(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    before = (await all_rows(visitor.site))["names"]
    for shown in ("", "0123456789abcdef", "% ' ", "x" * 3000):
        await visitor.post("/organisers/names/PL/new", shown=shown)
        await visitor.post("/organisers/names/DE/new", shown=shown)
    assert (await all_rows(visitor.site))["names"] == before
    for state in ("approved", "x", "%00"):
        assert (await visitor.get(f"/organisers/names/PL/{state}")).status_code == 404


async def test_of_two_who_look_at_once_the_first_ones_word_counts(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    time.advance(days=4)
    site = visitor.site
    async with site.database.reading() as c:
        handles = [handle for handle, _ in await printed_names.list_names(c, "PL", NEW)]
    moved = []
    for new in (REJECTED, APPROVED):
        judge = partial(printed_names.move_names, country="PL", handles=handles, old=NEW, new=new)
        moved.append(await site.database.write(judge))
    assert moved == [1, 0]
    assert await _printed(visitor) == []


@on_sqlite
@pytest.mark.parametrize(
    ("ticked", "told"),
    [(False, "will be printed"), (True, "set aside by an organiser, will not be printed")],
)
async def test_whoever_signed_sees_what_became_of_the_name(
    time: Clock, visitor: Visitor, ticked: bool, told: str
) -> None:
    async def held() -> str:
        await visitor.post("/en/manage", email="anna@example.net")
        link = await visitor.link("anna@example.net", "manage")
        return Html((await visitor.post(link, action="show")).text).text

    await _named(visitor, "Anna Nowak")
    assert "Anna Nowak (no organiser has looked at it yet)" in await held()
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    (box,) = _boxes(Html((await visitor.get("/organisers/names/PL/new")).text))
    await _send(visitor, "new", *([box] if ticked else []))
    visitor.client.cookies.clear()
    assert f"Anna Nowak ({told})" in await held()
