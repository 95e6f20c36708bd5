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


def _handles(page: str) -> dict[str, str]:
    """The fields of a page of names, by name."""
    new = dict(re.findall(r'<legend>([^<]+)</legend>\s*<label><input type="radio" name="(name \w+)"', page))
    return new | {name: box for box, name in re.findall(r'type="checkbox" name="(name \w+)"[^>]*> ([^<]+)<', page)}


async def _decide(visitor: Visitor, state: str, **decisions: str) -> Html:
    """Decides about names by their first words, as somebody does who saw the page. Returns the page that follows."""
    handles = _handles((await visitor.get(f"/organisers/names/PL/{state}")).text)
    chosen = {box: decisions[name.split()[0]] for name, box in handles.items() if name.split()[0] in decisions}
    answer = await visitor.post(f"/organisers/names/PL/{state}", **chosen)
    assert answer.status_code == 303
    return Html((await visitor.get(answer.headers["location"])).text)


async def _lines(visitor: Visitor) -> list[tuple[str, str]]:
    async with visitor.site.database.reading() as c:
        lines = [(row["action"], row["detail"]) for row in await activity_log.list_lines(c)]
    return [(action, detail) for action, detail in lines if "names" in action and action != "looked at names"]


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


async def test_each_name_is_passed_or_set_aside_on_purpose_and_both_come_back(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak", "Boris Johnson", "Celina Maj")
    await _named(visitor, "Dora Weiss", country="DE")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    overview = Html((await visitor.get("/organisers/names")).text).text
    assert "Poland <10" in overview
    assert "Germany <10" in overview
    page = (await visitor.get("/organisers/names/PL/new")).text
    assert "Dora" not in page
    assert "checked" not in page, "nothing is chosen for anybody"
    async with visitor.site.database.reading() as c:
        keys = [row["mailbox"] for row in await c.execute("select mailbox from names")]
    assert [key for key in keys if key in page] == [], "a key of anybody is no business of a browser"

    assert "Nothing has changed" in (await _decide(visitor, "new")).text
    assert await _printed(visitor) == []
    after = await _decide(visitor, "new", Anna="pass", Boris="aside")
    assert "Poland: You passed 1 name. You set aside 1 name." in after.text
    assert await _printed(visitor) == ["Anna Nowak"]
    assert "Celina Maj" in after.text, "nobody decided about this one"
    await _decide(visitor, "rejected", Boris="back")
    await _decide(visitor, "new", Boris="pass", Celina="pass")
    assert await _printed(visitor) == ["Anna Nowak", "Boris Johnson", "Celina Maj"]
    again = await _decide(visitor, "approved", Boris="again")
    assert "You took back that 1 name was passed" in again.text
    assert await _printed(visitor) == ["Anna Nowak", "Celina Maj"]
    wanted = [
        *("took back that names were passed", "passed names", "brought names back", "set names aside"),
        "passed names",
    ]
    assert await _lines(visitor) == [(action, "Poland: <10") for action in wanted]


async def test_what_was_just_saved_is_undone_and_the_log_keeps_both(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak", "Boris Johnson", "Celina Maj")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    await _decide(visitor, "new", Celina="pass")
    after = await _decide(visitor, "new", Anna="pass", Boris="aside")
    (undo,) = [box["value"] for box in after.all("input") if box.get("name") == "undo"]
    answer = await visitor.post("/organisers/names/PL/new", undo=undo)
    page = Html((await visitor.get(answer.headers["location"])).text)
    assert "You took back that 1 name was passed" in page.text
    assert "brought back 1 name" in page.text
    assert "Undo" not in page.text
    assert await _printed(visitor) == ["Celina Maj"]
    assert [action for action, _ in await _lines(visitor)][:2] == [
        "brought names back",
        "took back that names were passed",
    ]


@on_sqlite
async def test_whoever_has_read_a_page_passes_the_rest_of_it_and_no_other_name(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak", "Boris Johnson")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    page = (await visitor.get("/organisers/names/PL/new")).text
    (shown,) = [box["value"] for box in Html(page).all("input") if box.get("name") == "shown"]
    await visitor.confirmed("celina@example.net", "PL", named="on", name="Celina Maj")
    time.advance(days=4)
    await visitor.organiser("marta", "organiser")
    boris = _handles(page)["Boris Johnson"]
    await visitor.post("/organisers/names/PL/new", shown=shown, **{boris: "aside"})
    assert await _printed(visitor) == [], "a page is passed only by who says to have read it"
    await visitor.post("/organisers/names/PL/new", shown=shown, rest="on", **{boris: "aside"})
    assert await _printed(visitor) == ["Anna Nowak"]
    await visitor.post("/organisers/names/PL/rejected", **{boris: "back"})
    late = await visitor.post("/organisers/names/PL/new", shown=shown, rest="on", **{boris: "aside"})
    told = Html((await visitor.get(late.headers["location"])).text).text
    assert "You set aside 1 name. Somebody else had decided about the rest." in told
    assert "Celina Maj" in (await visitor.get("/organisers/names/PL/new")).text


@on_sqlite
async def test_names_that_nobody_decides_about_do_not_hide_the_others(
    time: Clock, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printed_names, "PAGE_SIZE", 2)
    await _named(visitor, "Anna Nowak", "Boris Johnson", "Celina Maj")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    pages = [(await visitor.get(f"/organisers/names/PL/new?page={n}")).text for n in (1, 2, 3)]
    assert [len(_handles(page)) for page in pages] == [2, 1, 0]
    assert ["More names" in page for page in pages] == [True, False, False]
    (last,) = _handles(pages[1]).values()
    answer = await visitor.post("/organisers/names/PL/new?page=2", **{last: "pass"})
    assert "page=2" in answer.headers["location"]
    assert len(await _printed(visitor)) == 1
    for page in ("0", "x", "-1", "9" * 20):
        assert (await visitor.get(f"/organisers/names/PL/new?page={page}")).status_code == 404


@on_sqlite
async def test_what_nobody_was_shown_is_not_passed(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    before = (await all_rows(visitor.site))["names"]
    for shown in ("", "0123456789abcdef", "% ' ", "x" * 3000):
        await visitor.post("/organisers/names/PL/new", shown=shown, rest="on")
        await visitor.post("/organisers/names/DE/new", shown=shown, rest="on")
        await visitor.post("/organisers/names/PL/new", undo=shown)
    assert (await all_rows(visitor.site))["names"] == before
    for state in ("x", "%00"):
        assert (await visitor.get(f"/organisers/names/PL/{state}")).status_code == 404


async def test_of_two_who_look_at_once_the_first_ones_word_counts(time: Clock, visitor: Visitor) -> None:
    await _named(visitor, "Anna Nowak")
    time.advance(days=4)
    site = visitor.site
    async with site.database.reading() as c:
        names, _ = await printed_names.list_names(c, "PL", NEW)
    handles = [handle for handle, _ in names]
    moved = []
    for new in (REJECTED, APPROVED):
        judge = partial(printed_names.move_names, country="PL", handles=handles, old=NEW, new=new)
        moved.append(await site.database.write(judge))
    assert moved == [handles, []]
    assert await _printed(visitor) == []


@on_sqlite
@pytest.mark.parametrize(
    ("set_aside", "told"),
    [(False, "will be printed"), (True, "set aside by an organiser, will not be printed")],
)
async def test_whoever_signed_sees_what_became_of_the_name(
    time: Clock, visitor: Visitor, set_aside: bool, told: str
) -> None:
    async def held() -> str:
        await visitor.post("/en/manage", email="anna@example.net")
        link = await visitor.link("anna@example.net", "manage")
        return Html((await visitor.post(link, action="show")).text).text

    await _named(visitor, "Anna Nowak")
    assert "Anna Nowak (no organiser has looked at it yet)" in await held()
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    await _decide(visitor, "new", Anna="aside" if set_aside else "pass")
    visitor.client.cookies.clear()
    assert f"Anna Nowak ({told})" in await held()
