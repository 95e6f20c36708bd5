"""One spelling for each address: double slashes and a language in capitals lead to the page, never to another host."""

from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import strategies as st
from starlette.routing import Route

from petition.web.http.canonical import EMAILED, canonical_path
from petition.web.routes import routes
from tests.conftest import Clock, Visitor
from tests.web.tools import all_rows, for_all, on_sqlite, paths, run_background_jobs

HERE = "http://127.0.0.1:8000"


@on_sqlite
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/EN/", "/en/"),
        ("/pl", "/pl/"),
        ("//en/", "/en/"),
        ("//en//tally", "/en/tally"),
        ("/En/tally/", "/en/tally"),
        ("/en/tally//", "/en/tally"),
        ("/en/embed/?theme=dark", "/en/embed?theme=dark"),
        ("/PL/check-inbox/manage/", "/pl/check-inbox/manage"),
        ("/en/thanks/?country=PL", "/en/thanks?country=PL"),
        ("/en/letters/PL-1/", "/en/letters/PL-1"),
        ("/organisers", "/organisers/"),
        ("/organisers/login/", "/organisers/login"),
        ("//", "/"),
    ],
)
async def test_a_page_is_found_by_its_one_spelling(path: str, place: str, visitor: Visitor) -> None:
    for method in ("GET", "HEAD"):
        answer = await visitor.client.request(method, f"{HERE}{path}")
        assert (answer.status_code, answer.headers["location"]) == (308, place)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@on_sqlite
async def test_every_page_has_one_spelling(visitor: Visitor) -> None:
    for path in paths("GET"):
        assert canonical_path(path, visitor.site.languages) == path
        if path.startswith(("/en/", "/organisers/")) and not set(path.split("/")) & set(EMAILED):
            for odd in {f"{path}/", f"/{path}", path.replace("/", "//")} - {path}:
                answer = await visitor.client.get(HERE + odd)
                assert (answer.status_code, answer.headers["location"]) == (308, path), odd


def test_every_link_in_an_email_is_known_as_such() -> None:
    tokens = [route.path for route in routes(demo=True) if isinstance(route, Route) and "{token}" in route.path]
    assert {path.split("/")[2] for path in tokens} == set(EMAILED)
    assert {len(path.split("/")) for path in tokens} == {4}


@on_sqlite
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "///evil.example/en/",
        "/\\evil.example/",
        "/%5Cevil.example/",
        "/%2Fevil.example/",
        "//evil.example/en/tally/",
        "/EN//evil.example/",
        "/en/%2F%2Fevil.example/",
        "/EN/../..//evil.example/",
        "/EN/..\\\\evil.example/",
        "//en@evil.example/",
        "//organisers.evil.example//",
        "/en/https:%2F%2Fevil.example/",
        "/en/%0D%0ALocation:%20https:%2F%2Fevil.example/",
    ],
)
async def test_no_address_leads_to_another_host(path: str, visitor: Visitor) -> None:
    _stays_here(await _place(visitor, path))


@on_sqlite
async def test_no_address_whatever_leads_to_another_host(visitor: Visitor) -> None:
    parts = ("en", "EN", "organisers", "", "..", "evil.example", "\\", "@", "https:", "\r\n", "confirm", "x", "?", "#")

    async def check(path: list[str]) -> None:
        _stays_here(await _place(visitor, quote("/".join(["", *path]))))

    await for_all(st.lists(st.sampled_from(parts) | st.text(max_size=4), max_size=6), check, 200)


async def _place(visitor: Visitor, path: str) -> str:
    """Where an address leads, of those that the site itself does not have; empty if it is answered."""
    for host in ("127.0.0.1:8000", "evil.example"):
        answer = await visitor.client.request("GET", HERE + path, headers={"Host": host})
        if answer.status_code == 308:
            return answer.headers["location"]
    return ""


def _stays_here(place: str) -> None:
    assert urlsplit(urljoin(f"{HERE}/somewhere", place.replace("\\", "/"))).netloc == "127.0.0.1:8000"
    assert place == "" or place.startswith(("/en/", "/organisers/")) or place == "/"


async def test_a_form_is_taken_at_once_and_sent_once(time: Clock, visitor: Visitor) -> None:
    for path in ("/EN/sign", "//en//sign", "/en/sign/"):
        answer = await visitor.post(HERE + path, email="anna@example.net", country="PL", consent="on")
        assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    answer = await visitor.client.post(f"{HERE}//en/sign", data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@on_sqlite
async def test_the_way_to_a_page_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for path in paths("GET"):
        await visitor.client.get(f"{HERE}/{path}/")
    assert await all_rows(visitor.site) == before


@on_sqlite
async def test_a_long_address_is_looked_at_by_nobody(visitor: Visitor) -> None:
    assert (await visitor.client.get(f"{HERE}//en/{'x' * 5000}/")).status_code == 404
