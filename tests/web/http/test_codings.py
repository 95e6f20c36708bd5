"""Each prerendered response in the content coding that a client accepts, with its own ETag, and not encoded twice."""

import asyncio
import gzip
import re

import brotli
import httpx2
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from petition.web.http.prerendered import (
    BROTLI,
    GZIP,
    PLAIN,
    EncodedResponse,
    PrerenderedResponse,
    PrerenderedResponses,
    ResponseStore,
    choose_coding,
    encode_body,
)
from tests.conftest import Visitor
from tests.web.http.test_prerendered import PAGES, READY
from tests.web.tools import on_sqlite

BROWSER = "gzip, deflate, br, zstd"
DECODED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


async def _raw(visitor: Visitor, path: str, accept: str, method: str = "GET") -> tuple[httpx2.Response, bytes]:
    """An answer and its bytes as they came, not decoded."""
    async with visitor.client.stream(method, path, headers={"Accept-Encoding": accept}) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.all_languages
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


@pytest.mark.all_languages
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


@pytest.mark.all_languages
@on_sqlite
async def test_head_tells_of_the_same_bytes(visitor: Visitor) -> None:
    for path in READY:
        for accept in (BROWSER, "identity"):
            full, _ = await _raw(visitor, path, accept)
            head, body = await _raw(visitor, path, accept, "HEAD")
            assert (head.status_code, head.headers, body) == (200, full.headers, b"")


WEIGHTS = st.sampled_from(["", ";q=1", ";q=1.000", "; q=0.7", ";q=0.35", " ;q=0.01 ", ";q=0", "; q=0.000"])
CODINGS = st.dictionaries(st.sampled_from(["br", "gzip", "identity", "*", "zstd", "deflate"]), WEIGHTS)


@examples(deadline=None)
@given(CODINGS, st.booleans())
def test_the_best_weight_wins_and_nothing_refused_is_chosen(wanted: dict[str, str], upper: bool) -> None:
    header = " , ".join(f"{name}{weight}" for name, weight in wanted.items())
    coding = choose_coding((header.upper() if upper else header).encode()).decode()
    weights = {name: float(weight.partition("=")[2] or 1) for name, weight in wanted.items()}
    given_ = {name: weights.get(name, weights.get("*", 0.0)) for name in ("br", "gzip")}
    given_["identity"] = weights.get("identity", 0.0)
    assert given_[coding] == max(given_.values())
    assert given_[coding] or coding == "identity"
    assert coding == "br" or given_["br"] < given_[coding] or not given_["br"], "the smallest of equals"


@examples(deadline=None)
@given(st.binary() | st.text("brgzip*;q=0.1, ").map(str.encode), st.binary() | st.text('W/"*,a0 ').map(str.encode))
def test_no_header_is_too_odd(accept: bytes, tags: bytes) -> None:
    assert choose_coding(accept) in (BROTLI, GZIP, PLAIN)
    sent = asyncio.run(_sent([(b"accept-encoding", accept), (b"if-none-match", tags)]))
    assert sent[0]["status"] == (304 if tags.strip() == b"*" else 200)
    assert DECODED[dict(sent[0]["headers"]).get(b"content-encoding", b"").decode() or None](sent[1]["body"]) in (
        b"",
        BODY,
    )


TAG = EncodedResponse(PLAIN, b"body", []).etag
OTHERS = st.lists(st.sampled_from(['"other"', 'W/"x,y"', '""', '"*"', "W/*"]), max_size=4)


@given(OTHERS, OTHERS, st.sampled_from(["", "W/"]))
def test_a_tag_is_known_wherever_it_stands(before: list[str], after: list[str], weak: str) -> None:
    answer = EncodedResponse(PLAIN, b"body", [])
    assert answer.is_known_by(", ".join([*before, weak + TAG.decode(), *after]).encode())
    assert not answer.is_known_by(", ".join([*before, *after]).encode())


BODY = b"the same again and again, " * 20


async def _sent(headers: list[tuple[bytes, bytes]]) -> list[Message]:
    """The messages that answer one request for a page with BODY."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it is ready")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    stock = ResponseStore()
    stock.responses = {"/": PrerenderedResponse(encode_body(BODY, 5), {"Content-Type": "text/plain"})}
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"\xff=", "headers": headers}
    await PrerenderedResponses(app, stock)(scope, receive, send)
    return sent
