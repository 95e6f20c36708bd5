"""Open data: the shape of the contract, sums that agree, nothing finer than tens, nothing newer than a minute."""

import csv
import io
import re
from typing import Any

from petition.commands import demo_data
from petition.site import Site
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, on_sqlite

FILES = {
    **{"/tally.json": "application/json", "/tally.csv": "text/csv"},
    **{"/history.csv": "text/csv", "/history-hours.csv": "text/csv", "/history.json": "application/json"},
}


async def _filled(visitor: Visitor, time: Clock, n: int = 2345) -> dict[str, Any]:
    await demo_data.fill_database(visitor.site.database, n)
    time.advance(minutes=2)
    return await visitor.published()


def _table(text: str) -> list[list[str]]:
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text)))


async def test_the_tally_has_the_shape_of_the_contract(time: Clock, visitor: Visitor) -> None:
    data = await _filled(visitor, time)
    assert list(data) == ["as_of", "confirmed", "countries", "other", "paper", "licence"]
    assert data["paper"] == {"signatures": 0, "countries": [], "other": 0}, "nothing was signed on paper"
    assert data["as_of"] == "2026-11-22T12:02:00Z"
    assert data["confirmed"] == 2340
    for country in data["countries"]:
        assert list(country) == ["code", "name", "confirmed"]
        assert re.fullmatch("[A-Z]{2}", country["code"])
        assert country["code"] not in ("ZZ", "BY")
        assert country["confirmed"] >= 10
    numbers = [country["confirmed"] for country in data["countries"]]
    assert numbers == sorted(numbers, reverse=True)
    assert data["confirmed"] == sum(numbers) + data["other"]
    assert not [n for n in [data["confirmed"], data["other"], *numbers] if n % 10]
    assert {"code": "PL", "name": "Poland", "confirmed": numbers[0]} == data["countries"][0]


async def test_page_and_files_say_the_same(time: Clock, visitor: Visitor) -> None:
    data = await _filled(visitor, time)
    head, *lines, other = _table((await visitor.get("/tally.csv")).text)
    assert head == ["code", "name", "confirmed", "as_of"]
    assert other == ["other", "", str(data["other"]), data["as_of"]]
    countries = [[c["code"], c["name"], str(c["confirmed"]), data["as_of"]] for c in data["countries"]]
    assert sorted(lines) == sorted(countries)
    page = Html((await visitor.get("/en/tally")).text)
    for country in data["countries"]:
        assert f"{country['name']} {country['confirmed']:,}" in page.text
    assert f"Total {data['confirmed']:,}" in page.text
    assert f"More than {data['confirmed']:,} people have signed" in Html((await visitor.get("/en/")).text).text
    thanks = Html((await visitor.get("/en/thanks?country=PL")).text).text
    assert f"at least {data['countries'][0]['confirmed']:,} people from this country have signed: Poland" in thanks


async def test_the_history_is_what_was_published_without_gaps(time: Clock, visitor: Visitor) -> None:
    for n in range(11):
        await visitor.confirmed(f"anna{n}@example.net", "PL")
    time.advance(minutes=2)
    await visitor.published()
    assert _table((await visitor.get("/history-hours.csv")).text)[:1] == [["hour", "confirmed"]]
    time.advance(hours=2)
    await visitor.published()
    hours = [["2026-11-22T12:00:00Z", "0"], *[[f"2026-11-22T{hour}:00:00Z", "10"] for hour in (13, 14)]]
    assert _table((await visitor.get("/history-hours.csv")).text)[1:] == hours
    assert _table((await visitor.get("/history.csv")).text) == [["day", "country", "confirmed"]]
    assert "2026-11-22 13:00 10" in Html((await visitor.get("/en/tally")).text).text
    time.advance(days=2)
    await visitor.published()
    days = [["2026-11-22", "PL", "10"], ["2026-11-23", "PL", "10"]]
    assert _table((await visitor.get("/history.csv")).text)[1:] == days
    both = (await visitor.get("/history.json")).json()
    assert [list(row.values()) for row in both["days"]] == [[day, country, int(n)] for day, country, n in days]
    assert len(both["hours"]) == 51


async def test_every_number_of_a_long_history_is_a_multiple_of_ten(time: Clock, site: Site, visit: Visit) -> None:
    await demo_data.fill_database(site.database, 2345)
    visitor: Visitor = await visit()
    await visitor.published()
    lines = _table((await visitor.get("/history.csv")).text)[1:]
    assert len(lines) > 100
    assert not [line for line in lines if int(line[2]) % 10]
    assert not [line for line in lines if line[1] in ("ZZ", "BY", "total")]
    hours = [int(n) for _, n in _table((await visitor.get("/history-hours.csv")).text)[1:]]
    assert hours == sorted(hours)
    assert hours[-1] == 2340


async def test_no_single_signature_moves_a_number_by_itself(time: Clock, visitor: Visitor) -> None:
    data = await _filled(visitor, time, 2343)
    for n in range(6):
        await visitor.confirmed(f"anna{n}@example.net", "MT")
        time.advance(minutes=2)
        now = await visitor.published()
        assert now["confirmed"] - data["confirmed"] in (0, 10)
        assert [c for c in now["countries"] if c["code"] != "MT"] == [c for c in data["countries"] if c["code"] != "MT"]


@on_sqlite
async def test_data_is_open_and_not_sent_twice(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    for path, kind in FILES.items():
        answer = await visitor.get(path)
        etag = answer.headers["etag"]
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert re.match(r"public, max-age=\d{1,2},", answer.headers["cache-control"])
        for match in (etag, f"W/{etag}", f'"other", {etag}'):
            same = await visitor.get(path, headers={"If-None-Match": match})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert (await visitor.get(path, headers={"If-None-Match": '"other"'})).content == answer.content


@on_sqlite
async def test_pages_are_not_open_to_scripts_of_other_sites(visitor: Visitor) -> None:
    for path in ("/en/", "/en/tally", "/organisers/login", "/readyz", "/nowhere"):
        answer = await visitor.get(path, headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in answer.headers


@on_sqlite
async def test_new_numbers_have_a_new_tag(time: Clock, visitor: Visitor) -> None:
    before = (await visitor.get("/tally.json")).headers["etag"]
    await _filled(visitor, time)
    answer = await visitor.get("/tally.json", headers={"If-None-Match": before})
    assert answer.status_code == 200
    assert answer.headers["etag"] != before


@on_sqlite
async def test_an_empty_tally_is_a_tally_too(time: Clock, visitor: Visitor) -> None:
    data = await visitor.published()
    assert (data["confirmed"], data["countries"], data["other"]) == (0, [], 0)
    assert (await visitor.get("/tally.csv")).text == f"code,name,confirmed,as_of\r\nother,,0,{data['as_of']}\r\n"
