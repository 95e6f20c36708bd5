"""Prerendered responses are sent before all else: which paths are theirs, which are not, and their headers."""

import re
from pathlib import Path

import pytest

from petition.core.settings import Settings
from petition.web import prerender
from petition.web.http import assets, security
from tests import ROOT
from tests.conftest import Visit, Visitor
from tests.web.tools import LANGUAGES, Html, in_production, on_sqlite

PAGES = [f"/{lang}/{page}" for lang in LANGUAGES for page in prerender.pages()]
READY = [*PAGES, *prerender.DATA_FILES, *[f"/static/{name}" for name in assets.load_assets()]]


@on_sqlite
async def test_only_reading_is_ready_made(visitor: Visitor) -> None:
    for path in READY:
        expected = 404 if path.startswith("/static/") else 405
        for method in ("POST", "PUT", "DELETE", *([] if path in prerender.DATA_FILES else ["OPTIONS"])):
            answer = await visitor.client.request(method, path, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == expected, (method, path)
        refused = await visitor.client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
    for path in (
        "/xx/",
        "/xx/tally",
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


@pytest.mark.all_languages
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
    names = [*security.security_headers(secure=True)]
    other = await visitor.get("/en/check-inbox")
    for path in READY:
        answer = await visitor.get(path)
        open_ = {"Cross-Origin-Resource-Policy"} if path in {*prerender.DATA_FILES, "/static/embed.css"} else set()
        open_ |= {"Content-Security-Policy"} if ".svg" in path else set()  # its style is allowed by a hash
        assert {n: answer.headers.get(n) for n in names if n not in open_} == {
            n: other.headers.get(n) for n in names if n not in open_
        }
        assert ("strict-transport-security" in answer.headers) == base_url.startswith("https")
        assert ("access-control-allow-origin" in answer.headers) == (path in prerender.DATA_FILES)
        assert len(answer.headers.multi_items()) == len(set(answer.headers)), "each once"


@pytest.mark.all_languages
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
