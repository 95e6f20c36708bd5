"""What people pass on and machines look for: counter for other sites, sitemap, security.txt."""

import re
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from petition.campaign.appeal import Appeal
from petition.core.errors import DataError
from petition.web import prerender
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import LANGUAGES, Html, campaign, on_sqlite, publish_many


@on_sqlite
async def test_only_the_counter_may_be_framed(time: Clock, visitor: Visitor) -> None:
    await publish_many(visitor, time, 500)
    for path in ("/en/embed", "/en/embed?theme=dark", "/en/embed?theme=light", "/en/embed?theme=%22%3E%3Cscript%3E"):
        answer = await visitor.get(path)
        assert "frame-ancestors *" in answer.headers["content-security-policy"]
        assert "x-frame-options" not in answer.headers
        page = Html(answer.text)
        assert not page.all("form") + page.all("input") + page.all("script")
        assert [a["href"] for a in page.all("a")] == ["http://127.0.0.1:8000/en/"]
        assert "500" in page.text
        assert "<script" not in answer.text
    assert 'class="dark"' in (await visitor.get("/en/embed?theme=dark")).text
    for path in ("/en/", "/en/tally", "/en/data", "/en/manage", "/organisers/login", "/en/share.png"):
        answer = await visitor.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"


@on_sqlite
async def test_the_lines_to_copy_frame_the_counter_safely(visitor: Visitor) -> None:
    text = Html((await visitor.get("/pl/data")).text).text
    frame = re.search("<iframe .*?</iframe>", text)
    assert frame
    (attributes,) = Html(frame[0]).all("iframe")
    assert attributes["src"].endswith("/embed?theme=light")
    assert attributes["title"]
    assert "allow-scripts" not in attributes["sandbox"]
    assert attributes["referrerpolicy"] == "no-referrer"


@on_sqlite
async def test_what_the_data_page_names_is_there(time: Clock, visitor: Visitor) -> None:
    page = Html((await visitor.get("/en/data")).text)
    named = {a["href"] for a in page.all("a") if a["href"].startswith("/")}
    assert {
        path for path in prerender.DATA_FILES if path.startswith(("/tally", "/history", "/gov")) and "?" not in path
    } <= named
    for path in named - {"/dev/outbox"}:
        assert (await visitor.get(path)).status_code == 200, path


@pytest.mark.all_languages
@on_sqlite
async def test_the_sitemap_has_every_public_page_in_every_language(visitor: Visitor) -> None:
    tree = ElementTree.fromstring((await visitor.get("/sitemap.xml")).text)
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    addresses = [str(entry.findtext("s:loc", "", names)) for entry in tree.findall("s:url", names)]
    public = set(prerender.pages())
    assert {urlsplit(address).path for address in addresses} == {
        f"/{lang}/{page}" for lang in LANGUAGES for page in public
    }
    for entry in tree.findall("s:url", names):
        assert {link.get("hreflang") for link in entry.findall("x:link", names)} == set(LANGUAGES)
    robots = (await visitor.get("/robots.txt")).text
    assert "Disallow: /organisers/" in robots
    assert robots.endswith("/sitemap.xml\n")


@on_sqlite
async def test_a_weakness_can_be_told(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit()
    assert (await visitor.get("/.well-known/security.txt")).text.startswith("# [the contact")
    visitor = await visit(campaign=campaign(tmp_path / "campaign", contact='"help@example.org"'))
    fields = dict(line.split(": ", 1) for line in (await visitor.get("/.well-known/security.txt")).text.splitlines())
    assert fields["Contact"] == "mailto:help@example.org"
    assert "Encryption" not in fields, "no key is made up"
    assert date(2026, 11, 22) < date.fromisoformat(fields["Expires"][:10]) < date(2026, 11, 22) + timedelta(365)


@on_sqlite
@pytest.mark.parametrize("key", ["https://example.org/key.asc", "openpgp4fpr:5F2DE5521C63A801AB59CCB603D49DE44B29100F"])
async def test_a_weakness_can_be_told_in_secret(key: str, visit: Visit, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "campaign", contact=f'"help@example.org"\nencryption = "{key}"')
    visitor: Visitor = await visit(campaign=folder)
    assert f"\nEncryption: {key}\n" in (await visitor.get("/.well-known/security.txt")).text


@pytest.mark.parametrize("key", ["http://example.org/key.asc", "key.asc", "https://a b", "https://a\\nContact: x", ""])
def test_a_key_that_nobody_can_fetch_safely_is_refused(key: str, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "campaign", contact=f'"help@example.org"\nencryption = "{key}"')
    with pytest.raises(DataError, match="encryption"):
        Appeal(folder)


@on_sqlite
async def test_a_translation_that_nobody_has_read_says_so(visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", contact='"help@example.org"'))
    assert "No native speaker" not in (await visitor.get("/en/")).text
    page = Html((await visitor.get("/pl/tally")).text)
    assert "Tego tłumaczenia nie sprawdził jeszcze" in page.text
    assert "mailto:help@example.org?subject=pl" in [a["href"] for a in page.all("a")]


@pytest.mark.parametrize("network", ["t.me", "wa.me", "viber:", "share.joinmastodon.org/#", "linkedin.com", "mailto:"])
@on_sqlite
async def test_the_appeal_is_passed_on_by_plain_links(network: str, visitor: Visitor) -> None:
    page = Html((await visitor.get("/pl/thanks")).text)
    (link,) = [a for a in page.all("a") if network in a["href"]]
    assert "127.0.0.1%3A8000%2Fpl" in link["href"].replace("/", "%2F").replace(":", "%3A")
    assert network == "mailto:" or link["rel"] == "noopener noreferrer"
