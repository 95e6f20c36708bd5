"""Bad input: one sentence beside each field, nothing typed lost, nothing stored."""

import asyncio
from urllib.parse import quote_from_bytes, urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailProviders
from petition.core.form import Form
from petition.core.languages import Language
from petition.letters.writing.glyphs import can_print
from petition.signing import intake
from petition.web.http import forms
from tests.conftest import Clock, Visitor
from tests.web.tools import FORM, Html, all_rows, for_all, in_each_language, on_sqlite, paths, run_background_jobs

MAILBOXES = EmailProviders(SHIPPED_DATA / "mailboxes.toml")
ENGLISH = Language("en", {})
UNSAFE = ("BY",)
GOOD = {"email": "anna@example.net", "country": "PL", "consent": "on"}
NAMED = {"named": "on", "name": "Anna Nowak"}

# Words by which the tests know each sentence.
NO_ADDRESS = "enter your email address"
LONG_ADDRESS = "too long"
BAD_ADDRESS = "not an email address"
NO_COUNTRY = "choose the country"
NO_CONSENT = "your consent"
NO_NAME = "enter the name"
LONG_NAME = "shorten the name to 100"
BAD_NAME = "cannot be printed"
OTHER_LETTERS = "Latin, Greek or Cyrillic"
UNSAID = "no name is printed with this choice"

BAD = [
    *[({"email": email}, "email", NO_ADDRESS) for email in ("", "   ", "\t\r\n")],
    ({"email": "a" * 250 + "@example.net"}, "email", LONG_ADDRESS),
    *[
        ({"email": email}, "email", BAD_ADDRESS)
        for email in (
            "anna",
            "anna@",
            "@example.net",
            "an na@example.net",
            "anna@localhost",
            "a" * 65 + "@example.net",
            "ганна@example.net",
            "anna@example.net, boris@example.net",
            "anna@example.net;boris@example.net",
            "Anna <anna@example.net>, Boris <boris@example.net>",
            '"anna nowak"@example.net',
            "anna@example.net\nBcc: boris@example.net",
            "anna@example.net\r\n\r\nsign here",
            "anna\x00@example.net",
            "anna\x07@example.net",
            "anna\u2028@example.net",
            "anna\ufffd@example.net",
        )
    ],
    *[({"country": c}, "country", NO_COUNTRY) for c in ("", "XX", "EU", "pl", "PLN", "POL", "P", "PL\x00", "Poland")],
    *[({"consent": box}, "consent", NO_CONSENT) for box in ("", "off", "ON", "true", "on ")],
    *[(NAMED | {"name": name}, "name", NO_NAME) for name in ("", "  ", "\u00a0")],
    (NAMED | {"name": "a" * 101}, "name", LONG_NAME),
    *[
        (NAMED | {"name": name}, "name", BAD_NAME)
        for name in (
            "Anna\nNowak",
            "Anna\x07",
            "Anna\x00",
            "Anna\u202eNowak",
            "Anna\u2028N",
            "Anna\ufffd",
            "12",
            "\u0301",
        )
    ],
    *[
        (NAMED | {"name": name}, "name", OTHER_LETTERS)
        for name in ("سارا", "王小明", "Anna 王", "नेहा", "นิด", "Anna 🌷")
    ],
    *[(NAMED | {"country": country}, "name", UNSAID) for country in ("ZZ", "BY")],
]


@pytest.mark.parametrize(("fields", "field", "sentence"), BAD)
def test_each_bad_field_has_its_sentence(fields: dict[str, str], field: str, sentence: str) -> None:
    typed = GOOD | fields
    form = Form(dict(typed))
    signing = intake.check_signing(form, ENGLISH, MAILBOXES, UNSAFE, can_print)
    assert signing is None
    assert list(form.errors) == [field]
    assert sentence in form.errors[field]
    assert form.values == typed


@pytest.mark.parametrize("field", ["email", "country", "consent"])
def test_a_missing_field_is_asked_for(field: str) -> None:
    form = Form({k: v for k, v in GOOD.items() if k != field})
    assert intake.check_signing(form, ENGLISH, MAILBOXES, UNSAFE, can_print) is None
    assert list(form.errors) == [field]


NAMES_OF_PEOPLE = ["Anna", "Ганна Ўласенка", "Žemaitė-O'Neill, Dr", "Ελένη", "سارا\u200cنام", "王小明", "a" * 100]


@pytest.mark.parametrize("name", NAMES_OF_PEOPLE)
def test_names_in_every_script_are_taken_as_typed(name: str) -> None:
    form = Form(GOOD | {"named": "on", "name": f"  {name} "})
    signing = intake.check_signing(form, ENGLISH, MAILBOXES, UNSAFE, lambda _: True)
    assert signing is not None, form.errors
    assert (signing.email.exact, signing.country, signing.name) == ("anna@example.net", "PL", name)
    assert (signing.updates, signing.language) == (False, "en")


async def test_a_bad_form_comes_back_as_typed_and_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for fields, field, sentence in BAD:
        typed = GOOD | fields
        answer = await visitor.post("/en/sign", **typed)
        assert (answer.status_code, answer.headers["cache-control"]) == (422, "no-store")
        page = Html(answer.text)
        assert sentence in page.error(field)
        back = page.fields()
        assert [back.get(text) for text in ("email", "name")] == [typed["email"], typed.get("name", "")]
        assert ["consent" in back, "named" in back] == [typed["consent"] == "on", "named" in typed]
    assert await all_rows(visitor.site) == before


@on_sqlite
@in_each_language
async def test_all_that_was_typed_stands_in_the_page_again(lang: str, visitor: Visitor) -> None:
    typed = {
        "email": '"><b>anna',
        "country": "PL",
        "name": "\"><script>1</script>&amp; O'Neill",
        "named": "on",
        "updates": "on",
    }
    answer = await visitor.post(f"/{lang}/sign", **typed)
    assert answer.status_code == 422
    assert Html(answer.text).fields() == typed
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text


@on_sqlite
async def test_a_field_sent_twice_is_refused(visitor: Visitor) -> None:
    for field, twice in (("email", "boris@example.net"), ("country", "DE"), ("consent", "on"), ("name", "Boris")):
        body = urlencode([*(GOOD | NAMED).items(), (field, twice)])
        answer = await visitor.client.post("/en/sign", content=body, headers={"Content-Type": FORM})
        assert answer.status_code == 422
        assert Html(answer.text).error(field)


@on_sqlite
async def test_broken_utf8_is_refused(visitor: Visitor) -> None:
    for broken in (b"\xff", b"%ff", b"%C3%28", b"\xed\xa0\x80", b"%ED%A0%80"):
        for field in ("email", "country", "name"):
            others = urlencode({k: v for k, v in (GOOD | NAMED).items() if k != field}).encode()
            body = others + b"&" + field.encode() + b"=anna" + broken + (b"@example.net" if field == "email" else b"")
            answer = await visitor.client.post("/en/sign", content=body, headers={"Content-Type": FORM})
            assert answer.status_code == 422
            assert Html(answer.text).error(field)


@on_sqlite
async def test_the_forms_for_a_link_have_the_same_sentences(visitor: Visitor) -> None:
    for path in ("/en/manage", "/organisers/login"):
        for typed, sentence in (("", NO_ADDRESS), ("a" * 300, LONG_ADDRESS), ("a@b.c, d@e.f", BAD_ADDRESS)):
            answer = await visitor.post(path, email=typed)
            page = Html(answer.text)
            assert answer.status_code == 422
            assert sentence in page.error("email")
            assert page.fields() == {"email": typed}


@on_sqlite
async def test_a_body_that_is_no_form_is_refused(visitor: Visitor) -> None:
    answer = await visitor.client.post(
        "/en/sign", content="a=1&" * (forms.MAX_FIELDS + 1), headers={"Content-Type": FORM}
    )
    assert answer.status_code == 400
    for body in ("", "&&&", "=", "%", "sign", "email", "=&=&="):
        answer = await visitor.client.post("/en/sign", content=body, headers={"Content-Type": FORM})
        assert answer.status_code == 422


TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["Anna <anna@gmial.com>", "\u200banna@maul.ru."]),
    st.sampled_from([*GOOD.values(), "Anna Nowak", "BY", "ZZ", "anna@gmial.com", "anna@mail.ru", "anna@пример.бел"]),
    st.emails(),
    st.text(min_size=MAX_EMAIL_LENGTH, max_size=MAX_EMAIL_LENGTH + 40),
)
NAMES = st.sampled_from(
    ["email", "country", "consent", "named", "name", "updates", "sure", "suggestion", "action", "warn", "other"]
)
FIELDS = st.dictionaries(NAMES, TEXTS)


@examples(deadline=None, max_examples=150)
@given(FIELDS, st.booleans())
def test_whatever_is_typed_is_checked_or_explained(typed: dict[str, str], warn_only: bool) -> None:
    form = Form(dict(typed))
    signing = intake.check_signing(form, ENGLISH, MAILBOXES, UNSAFE, can_print, warn_only=warn_only)
    if form.values != typed:  # an address that was cleaned or suggested is shown instead
        assert form.values == form.typed == typed | {"email": form.values["email"]}
        assert MAILBOXES.parse(form.values["email"])
    assert (signing is None) == bool(form.errors)
    if signing is None:
        return
    assert signing.email.exact.isascii()
    assert signing.email.exact.isprintable()
    assert " " not in signing.email.exact
    assert len(signing.email.exact) <= MAX_EMAIL_LENGTH
    assert signing.country == "ZZ" or signing.country in dict(ENGLISH.countries)
    assert signing.country != "BY"
    assert (signing.name is None) == (typed.get("named") != "on")
    assert signing.name is None or (len(signing.name) <= 100 and "\n" not in signing.name and signing.country != "ZZ")
    assert typed["consent"] == "on"


@examples(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_whatever_arrives_in_a_body_is_read_as_fields(body: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = Request({"type": "http", "method": "POST", "headers": [(b"content-type", FORM.encode())]}, receive)
    if body.count(b"&") < 40:
        form = asyncio.run(forms.read_form(request))
        assert all(text.encode() for text in form.values.values() if text)
    else:
        with pytest.raises(HTTPException) as refused:
            asyncio.run(forms.read_form(request))
        assert refused.value.status_code == 400


VALUES = st.one_of(TEXTS.map(str.encode), st.binary(max_size=40))
BODIES = st.lists(st.tuples(NAMES, VALUES), max_size=9).map(
    lambda pairs: "&".join(f"{name}={quote_from_bytes(value)}" for name, value in pairs)
)


async def test_no_body_breaks_a_form_and_a_refused_one_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    places = paths("POST")

    async def check(example: tuple[str, str]) -> None:
        path, body = example
        before = await all_rows(visitor.site)
        answer: httpx2.Response = await visitor.client.post(path, content=body, headers={"Content-Type": FORM})
        assert answer.status_code in (200, 303, 404, 422)
        assert "Traceback" not in answer.text
        if answer.status_code not in (200, 303):
            assert await all_rows(visitor.site) == before

    await for_all(st.tuples(st.sampled_from(places), BODIES), check, most=60)
