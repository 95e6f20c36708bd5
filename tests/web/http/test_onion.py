"""The onion address: the same site under the other host name, without emails, the desk and the metrics."""

from pathlib import Path

import pytest
from hypothesis import strategies as st

from petition.core.settings import Settings
from petition.web import prerender
from petition.web.http import assets
from tests.conftest import Visit, Visitor
from tests.web.tools import LANGUAGES, Html, for_all, in_production, on_sqlite

PUBLIC = "https://petition.example"
NAME = "p" * 55 + "d.onion"
ONION = f"http://{NAME}"
THERE = {"Host": NAME}
PAGES = [f"/{lang}/{page}" for lang in LANGUAGES for page in prerender.pages()]
GOOD = {"email": "anna@example.net", "country": "PL", "consent": "on"}
pytestmark = on_sqlite


@pytest.fixture
async def visitor(visit: Visit, settings: Settings, tmp_path: Path) -> Visitor:
    """A visitor of a site that has both addresses."""
    return await in_production(visit, settings, tmp_path, onion_url=ONION)


def _addresses(text: str) -> set[str]:
    """The hosts that a page names in its head."""
    page = Html(text)
    named = [a["href"] for a in page.all("link")] + [a.get("content", "") for a in page.all("meta")]
    return {url.split("/")[2] for url in named if url.startswith("http")}


@pytest.mark.all_languages
async def test_public_pages_name_the_onion_address(visitor: Visitor) -> None:
    for path in PAGES:
        assert (await visitor.get(path)).headers["onion-location"] == ONION + path
    others = [
        *prerender.DATA_FILES,
        "/static/petition.css",
        "/",
        "/en/manage",
        "/en/confirm/x",
        "/organisers/login",
        "/nowhere",
    ]
    for path in others:
        assert "onion-location" not in (await visitor.get(path)).headers, path


async def test_an_address_without_https_names_no_other(visit: Visit) -> None:
    visitor: Visitor = await visit(onion_url=ONION)
    assert "onion-location" not in (await visitor.get("/en/")).headers


async def test_pages_name_the_address_they_were_asked_for(visitor: Visitor) -> None:
    for path in (*PAGES, "/en/thanks?country=PL", "/en/manage", "/nowhere"):
        public, onion = await visitor.get(path), await visitor.get(path, headers=THERE)
        # Where one reads it; the site of this test has few languages.
        named = {NAME} if path.endswith("/safety") and public.status_code == 200 else set()
        assert (ONION in public.text) is bool(named), path
        assert PUBLIC not in onion.text, path
        assert _addresses(public.text) <= {"petition.example"} | named
        assert _addresses(onion.text) <= {NAME}
    for path in ("/en/", "/en/thanks?country=PL"):
        assert f"{ONION}/en/" in (await visitor.get(path, headers={"Host": NAME.upper()})).text


async def test_no_answer_of_the_onion_address_speaks_of_https(visitor: Visitor) -> None:
    files = [assets.asset_url(name) for name in assets.load_assets()]
    for path in (*PAGES, *prerender.DATA_FILES, *files, "/", "/en/manage", "/en/confirm/x", "/organisers/", "/nowhere"):
        assert "strict-transport-security" in (await visitor.get(path)).headers, path
        answer = await visitor.get(path, headers=THERE)
        assert "strict-transport-security" not in answer.headers, path
        assert "onion-location" not in answer.headers, path
        assert "default-src 'none'" in answer.headers["content-security-policy"], path


async def test_one_signs_at_the_onion_address_and_mail_has_the_public_one(visitor: Visitor) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": ONION}):
        answer = await visitor.client.post("/en/sign", data=GOOD, headers=THERE | headers)
        assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.onion"}, {"Origin": "null"}):
        assert (await visitor.client.post("/en/sign", data=GOOD, headers=THERE | headers)).status_code == 403
    path = await visitor.link("anna@example.net", base=PUBLIC)
    assert [NAME in str(mail) for mail in visitor.smtp.mails] == [False, False]
    answer = await visitor.client.post(path, headers=THERE | {"Origin": ONION})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/thanks?country=PL")


async def test_a_proxy_before_the_onion_address_may_have_a_name_of_its_own(visitor: Visitor) -> None:
    headers = {"Host": "petition.internal", "Origin": ONION}
    assert (await visitor.client.post("/en/sign", data=GOOD, headers=headers)).status_code == 303


@pytest.mark.parametrize("path", ["/organisers/", "/organisers/login", "/organisers/letters.zip", "/metrics"])
async def test_neither_the_desk_nor_the_metrics_are_there(path: str, visitor: Visitor) -> None:
    answer = await visitor.get(path, headers=THERE)
    assert (answer.status_code, answer.text) == (403, "This is not available at the onion address.")
    assert (await visitor.get("/organisers/login")).status_code == 200


async def test_another_onion_address_is_none_of_ours(visitor: Visitor) -> None:
    answer = await visitor.get("/en/", headers={"Host": "q" * 55 + "d.onion"})
    assert f'<link rel="canonical" href="{PUBLIC}/en/">' in answer.text


async def test_numbers_are_the_same_at_both_addresses(visitor: Visitor) -> None:
    for path in prerender.DATA_FILES:
        assert (await visitor.get(path)).text == (await visitor.get(path, headers=THERE)).text


async def test_any_host_gets_one_of_the_two_addresses(visitor: Visitor) -> None:
    async def check(host: str) -> None:
        answer = await visitor.get("/en/", headers={"Host": host.encode("latin-1")})
        base = ONION if host.lower() == NAME else PUBLIC
        assert answer.status_code == 200
        assert f'<link rel="canonical" href="{base}/en/">' in answer.text
        assert (await visitor.get("/nowhere", headers={"Host": host.encode("latin-1")})).status_code == 404

    printable = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=80)
    near = st.sampled_from([NAME, NAME.upper(), f"{NAME}:80", f"x.{NAME}", NAME[1:], f"{NAME}.", "[", ""])
    await for_all(printable | near, check)
