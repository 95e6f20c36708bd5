"""Ready-made answers: the same in every coding, all of one moment, made by one maker, sent before anything else."""

import asyncio
import gzip
import re
import threading
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import brotli
import httpx2
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from petition import correspondence, sample
from petition.correspondence import Entry
from petition.errors import DatabaseError
from petition.settings import ROOT, Settings
from petition.site import Site
from petition.web import guards, press, published, static
from petition.web.published import Moment
from petition.web.readymade import BROTLI, GZIP, PLAIN, Answer, Made, Readymade, Stock, accepted, pack
from tests.conftest import Clock, Visit, Visitor
from tests.web.test_errors import away
from tests.web.tools import LANGUAGES, Html, campaign, in_production, on_sqlite

PAGES = [f"/{lang}/{page}" for lang in LANGUAGES for page in press.PAGES]
READY = [*PAGES, *press.DATA, *[f"/static/{name}" for name in static.files()]]
BROWSER = "gzip, deflate, br, zstd"
DECODED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


async def _raw(visitor: Visitor, path: str, accept: str, method: str = "GET") -> tuple[httpx2.Response, bytes]:
    """An answer and its bytes as they came, not decoded."""
    async with visitor.client.stream(method, path, headers={"Accept-Encoding": accept}) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


async def _filled(visitor: Visitor, time: Clock, n: int) -> None:
    await sample.fill(visitor.site.database, n)
    time.advance(minutes=2)
    await visitor.published()


@on_sqlite
async def test_every_coding_says_the_same_under_a_tag_of_its_own(visitor: Visitor) -> None:
    for path in READY:
        plain, body = await _raw(visitor, path, "identity")
        assert "content-encoding" not in plain.headers
        tags = {plain.headers["etag"]}
        for coding in ("br", "gzip"):
            answer, packed = await _raw(visitor, path, coding)
            assert DECODED[answer.headers.get("content-encoding")](packed) == body
            assert int(answer.headers["content-length"]) == len(packed) <= len(body)
            assert answer.headers["content-type"] == plain.headers["content-type"]
            assert answer.headers["vary"] == "Accept-Encoding"
            tags.add(answer.headers["etag"])
            if path in PAGES:
                assert (answer.headers["content-encoding"], len(packed) < len(body)) == (coding, True)
        assert all(re.fullmatch(r'"[0-9a-f]{32}"', tag) for tag in tags), "strong"
        assert len(tags) == 3 or path not in PAGES


@on_sqlite
@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (BROWSER, "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "br"),
        ("br;q=0, *;q=0.1", "gzip"),
        ("identity, br;q=0.5", None),
        ("br;q=0, gzip;q=0.000", None),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("zstd", None),
        ("br;q=x, gzip;q=2", None),
        ("", None),
    ],
)
async def test_the_coding_is_one_that_is_taken(accept: str, coding: str | None, visitor: Visitor) -> None:
    answer, packed = await _raw(visitor, "/en/", accept)
    assert answer.headers.get("content-encoding") == coding
    assert DECODED[coding](packed) == (await visitor.get("/en/")).content


@on_sqlite
async def test_what_is_known_is_not_sent_again(visitor: Visitor) -> None:
    for path in READY:
        for accept in ("br", "gzip", "identity"):
            full, _ = await _raw(visitor, path, accept)
            tag = full.headers["etag"]
            for tags in (tag, f"W/{tag}", f'"a, b" , {tag},W/"c"', "*", " * "):
                known = {"Accept-Encoding": accept, "If-None-Match": tags}
                answer = await visitor.get(path, headers=known)
                assert (answer.status_code, answer.content) == (304, b""), tags
                for name in ("etag", "cache-control", "vary", "content-security-policy"):
                    assert answer.headers[name] == full.headers[name]
                assert not [n for n in ("content-length", "content-encoding", "content-type") if n in answer.headers]
                assert (await visitor.client.head(path, headers=known)).status_code == 304
            for tags in ('"other"', tag.strip('"'), f'"{tag[1:-2]}"', '"', ",", '"*"'):
                answer = await visitor.get(path, headers={"Accept-Encoding": accept, "If-None-Match": tags})
                assert (answer.status_code, answer.headers["etag"]) == (200, tag), tags


@on_sqlite
async def test_the_tag_of_another_coding_is_not_known(visitor: Visitor) -> None:
    tags = {accept: (await _raw(visitor, "/en/", accept))[0].headers["etag"] for accept in ("br", "gzip", "identity")}
    for accept in tags:
        others = ", ".join(tag for other, tag in tags.items() if other != accept)
        answer = await visitor.get("/en/", headers={"Accept-Encoding": accept, "If-None-Match": others})
        assert answer.status_code == 200


@on_sqlite
async def test_a_header_may_come_in_several_lines(visitor: Visitor) -> None:
    tag = (await _raw(visitor, "/en/", "gzip"))[0].headers["etag"]
    lines = [("Accept-Encoding", "deflate"), ("Accept-Encoding", "gzip")]
    request = visitor.client.build_request("GET", "/en/")
    for matches, status in (('"a"', 200), (tag, 304)):
        request.headers = httpx2.Headers(
            [*lines, ("Host", "127.0.0.1"), ("If-None-Match", '"b"'), ("If-None-Match", matches)]
        )
        answer = await visitor.client.send(request)
        assert (answer.status_code, answer.headers["etag"]) == (status, tag)


@on_sqlite
async def test_head_tells_of_the_same_bytes(visitor: Visitor) -> None:
    for path in READY:
        for accept in (BROWSER, "identity"):
            full, _ = await _raw(visitor, path, accept)
            head, body = await _raw(visitor, path, accept, "HEAD")
            assert (head.status_code, head.headers, body) == (200, full.headers, b"")


async def test_all_languages_and_files_are_of_one_moment(time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time, 2345)
    data = (await visitor.get("/tally.json")).json()
    assert data["as_of"] == "2026-11-22T12:02:00Z"
    assert (await visitor.get("/tally.csv")).text.count("\r\n") == len(data["countries"]) + 2
    for spoken in visitor.site.languages:
        number = " ".join(spoken.number(data["confirmed"]).split())  # some write it with a space of their own
        page = Html((await visitor.get(f"/{spoken.code}/tally")).text)
        assert [a["datetime"] for a in page.all("time")] == [data["as_of"]]
        assert f" {number} " in page.text
        assert f" {number} " in Html((await visitor.get(f"/{spoken.code}/")).text).text


async def test_new_numbers_are_a_new_page_under_a_new_tag(time: Clock, visitor: Visitor) -> None:
    await visitor.published()
    before = {path: (await visitor.get(path)).headers["etag"] for path in READY}
    await _filled(visitor, time, 500)
    after = {path: (await visitor.get(path)).headers["etag"] for path in READY}
    moved = {path for path in READY if before[path] != after[path]}
    numbers = {f"/{lang}/{page}" for lang in LANGUAGES for page in ("", "tally")}
    assert moved == numbers | set(press.DATA)
    answer = await visitor.get("/en/", headers={"If-None-Match": before["/en/"]})
    assert (answer.status_code, "500 confirmed signatures" in Html(answer.text).text) == (200, True)


@on_sqlite
async def test_a_new_day_is_a_new_state(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline="2026-11-22"))
    assert "The deadline has passed" not in (await visitor.get("/en/")).text
    time.advance(days=1)
    await visitor.app.state.published.renew()
    assert "The deadline has passed" in (await visitor.get("/en/")).text


@on_sqlite
async def test_an_answer_of_a_government_is_public_at_once(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    before = await visitor.get("/ru/governments")
    recorded = {"sent": "2026-11-20", "answered": "2026-11-22", "stance": "supports", "summary": "We do."}
    assert (await visitor.post("/organisers/answers/PL", **recorded)).status_code == 303
    after = await visitor.get("/ru/governments")
    assert "We do." not in before.text
    assert "We do." in after.text
    assert after.headers["etag"] != before.headers["etag"]


async def test_the_old_pages_outlive_the_database(database_url: str, time: Clock, visitor: Visitor) -> None:
    await _filled(visitor, time, 500)
    before = {path: (await visitor.get(path)).content for path in READY}
    async with away(database_url):
        await visitor.app.state.published.renew()
        assert {path: (await visitor.get(path)).content for path in READY} == before
    time.advance(minutes=2)
    for _ in range(2):  # the first may still find the old connection
        await visitor.app.state.published.renew()
    assert (await visitor.get("/tally.json")).content == before["/tally.json"]


class Maker:
    """Makes as the site does, counts how often, and stops half-way until it may go on."""

    def __init__(self) -> None:
        self.times = 0
        self.at_work, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self, site: Site, moment: Moment, before: Mapping[str, Made]) -> Mapping[str, Made]:
        """Press.made, observed."""
        self.times += 1
        self.at_work.set()
        assert self.go_on.wait(30)
        return press.made(site, moment, before)


async def _write(site: Site, word: str) -> None:
    """Something new to show."""
    entry = Entry(sent=date(2026, 11, 20), summary=word)
    await site.database.write(partial(correspondence.record, key="PL", entry=entry))


@on_sqlite
async def test_many_who_ask_at_once_are_served_by_one_making(time: Clock, site: Site) -> None:
    maker = Maker()
    shown = await published.first(site, maker, stock := Stock())
    await _write(site, "First word")
    await asyncio.gather(*[shown.renew() for _ in range(20)])
    assert maker.times == 2, "the first stock, and one for all of them"
    first = stock.made
    await asyncio.gather(*[shown.renew() for _ in range(20)])
    assert (maker.times, stock.made is first) == (2, True), "nothing has changed"


@on_sqlite
async def test_while_one_makes_the_others_get_the_old_and_the_last_word_is_shown(time: Clock, site: Site) -> None:
    maker = Maker()
    shown = await published.first(site, maker, stock := Stock())
    old = stock.made
    await _write(site, "First word")
    maker.at_work.clear()
    maker.go_on.clear()
    making = asyncio.create_task(shown.renew())
    await asyncio.to_thread(maker.at_work.wait, 30)
    assert stock.made is old
    await _write(site, "Last word")
    late = [asyncio.create_task(shown.renew()) for _ in range(5)]
    await asyncio.sleep(0)
    maker.go_on.set()
    await asyncio.gather(making, *late)
    assert maker.times == 3, "the first, the one under way, and one for all who came meanwhile"
    assert b"Last word" in stock.made["/en/governments"].body


@on_sqlite
async def test_what_did_not_change_is_not_made_again(time: Clock, site: Site) -> None:
    shown = await published.first(site, press.made, stock := Stock())
    before = stock.made
    await _write(site, "First word")
    await shown.renew()
    same = {path for path in before if stock.made[path] is before[path]}
    assert set(before) - same == {f"/{lang}/governments" for lang in LANGUAGES}


@on_sqlite
async def test_the_first_stock_needs_the_database(database_url: str, time: Clock, visitor: Visitor) -> None:
    async with away(database_url):
        with pytest.raises(DatabaseError):
            await published.first(visitor.site, press.made, Stock())


@on_sqlite
async def test_only_reading_is_ready_made(visitor: Visitor) -> None:
    for path in READY:
        expected = 404 if path.startswith("/static/") else 405
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = await visitor.client.request(method, path, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == expected, (method, path)
        refused = await visitor.client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
    for path in (
        "/xx/",
        "/xx/tally",
        "/en/tally/",
        "/tally.xml",
        "/static/none.css",
        "/static/",
        "/static/../README.md",
    ):
        assert (await visitor.get(path)).status_code == 404, path
    assert (await visitor.sign("anna@example.net")).status_code == 303
    assert (await visitor.post("/en/sign", email="")).status_code == 422


@on_sqlite
async def test_a_demo_keeps_its_ready_pages_to_this_machine(visitor: Visitor) -> None:
    for path in READY:
        for headers in ({"Host": "elsewhere.example"}, {"X-Forwarded-For": "127.0.0.1"}):
            answer = await visitor.get(path, headers=headers)
            assert (answer.status_code, answer.text) == (403, "Demo mode answers on this machine only.")
            assert answer.headers["x-frame-options"] == "DENY"


@on_sqlite
async def test_production_answers_whatever_its_proxy_calls_it(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    for path in READY:
        answer = await visitor.get(path, headers={"Host": "elsewhere.example", "X-Forwarded-For": "203.0.113.7"})
        assert answer.status_code == 200
        assert "elsewhere.example" not in answer.text


@on_sqlite
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000", "https://127.0.0.1"])
async def test_ready_answers_carry_the_headers_of_all_others(base_url: str, visit: Visit) -> None:
    visitor: Visitor = await visit(base_url=base_url)
    names = [*guards.usual_headers(secure=True)]
    other = await visitor.get("/en/check-inbox")
    for path in READY:
        answer = await visitor.get(path)
        open_ = {"Cross-Origin-Resource-Policy"} if path in press.DATA else set()
        assert {n: answer.headers.get(n) for n in names if n not in open_} == {
            n: other.headers.get(n) for n in names if n not in open_
        }
        assert ("strict-transport-security" in answer.headers) == base_url.startswith("https")
        assert ("access-control-allow-origin" in answer.headers) == (path in press.DATA)
        assert len(answer.headers.multi_items()) == len(set(answer.headers)), "each once"


@on_sqlite
async def test_caches_may_show_old_pages_in_need_and_keep_versions_of_files(visitor: Visitor) -> None:
    for path in READY:
        kept = (await visitor.get(path)).headers["cache-control"]
        assert re.fullmatch(r"public, max-age=\d+, stale-while-revalidate=\d+, stale-if-error=\d+", kept)
        assert (await visitor.get(f"{path}?utm=x&v=1")).headers["cache-control"] == kept, "any other query is ignored"
    links = [a["href"] for a in Html((await visitor.get("/en/")).text).all("link") if a["href"].startswith("/static/")]
    assert len(links) == 2
    for link in links:
        answer = await visitor.get(link)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.content == (ROOT / link[1:].partition("?")[0]).read_bytes()


WEIGHTS = st.sampled_from(["", ";q=1", ";q=1.000", "; q=0.7", ";q=0.35", " ;q=0.01 ", ";q=0", "; q=0.000"])
CODINGS = st.dictionaries(st.sampled_from(["br", "gzip", "identity", "*", "zstd", "deflate"]), WEIGHTS)


@examples(deadline=None)
@given(CODINGS, st.booleans())
def test_the_best_weight_wins_and_nothing_refused_is_chosen(wanted: dict[str, str], upper: bool) -> None:
    header = " , ".join(f"{name}{weight}" for name, weight in wanted.items())
    order = accepted((header.upper() if upper else header).encode())
    weights = {name: float(weight.partition("=")[2] or 1) for name, weight in wanted.items()}
    given_ = {name: weights.get(name, weights.get("*", 0.0)) for name in ("br", "gzip")}
    given_["identity"] = weights.get("identity", 0.0)
    assert {coding.decode() for coding in order} == {name for name, q in given_.items() if q} | {"identity"}
    best = max(given_, key=lambda name: given_[name])
    assert order[0].decode() == (best if given_[best] else "identity")


@examples(deadline=None)
@given(st.binary() | st.text("brgzip*;q=0.1, ").map(str.encode), st.binary() | st.text('W/"*,a0 ').map(str.encode))
def test_no_header_is_too_odd(accept: bytes, tags: bytes) -> None:
    order = accepted(accept)
    assert PLAIN in order
    assert set(order) <= {BROTLI, GZIP, PLAIN}
    sent = asyncio.run(_sent([(b"accept-encoding", accept), (b"if-none-match", tags)]))
    assert sent[0]["status"] == (304 if tags.strip() == b"*" else 200)
    assert DECODED[dict(sent[0]["headers"]).get(b"content-encoding", b"").decode() or None](sent[1]["body"]) in (
        b"",
        BODY,
    )


TAG = Answer(PLAIN, b"body", []).tag
OTHERS = st.lists(st.sampled_from(['"other"', 'W/"x,y"', '""', '"*"', "W/*"]), max_size=4)


@given(OTHERS, OTHERS, st.sampled_from(["", "W/"]))
def test_a_tag_is_known_wherever_it_stands(before: list[str], after: list[str], weak: str) -> None:
    answer = Answer(PLAIN, b"body", [])
    assert answer.known(", ".join([*before, weak + TAG.decode(), *after]).encode())
    assert not answer.known(", ".join([*before, *after]).encode())


BODY = b"the same again and again, " * 20


async def _sent(headers: list[tuple[bytes, bytes]]) -> list[Message]:
    """What one request for a page with BODY is answered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it is ready")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    stock = Stock()
    stock.made = {"/": Made(pack(BODY, 5), {"Content-Type": "text/plain"})}
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"\xff=", "headers": headers}
    await Readymade(app, stock)(scope, receive, send)
    return sent
