"""What newspapers and programs get: dates and a licence everywhere, tables for Excel, the feed, JSON-LD, two pages."""

import csv
import io
import json
import re
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from petition.commands import demo_data
from petition.core.csv_tables import for_excel
from petition.core.errors import DataError
from petition.letters import correspondence
from petition.web import prerender
from petition.web.public.dataset import FILES
from tests.conftest import Clock, Visit, Visitor
from tests.web.public.test_governments import ANSWERS
from tests.web.tools import Html, campaign, on_sqlite

ATOM = "{http://www.w3.org/2005/Atom}"


async def _filled(visitor: Visitor, time: Clock, n: int = 1234) -> None:
    await demo_data.fill_database(visitor.site.database, n)
    for key, entry in ANSWERS.items():
        await visitor.site.database.write(partial(correspondence.save_entry, code=key, entry=entry))
    time.advance(minutes=2)
    await visitor.published()


def _rows(text: str, **form: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), **form))  # type: ignore[arg-type]  # names of csv.reader


@on_sqlite
async def test_every_file_says_as_of_when_it_is_and_under_which_licence(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    for path in ("/tally.json", "/history.json", "/governments.json"):
        data = (await visitor.get(path)).json()
        assert data["as_of"].startswith("2026-11-22")
        assert data["licence"] == "CC-BY-4.0"
    for path in ("/tally.csv", "/paper.csv", "/governments.csv"):
        head, *rows = _rows((await visitor.get(path)).text)
        assert head[-1] == "as_of", "behind the older columns"
        assert {row[-1][:10] for row in rows} == {"2026-11-22"}


@on_sqlite
async def test_excel_gets_semicolons_and_the_mark_of_utf_8(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    for name in ("tally", "paper", "history", "history-hours", "governments"):
        plain, excel = [await visitor.get(f"/{name}{kind}.csv") for kind in ("", "-excel")]
        assert excel.content.startswith("\ufeff".encode())
        assert _rows(excel.text.removeprefix("\ufeff"), delimiter=";") == _rows(plain.text)
        assert excel.headers["access-control-allow-origin"] == "*"
        assert f"/{name}-excel.csv" in [a["href"] for a in Html((await visitor.get("/en/data")).text).all("a")]


def test_a_table_for_excel_runs_no_formula_either() -> None:
    assert for_excel("a,'=1+1\r\n") == "\ufeffa;'=1+1\r\n"
    assert for_excel('"a;b",c\r\n') == '\ufeff"a;b";c\r\n'


@on_sqlite
async def test_a_browser_that_asks_first_may_read_data_and_nothing_else(visitor: Visitor) -> None:
    asking = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for path in (*prerender.DATA_FILES, "/en/feed.xml", "/en/history.svg?theme=dark"):
        answer = await visitor.client.request("OPTIONS", path, headers=asking)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "GET" in answer.headers["access-control-allow-methods"]
        assert "POST" not in answer.headers["access-control-allow-methods"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/en/", "/en/tally", "/en/embed", "/en/sign", "/organisers/login", "/nowhere.csv"):
        answer = await visitor.client.request("OPTIONS", path, headers=asking)
        assert answer.status_code >= 400
        assert "access-control-allow-origin" not in answer.headers


@on_sqlite
async def test_search_engines_read_what_the_data_are(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    answer = await visitor.get("/en/data")
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', answer.text, re.DOTALL)
    assert not re.search("[<>&]", script), "no value can end the element"
    data: dict[str, Any] = json.loads(script)
    assert {"@context", "@type", "name", "description", "url", "license", "creator", "dateModified"} <= data.keys()
    assert data["@type"] == "Dataset"
    assert 50 <= len(data["description"]) <= 5000, "what Google asks for"
    assert data["license"] == "https://creativecommons.org/licenses/by/4.0/"
    files = [d["contentUrl"].removeprefix("http://127.0.0.1:8000") for d in data["distribution"]]
    assert files == list(FILES)
    for file, download in zip(files, data["distribution"], strict=True):
        assert (await visitor.get(file)).headers["content-type"].partition(";")[0] == download["encodingFormat"]
    first = _rows((await visitor.get("/history-hours.csv")).text)[1][0]
    assert data["temporalCoverage"].startswith(first[:10])


@on_sqlite
async def test_every_field_is_explained(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    explained = set(
        re.findall(r"\w+", " ".join(re.findall("<code>(.*?)</code>", (await visitor.get("/en/data")).text)))
    )
    for path in ("/tally.json", "/history.json", "/governments.json", "/quality.json"):
        assert _names((await visitor.get(path)).json()) - explained - KNOWN == set()
    for path in FILES:
        if path.endswith(".csv"):
            assert {*_rows((await visitor.get(path)).text)[0]} - explained - KNOWN == set()


# Lists of rows, and what stands in the meaning of another field.
KNOWN = {"countries", "governments", "hours", "days", "signatures", "reason", "en", "ru"}


def _names(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value}.union(*map(_names, value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


@on_sqlite
async def test_the_feed_has_answers_and_milestones_the_newest_first(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    answer = await visitor.get("/en/feed.xml")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(answer.text)
    _check_atom(feed)
    titles = [entry.findtext(f"{ATOM}title") or "" for entry in feed.iter(f"{ATOM}entry")]
    assert {"Poland: Supports the demand", "Denmark: Has forwarded the letter"} <= {*titles}
    assert "Confirmed signatures: at least 1,000" in titles
    assert not [title for title in titles if "Lithuania" in title or "5,000" in title], "no answer, not reached"
    updated = [entry.findtext(f"{ATOM}updated") or "" for entry in feed.iter(f"{ATOM}entry")]
    assert updated == sorted(updated, reverse=True)
    ids = {entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")}
    assert "tag:127.0.0.1,2026-11-01:PL:supports:en" in ids
    time.advance(days=3)
    await visitor.published()
    later = ElementTree.fromstring((await visitor.get("/en/feed.xml")).text)
    assert {entry.findtext(f"{ATOM}id") for entry in later.iter(f"{ATOM}entry")} == ids, "they stay"
    for page in ("tally", "governments", "data", "press"):
        links = Html((await visitor.get(f"/en/{page}")).text).all("link")
        assert [a["href"] for a in links if a.get("type") == "application/atom+xml"] == ["/en/feed.xml"]


@on_sqlite
async def test_the_feed_renews_an_answer_whose_summary_alone_changed_and_no_other(
    time: Clock, visitor: Visitor
) -> None:
    await _filled(visitor, time)

    async def updated() -> dict[str, str]:
        feed = ElementTree.fromstring((await visitor.get("/en/feed.xml")).text)
        return {e.findtext(f"{ATOM}id") or "": e.findtext(f"{ATOM}updated") or "" for e in feed.iter(f"{ATOM}entry")}

    async def saved(**changes: str) -> dict[str, str]:
        fields = Html((await visitor.get("/organisers/answers/PL")).text).fields()
        assert (await visitor.post("/organisers/answers/PL", **(fields | changes))).status_code == 303
        return await updated()

    poland = "tag:127.0.0.1,2026-11-01:PL:supports:en"
    before = await updated()
    assert before[poland] == "2026-11-21T00:00:00Z", "the day of the answer: nobody wrote into the log"
    time.advance(days=2)
    await visitor.organiser()
    changed = before | {poland: "2026-11-24T00:00:00Z"}
    assert await saved(**{"summary-en": "We will,\r\nsoon.", "edition": ""}) == changed
    assert "We will,\nsoon." in (await visitor.get("/en/feed.xml")).text
    time.advance(days=1)
    await visitor.organiser("vera")
    assert await saved() == changed, "saved as it was"
    assert await saved(**{"summary-en": "We will."}) == before | {poland: "2026-11-25T00:00:00Z"}


@on_sqlite
async def test_a_feed_of_nothing_is_a_feed(visitor: Visitor) -> None:
    feed = ElementTree.fromstring((await visitor.get("/en/feed.xml")).text)
    _check_atom(feed)
    assert feed.find(f"{ATOM}entry") is None


def _check_atom(feed: ElementTree.Element) -> None:
    """What RFC 4287 asks of a feed and its entries (4.1.1, 4.1.2)."""
    for element in (feed, *feed.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", element.findtext(f"{ATOM}updated") or "")
    assert [link.get("rel") for link in feed.findall(f"{ATOM}link")] == ["self", None]
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len({*ids})


@on_sqlite
async def test_newspapers_find_whom_to_call_and_what_to_print(time: Clock, visit: Visit, tmp_path: Path) -> None:
    more = """
[press]
name = "Anna <Nowak>"
phone = "+48 22 000 00 00"
email = "press@example.org"
about = { en = "We are a foundation.", pl = "Jesteśmy fundacją." }
[[press.quotes]]
who = "Anna Nowak, chair"
text = { en = "Let them go." }
"""
    folder = campaign(tmp_path / "c", deadline="2027-03-01")
    with (folder / "campaign.toml").open("a") as file:
        file.write(more)
    visitor = await visit(campaign=folder)
    await _filled(visitor, time)
    page = Html((await visitor.get("/en/press")).text)
    assert {"tel:+48220000000", "mailto:press@example.org"} <= {a["href"] for a in page.all("a")}
    assert "Anna <Nowak>" in page.text
    assert "We are a foundation." in page.text
    assert "Let them go. – Anna Nowak, chair" in page.text
    assert "1,230" in page.text
    polish = (await visitor.get("/pl/press")).text
    assert "Jesteśmy fundacją." in polish
    assert '<p lang="en">Let them go.</p>' in polish
    for link in page.all("a"):
        if link["href"].startswith("/") and link["href"] != "/dev/outbox":
            assert (await visitor.get(link["href"].partition("#")[0])).status_code == 200, link["href"]


@on_sqlite
async def test_without_a_person_for_newspapers_the_contact_is_named(visit: Visit, tmp_path: Path) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "c"))
    page = Html((await visitor.get("/en/press")).text)
    assert f"mailto:{visitor.site.appeal.campaign.contact}" in [a["href"] for a in page.all("a")]
    assert "To quote" not in page.text


@on_sqlite
async def test_a_campaign_chooses_the_licence_of_its_data(visit: Visit, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "c")
    file = folder / "campaign.toml"
    text = file.read_text("utf-8")
    file.write_text(f'licence = "CC0-1.0"\n{text}', "utf-8")
    visitor = await visit(campaign=folder)
    assert (await visitor.get("/tally.json")).json()["licence"] == "CC0-1.0"
    page = (await visitor.get("/en/data")).text
    assert "https://creativecommons.org/publicdomain/zero/1.0/" in page
    assert "name the source" not in page
    file.write_text(f'licence = "mine"\n{text}', "utf-8")
    with pytest.raises(DataError, match=r"licence is not one of CC-BY-4\.0, CC0-1\.0"):
        await visit(campaign=folder)


@on_sqlite
async def test_growth_is_the_difference_of_published_totals(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time)
    hours = [int(n) for _, n in _rows((await visitor.get("/history-hours.csv")).text)[1:]]
    text = Html((await visitor.get("/en/tally")).text).text
    day, week = hours[-1] - hours[-25], hours[-1] - hours[-169]
    assert (f"New signatures in the last 24 hours: {day:,}." in text) == (day > 0)
    assert f"New signatures in the last 7 days: {week:,}." in text


@on_sqlite
async def test_how_we_count_says_what_the_code_does(visitor: Visitor) -> None:
    text = Html((await visitor.get("/en/how-we-count")).text).text
    for words in ("at most 19 below", "from 1 to 10", "thirty or more", "three days at most", "Mondays", "Belarus"):
        assert words in text
    assert len(text.split()) < 850, "with the figures of the week and what nobody can find out"
    for page in ("tally", "governments", "data", "press"):
        assert "/en/how-we-count" in [a["href"] for a in Html((await visitor.get(f"/en/{page}")).text).all("a")]
