"""What every request passes: where a post may come from, who reaches a demo, how long a body is, and all headers."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from petition.core.settings import Settings
from petition.signing import submissions
from petition.web.http import security
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.tools import FORM, all_rows, in_production, on_sqlite, paths, run_background_jobs

GOOD = {"email": "anna@example.net", "country": "PL", "consent": "on"}
HERE = "http://127.0.0.1:8000"


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
    {"Sec-Fetch-Site": "same-site", "Origin": HERE},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "anything"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://127.0.0.1:9000"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://127.0.0.1:8000.elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "127.0.0.1:8000"},
]


async def test_a_post_from_another_site_is_refused(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for headers in ELSEWHERE:
        for path in paths("POST"):
            if "unsubscribe" in path:  # tests/web/public/test_unsubscribe.py
                continue
            answer = await visitor.client.post(path, data=GOOD, headers=headers)
            assert answer.status_code == 403, (headers, path)
    assert await all_rows(visitor.site) == before


@pytest.mark.speaks("de")
@on_sqlite
async def test_whoever_comes_from_a_copy_is_told_so_and_led_to_us(visitor: Visitor) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    answer = await visitor.client.post("/de/sign", data=GOOD, headers=elsewhere)
    assert answer.status_code == 403
    private(answer)
    page = whole(answer, "de")
    assert "kam von einer anderen Website" in page.text
    assert "anna" not in answer.text
    assert [a for a in page.all("a") if a["href"] == "/de/" and a.get("class") == "button"]
    accepting = elsewhere | {"Accept-Language": "pl"}
    assert "z innej strony" in (await visitor.client.post("/organisers/login", data=GOOD, headers=accepting)).text


@on_sqlite
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://elsewhere.example"},
        {"Origin": HERE},
        {},  # no browser
    ],
)
async def test_a_post_from_our_own_page_is_taken(headers: dict[str, str], visitor: Visitor) -> None:
    assert (await visitor.client.post("/en/sign", data=GOOD, headers=headers)).status_code == 303


@on_sqlite
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://petition.example", 303),
        ("http://petition.example", 403),
        ("https://petition.example:8443", 403),
        ("https://petition.example.elsewhere.example", 403),
        ("https://elsewhere.example", 403),
        ("null", 403),
    ],
)
async def test_behind_a_proxy_with_a_name_of_its_own_our_form_is_ours(
    origin: str, status: int, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    """As from a browser that does not send Sec-Fetch-Site."""
    visitor = await in_production(visit, settings, tmp_path)
    headers = {"Host": "petition.internal:8000", "Origin": origin}
    assert (await visitor.client.post("/en/sign", data=GOOD, headers=headers)).status_code == status


@on_sqlite
async def test_reading_is_open_to_links_from_other_sites(visitor: Visitor) -> None:
    for method in ("GET", "HEAD"):
        answer = await visitor.client.request(method, "/en/", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200


async def _answers(visitor: Visitor) -> AsyncIterator[httpx2.Response]:
    """Every kind of answer, good and bad."""
    for path in ("/", "/en", "/en/", "/xx/", "/nowhere", "/organisers/", "/organisers/login", "/static/petition.css"):
        yield await visitor.get(path)
    for path in ("/static/none.css", "/tally.json", "/healthz", "/readyz", "/metrics", "/dev/outbox", "/en/confirm/x"):
        yield await visitor.get(path)
    yield await visitor.client.head("/en/")
    yield await visitor.client.put("/en/")
    yield await visitor.client.post("/en/sign", data=GOOD)
    yield await visitor.client.post("/en/sign", data={"email": ""})
    yield await visitor.client.post("/en/sign", json=GOOD)
    yield await visitor.client.post("/en/sign", data=GOOD, headers={"Origin": "null"})
    yield await visitor.client.post("/en/sign", data=GOOD | {"name": "a" * 100_000})
    yield await visitor.get("/en/", headers={"Host": "elsewhere.example"})


@on_sqlite
async def test_every_answer_carries_the_usual_headers(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [answer async for answer in _answers(visitor)]
    monkeypatch.delattr(submissions, "sign")
    broken = await visitor.client.post("/en/sign", data=GOOD)
    assert broken.status_code == 500
    assert {answer.status_code for answer in answers} >= {200, 302, 303, 308, 403, 404, 405, 413, 415, 422}
    for answer in [*answers, broken]:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] in ("same-origin", "strict-origin")
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["content-security-policy"] == broken.headers["content-security-policy"]
        assert "geolocation=()" in answer.headers["permissions-policy"]
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers


@on_sqlite
async def test_the_policy_lets_a_page_talk_to_nobody_else(visitor: Visitor) -> None:
    header = (await visitor.get("/en/")).headers["content-security-policy"]
    policy = {name: set(values) for name, *values in (part.split() for part in header.split(";"))}
    assert policy["default-src"] == {"'none'"}
    assert policy["base-uri"] == policy["frame-ancestors"] == {"'none'"}
    assert policy["form-action"] == {"'self'"}
    assert policy.pop("require-trusted-types-for") == {"'script'"}, "no text becomes a script"
    assert policy["trusted-types"] == {"'none'"}
    assert set().union(*policy.values()) == {"'none'", "'self'"}


@on_sqlite
async def test_https_is_kept_once_it_was_used(visit: Visit) -> None:
    visitor = await visit(base_url="https://127.0.0.1")
    assert "max-age=63072000" in (await visitor.get("/en/")).headers["strict-transport-security"]


@on_sqlite
async def test_the_address_of_a_link_is_told_to_nobody(visitor: Visitor) -> None:
    for kind in ("confirm", "manage", "never-write"):
        assert (await visitor.get(f"/en/{kind}/x")).headers["referrer-policy"] == "strict-origin"
    assert (await visitor.get("/organisers/login/x")).headers["referrer-policy"] == "strict-origin"


@on_sqlite
@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "127.0.0.2", "", "[", "a b"])
async def test_a_demo_answers_to_no_other_name(host: str, visitor: Visitor) -> None:
    answer = await visitor.get("/en/", headers={"Host": host})
    assert (answer.status_code, answer.text) == (403, "Demo mode answers on this machine only.")


@on_sqlite
@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"])
async def test_a_demo_answers_nothing_that_was_forwarded(name: str, visitor: Visitor) -> None:
    assert (await visitor.get("/en/", headers={name: "127.0.0.1"})).status_code == 403


@on_sqlite
async def test_a_demo_answers_this_machine_only(visitor: Visitor) -> None:
    for host, status in (("203.0.113.7", 403), ("127.0.0.1", 200), ("::1", 200)):
        transport = httpx2.ASGITransport(app=visitor.app, client=(host, 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            assert (await client.get("/en/")).status_code == status


@on_sqlite
async def test_a_long_body_is_refused_however_it_comes(visitor: Visitor) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"a" * 1000

    for path in ("/en/sign", "/en/manage", "/organisers/login"):
        whole = await visitor.client.post(path, content=b"a" * 100_000, headers={"Content-Type": FORM})
        chunked = await visitor.client.post(path, content=pieces(), headers={"Content-Type": FORM})
        assert [whole.status_code, chunked.status_code] == [413, 413]
    exact = await visitor.client.post(
        "/en/sign", content=b"a" * security.MAX_BODY_BYTES, headers={"Content-Type": FORM}
    )
    assert exact.status_code == 422


@on_sqlite
async def test_only_texts_of_organisers_may_be_longer(visitor: Visitor) -> None:
    await visitor.organiser()
    for size, status in ((security.MAX_TEXT_BODY_BYTES, 422), (security.MAX_TEXT_BODY_BYTES + 1, 413)):
        for path in ("/organisers/texts/banner", "/organisers/paper"):
            body = b"en=" + b"a" * (size - 3)
            sent = await visitor.client.post(
                path, content=body, headers={"Content-Type": FORM, "Sec-Fetch-Site": "same-origin"}
            )
            assert sent.status_code == (status if "texts" in path else 413)


@on_sqlite
@pytest.mark.parametrize(
    "kind",
    ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "application/x-www-form-urlencodedx"],
)
async def test_another_kind_of_body_is_refused(kind: str, visitor: Visitor) -> None:
    for path in ("/en/sign", "/en/manage", "/organisers/login"):
        answer = await visitor.client.post(path, content=b"email=anna@example.net", headers={"Content-Type": kind})
        assert answer.status_code == 415
    answer = await visitor.client.post(
        "/en/sign", content=b"", headers={"Content-Type": f"{FORM.upper()}; charset=UTF-8"}
    )
    assert answer.status_code == 422


@on_sqlite
async def test_no_host_name_of_a_request_comes_back(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    places = [
        *paths("GET"),
        "/en",
        "/organisers",
        "/static",
        "/en/tally/",
        "//elsewhere.example/",
        "/en//elsewhere.example",
    ]
    for path in places:
        answer = await visitor.get(path, headers={"Host": "elsewhere.example"})
        location = answer.headers.get("location", "/")
        assert location.startswith("/"), path
        assert not location.startswith("//"), path
        assert "http://elsewhere.example" not in answer.text, path
    answer = await visitor.client.post("/en/sign", data=GOOD, headers={"Host": "elsewhere.example"})
    assert answer.headers["location"] == "/en/check-inbox#main"
    await visitor.deliver()
    assert "elsewhere.example" not in str(visitor.smtp.mails[0])
    assert "https://petition.example/en/confirm/" in str(visitor.smtp.mails[0])


@on_sqlite
@pytest.mark.parametrize("host", ["[", "a b", "", "x:y", "\u00fc.example"])
async def test_a_host_that_is_none_breaks_nothing(host: str, visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    for path, status in (("/en/", 200), ("/en/tally", 200), ("/nowhere", 404), ("/en", 308)):
        assert (await visitor.get(path, headers={"Host": host.encode()})).status_code == status
