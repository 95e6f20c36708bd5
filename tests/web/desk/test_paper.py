"""Signatures on paper at the desk: a count, its correction and its way to tally, open data and letters."""

import json
import re

from petition.organisers import activity_log
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_annexes import edition_of_moment
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs

PAGE, SHEET = "/organisers/paper", "/organisers/paper/PL/PL-7"
TYPED = {"country": "PL", "sheet": "PL-7", "signatures": "37", "counted_on": "2026-11-20", "counted_by": "ola"}


async def test_a_count_is_published_apart_and_in_no_other_number(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "PL")
    await visitor.published()
    await visitor.organiser("olga", "organiser")
    before = json.loads((await visitor.get("/tally.json")).text)
    assert (await visitor.post(PAGE, **TYPED)).status_code == 303
    page = Html((await visitor.get(PAGE)).text).text
    assert "Poland, PL-7: the count is saved." in page
    assert "Poland 37" in page, "exact, for organisers"

    after = json.loads((await visitor.get("/tally.json")).text)
    on_paper = {"signatures": 30, "countries": [{"code": "PL", "name": "Poland", "signatures": 30}], "other": 0}
    assert after == before | {"paper": on_paper}
    assert (await visitor.get("/paper.csv")).text.split() == [
        *("code,name,signatures,sheets,as_of", "PL,Poland,30,PL-7,2026-11-22", "other,,0,,2026-11-22"),
    ]
    tally = Html((await visitor.get("/en/tally")).text).text
    assert "On paper The organisers counted these signatures by hand; the figures are rounded down to tens." in tally
    assert "Poland 30 PL-7" in tally
    async with visitor.site.database.reading() as c:
        (line, *_) = await activity_log.list_lines(c)
    assert (line["nickname"], line["action"], line["detail"]) == ("olga", "counted a paper sheet", "Poland, PL-7: 10+")


@on_sqlite
async def test_a_letter_says_it_in_a_sentence_of_its_own_and_the_edition_keeps_it(
    time: Clock, visitor: Visitor
) -> None:
    await visitor.organiser("olga", "organiser")
    assert "on paper" not in (await visitor.get("/organisers/letters/IE-en.txt")).text
    for fields in (TYPED, {"country": "IE", "sheet": "IE-1", "signatures": "25"}):
        await visitor.post(PAGE, **TYPED | fields)
    letter = re.sub(r"\s+", " ", (await visitor.get("/organisers/letters/IE-en.txt")).text)
    assert "At least 60 more signatures are on paper, at least 20 of them from your country." in letter
    await edition_of_moment(visitor)
    await visitor.post(PAGE, **TYPED | {"sheet": "PL-8"})
    assert "on paper, at least 60" in Html((await visitor.get("/organisers/editions/1")).text).text
    assert "Co najmniej 60" in re.sub(r"\s+", " ", (await visitor.get("/organisers/editions/PL-1-pl.txt")).text)


@on_sqlite
async def test_a_sheet_is_corrected_and_taken_back_by_further_counts(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    await visitor.post(PAGE, **TYPED)
    again = TYPED | {"signatures": "52", "version": "1"}
    assert (await visitor.post(SHEET, **again)).status_code == 303
    page = Html((await visitor.get(SHEET)).text).text
    assert "2, the newest 52" in page
    assert "1 37" in page
    late = await visitor.post(SHEET, **again | {"signatures": "60"})
    assert late.status_code == 422, "somebody else was first"
    assert "Somebody has just changed this sheet." in late.text
    assert 'value="60"' in late.text, "nothing is lost"
    assert (await visitor.post(SHEET, version="1", back="on")).status_code == 422
    assert (await visitor.post(SHEET, version="2", back="on")).status_code == 303
    assert "Poland, PL-7: the sheet is taken back." in (page := Html((await visitor.get(PAGE)).text).text)
    assert "PL-7 Poland taken back" in page
    assert json.loads((await visitor.get("/tally.json")).text)["paper"]["signatures"] == 0
    assert "On paper" not in (await visitor.get("/en/tally")).text
    async with visitor.site.database.reading() as c:
        done = [f"{row['action']} {row['detail']}" for row in await activity_log.list_lines(c, limit=3)]
    assert done == [
        "took back a paper sheet Poland, PL-7",
        "corrected the count of a paper sheet Poland, PL-7: 10+",
        "counted a paper sheet Poland, PL-7: 10+",
    ]


@on_sqlite
async def test_what_cannot_be_gets_a_sentence_and_nothing_is_lost(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    await visitor.post(PAGE, **TYPED)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for wrong, told in (
        ({"country": "XX"}, "Choose the country from the list."),
        ({"sheet": "Anna’s stall, Vilnius"}, "Enter a reference of 20 letters, digits and hyphens"),
        ({"sheet": ""}, "Enter a reference of 20 letters, digits and hyphens"),
        ({"signatures": "0"}, "a whole number from 1 to 999999"),
        ({"signatures": "many"}, "a whole number from 1 to 999999"),
        ({"counted_on": "2027-01-01"}, "Enter the date of the count"),
        ({"counted_by": ""}, "Enter who counted"),
        ({}, "This sheet is in the table below already."),
    ):
        answer = await visitor.post(PAGE, **TYPED | wrong)
        assert (answer.status_code, told in answer.text) == (422, True), wrong
        page = Html(answer.text)
        assert page.fields()["signatures"] == (TYPED | wrong)["signatures"]
    for path in ("/organisers/paper/PL/PL-8", "/organisers/paper/XX/PL-7"):
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.post(path, **TYPED, version="1")).status_code == 404
    assert await all_rows(visitor.site) == before


@on_sqlite
async def test_people_in_an_unsafe_country_are_counted_without_it(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    assert (await visitor.post(PAGE, **TYPED | {"country": "BY"})).status_code == 303
    assert "Country not said 37" in Html((await visitor.get(PAGE)).text).text
    assert json.loads((await visitor.get("/tally.json")).text)["paper"] == {
        "signatures": 30,
        "countries": [],
        "other": 30,
    }
