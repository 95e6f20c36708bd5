"""What is too long is refused before it costs anything: every field of every form, every part of a request.

The fields are found in the pages, and every address that takes a form must have been found or be named here.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route

from petition.core.form import Form, max_length
from petition.core.tokens import Purpose
from petition.web.http.forms import MAX_FIELD_NAME_LENGTH
from petition.web.http.security import MAX_COOKIE_BYTES, MAX_PATH_LENGTH, MAX_QUERY_BYTES
from petition.web.routes import routes
from tests.conftest import Clock, Visitor
from tests.web.tools import FORM, Html, all_rows, on_sqlite, paths, run_background_jobs, token

GOOD = {"email": "anna@example.net", "country": "PL", "consent": "on", "named": "on", "name": "Anna"}
# Combining marks in the wrong order: Python sorts them in quadratic time.
MARKS = "a" + "\u0315" * 1600 + "\u0316" * 1600
HOSTILE = [MARKS, ".@\\\"'" * 2000]
# Forms that stand in pages only in some states, and what programs send.
OTHER_FORMS: dict[str, set[str]] = {
    "/organisers/aside": {"network"},
    "/organisers/restore": {"reason"},
    "/organisers/names/PL/new": {"shown", "name x", "rest", "undo"},
    "/organisers/unusual": {"handle", "explanation", "reopen"},
    "/organisers/factor": {"code", "passkey"},
    "/organisers/factors": {"code", "passkey", "remove"},
    "/organisers/factor/challenge": {"purpose"},
    **{
        f"/organisers/people/marta/{change}": {"shown", "role", "sure", "factor-code", "passkey"}
        for change in ("role", "link", "reset", "remove")
    },
    **{
        f"/organisers/set-aside/b1/{act}": {"reason", "sure", "seen"} for act in ("propose", "agree", "dismiss", "undo")
    },
    "/organisers/editions/1/names/PL": set(),
    "/organisers/editions/1/time-stamp": set(),
    "/organisers/texts/undo": {"press", "file"},
    "/organisers/editions/PL-1/sealed": {"sha256", "sealed", "back"},
    "/organisers/paper/PL/PL-7": {"signatures", "counted_on", "counted_by", "version", "back"},
    "/bounces": set(),
}


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Counts the calls of functions, Python's own too."""
    calls = [0]

    def count(_frame: object, event: str, _argument: object) -> None:
        calls[0] += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all texts that are normalised."""
    lengths: list[int] = []
    real = unicodedata.normalize

    def normalize(form: Any, text: str) -> str:
        lengths.append(len(text))
        return real(form, text)

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    return lengths


def _forms(page: str) -> Iterator[tuple[str, set[str]]]:
    """(address, fields) of each form that a page posts; the address is empty for that of the page."""
    fields: set[str] | None = None
    for tag, attributes in Html(page).tags:
        if tag == "form":
            fields = set() if attributes.get("method") == "post" else None
            if fields is not None:
                yield attributes.get("action", "").partition("#")[0], fields
        elif tag in ("input", "select", "textarea", "button") and fields is not None and "name" in attributes:
            fields.add(attributes["name"])


async def _found(visitor: Visitor) -> dict[str, set[str]]:
    """The fields of all forms, by the address that reads them, as an admin sees the site."""
    await visitor.confirmed("anna@example.org", named="on", name="Anna", updates="on")
    await visitor.post("/en/manage", email="anna@example.org")
    links = [await visitor.link("anna@example.org", kind) for kind in ("manage", "never-write")]
    await visitor.sign("boris@example.org")
    links += [await visitor.link("boris@example.org"), "/en/", "/organisers/login/" + token(visitor, Purpose.LOGIN)]
    found: dict[str, set[str]] = {}
    for path in [*links, *paths("GET")]:
        for address, fields in list(_forms((await visitor.get(path)).text)):
            found.setdefault(urljoin(path, address), set()).update(fields)
    return found


async def _post(visitor: Visitor, path: str, fields: dict[str, str]) -> Any:
    return await visitor.client.post(path, data=fields, headers={"Content-Type": FORM})


@on_sqlite
async def test_no_field_of_any_form_costs_more_for_being_long(
    time: Clock, visitor: Visitor, normalised: list[int]
) -> None:
    await visitor.organiser("marta", "admin")
    found = await _found(visitor) | OTHER_FORMS
    for path, field, hostile in ((p, f, h) for p in found for f in _one_of_each_kind(found[p]) for h in HOSTILE):
        costs = []
        for text in (hostile[: len(hostile) // 2], hostile):
            normalised.clear()
            with counted_calls() as calls:
                answer = await _post(visitor, path, GOOD | dict.fromkeys(found[path], "on") | {field: text})
            costs.append(calls[0])
            assert answer.status_code < 500, (path, field)
            assert max(normalised, default=0) <= max_length(field), (path, field)
        assert costs[1] <= 2.5 * costs[0], (path, field)
    no_forms = {"/log/cosignatures"}  # a signed text: tests/log/test_served.py
    assert _routes(found) == _routes(paths("POST")) - no_forms


def _one_of_each_kind(fields: set[str]) -> list[str]:
    """`on PL` and `on DE` are read alike, and so are `banner-pl` and `banner-de`."""
    return sorted({re.split("[ -]", field)[0]: field for field in sorted(fields)}.values())


def _routes(addresses: Iterable[str]) -> set[str]:
    """The addresses as they stand in the routing table."""
    table = [route for route in routes(demo=True) if isinstance(route, Route) and "POST" in (route.methods or ())]
    bare = {address.partition("?")[0] for address in addresses}
    return {next(route.path for route in table if route.path_regex.match(path)) for path in bare}


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(["name", "email", "summary-pl", "lines"]), st.text()))
def test_what_is_too_long_is_not_read_but_shown_again(typed: dict[str, str]) -> None:
    long = {name: text * 10_000 for name, text in typed.items()}
    form = Form(long)
    assert form.typed == long
    assert form.values.keys() == long.keys()
    assert set(form.errors) == {name for name in long if len(long[name]) > max_length(name)}
    assert all(form.values[name] == ("" if name in form.errors else long[name]) for name in long)


def test_no_program_reads_what_is_not_bounded() -> None:
    """`typed` is for templates; that the hidden field is filled in does not depend on how much."""
    users = [
        f for f in Path("petition").rglob("*.py") if re.search(r"form\.typed|request\.cookies", f.read_text("utf-8"))
    ]
    assert users == [Path("petition/signing/intake.py")]


@on_sqlite
async def test_a_form_that_is_too_long_comes_back_whole_with_its_sentence(visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    typed = GOOD | {"email": "a" * 9000 + "@example.net", "name": MARKS}
    answer = await visitor.post("/en/sign", **typed)
    page = Html(answer.text)
    assert answer.status_code == 422
    assert page.fields() == typed
    assert ("too long" in page.error("email"), "shorten the name" in page.error("name")) == (True, True)
    assert await all_rows(visitor.site) == before


@on_sqlite
async def test_an_optional_field_that_is_too_long_is_not_lost_in_silence(visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    note = "x" * 2000
    fields = {"office": "", "lines": "", "source": "", "checked": "2026-01-01", "note": note}
    answer = await visitor.post("/organisers/book/PL", **fields)
    page = Html(answer.text)
    assert (answer.status_code, page.error("note") != "", page.fields()["note"]) == (422, True, note)


@on_sqlite
async def test_a_field_with_a_long_name_is_left_out(visitor: Visitor) -> None:
    name = "x" * (MAX_FIELD_NAME_LENGTH + 1)
    assert (await _post(visitor, "/en/sign", GOOD | {name: "1"})).status_code == 303
    page = await _post(visitor, "/en/sign", {name: "1" * (max_length(name) + 1)})
    assert (page.status_code, name in page.text) == (422, False)


@on_sqlite
async def test_a_long_path_or_query_or_cookie_is_not_read(visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    session = visitor.client.cookies["session"]
    visitor.client.cookies.clear()
    for length in (200, MAX_PATH_LENGTH, 20_000):
        page = await visitor.get("/en/" + "x" * length)
        assert (page.status_code, "x" * 100 in page.text) == (404, False)
    assert (await visitor.get(f"/en/confirm/{'x.' * 9000}")).status_code == 404
    late = [(await visitor.get("/en/check-inbox?mail=late" + "&x" * n)).text for n in (1, MAX_QUERY_BYTES)]
    assert (late[0] == late[1], late[1]) == (False, (await visitor.get("/en/check-inbox")).text)
    for padding, status in (("", 200), ("; x=" + "y" * 3000, 200), ("; x=" + "y" * MAX_COOKIE_BYTES, 404)):
        answer = await visitor.get("/organisers/", headers={"Cookie": f"other=1; session={session}{padding}"})
        assert answer.status_code == status


@on_sqlite
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/organisers/", {"Cookie": 'session="{}"'}),
        ("/", {"Accept-Language": "{}"}),
        ("/en/thanks?{}", {}),
        ("/en/thanks", {"If-None-Match": "{}"}),
        ("/en/manage/{}", {}),
        ("/{}", {}),
        ("/en/letters/{}", {}),
        ("/organisers/record?before={}", {}),
    ],
)
async def test_twice_the_header_or_address_costs_about_twice(
    path: str, headers: dict[str, str], visitor: Visitor
) -> None:
    """Calls of functions are counted. What is quadratic inside one call (the reader of cookies) is not used."""
    for filling in ("\\\\", "a&", "a,", "1", ";q=0.1,"):
        costs = []
        for size in (2000, 4000):
            with counted_calls() as calls:
                text = filling * size
                await visitor.get(
                    path.format(quote(text)), headers={name: value.format(text) for name, value in headers.items()}
                )
            costs.append(calls[0])
        assert costs[1] <= 2.5 * costs[0], filling


async def test_a_nul_in_an_address_is_a_page_that_does_not_exist(visitor: Visitor) -> None:
    """PostgreSQL takes no NUL in a text."""
    await visitor.organiser("marta", "admin")
    for path in ("/en/letters/%00", "/organisers/editions/%00.pdf", "/organisers/names/%00/new", "/en/manage/%00"):
        assert (await visitor.get(path)).status_code == 404, path
