"""Addresses that the form asks about again: a domain that looks mistyped, a mailbox that authorities can read."""

import pytest

from tests.conftest import Clock, Visitor
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs

TYPED = {"email": "anna@gmial.com", "country": "PL", "consent": "on", "named": "on", "name": "Anna Nowak"}


def _buttons(page: Html) -> dict[str, str]:
    return {a["name"]: a["value"] for a in page.all("button") if "name" in a}


async def test_a_slip_of_the_finger_is_asked_about_until_it_is_answered(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for _ in range(3):
        answer = await visitor.post("/en/sign", **TYPED)
        page = Html(answer.text)
        assert answer.status_code == 422
        assert "Did you mean anna@gmail.com?" in page.text
        assert page.fields() == TYPED, "the button Sign insists on nothing"
        assert _buttons(page) == {"suggestion": "anna@gmail.com", "sure": "anna@gmial.com"}
    assert await all_rows(visitor.site) == before


async def test_one_press_insists_on_the_address(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **TYPED)).text)
    assert (await visitor.post("/en/sign", **page.press("sure"))).status_code == 303
    await visitor.link("anna@gmial.com")


async def test_one_press_takes_the_suggestion(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **TYPED)).text)
    assert (await visitor.post("/en/sign", **page.press("suggestion"))).status_code == 303
    await visitor.link("anna@gmail.com")


@on_sqlite
async def test_the_enter_key_answers_no_question(visitor: Visitor) -> None:
    """It presses the first button of the form."""
    page = Html((await visitor.post("/en/sign", **TYPED)).text)
    first = page.all("button")[0]
    assert "name" not in first
    assert (first["type"], first["class"], first["tabindex"], first["aria-hidden"]) == (
        "submit",
        "unseen",
        "-1",
        "true",
    )
    assert "unseen" not in Html((await visitor.get("/en/")).text).all("button")[0].get("class", "")


@on_sqlite
async def test_a_press_that_corrects_another_error_insists_on_nothing(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"country": ""}))).text)
    assert page.error("country")
    answer = await visitor.post("/en/sign", **(page.fields() | {"country": "PL"}))
    assert answer.status_code == 422
    assert Html(answer.text).error("email").strip() == "Is this address right?"


@on_sqlite
async def test_who_has_insisted_is_not_asked_again_while_other_errors_are_mended(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"country": ""}))).text)
    page = Html((await visitor.post("/en/sign", **page.press("sure"))).text)
    assert page.error("country")
    assert not page.error("email")
    assert _buttons(page) == {}
    assert (await visitor.post("/en/sign", **(page.fields() | {"country": "PL"}))).status_code == 303


@on_sqlite
async def test_a_suggestion_that_was_taken_stays_while_other_errors_are_mended(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"country": ""}))).text)
    page = Html((await visitor.post("/en/sign", **page.press("suggestion"))).text)
    assert page.error("country")
    assert page.fields()["email"] == "anna@gmail.com"
    assert (await visitor.post("/en/sign", **(page.fields() | {"country": "PL"}))).status_code == 303
    await visitor.link("anna@gmail.com")


@on_sqlite
async def test_insisting_holds_for_the_address_that_was_asked_about(visitor: Visitor) -> None:
    fields = Html((await visitor.post("/en/sign", **TYPED)).text).press("sure")
    assert (await visitor.post("/en/sign", **(fields | {"email": "anna@gmal.com"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"email": "boris@gmial.com"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"sure": ""}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"sure": "on"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"email": "anna@gmail.com"}))).status_code == 303


@on_sqlite
@pytest.mark.parametrize("typed", ["  Anna@GMIAL.com ", "anna@outlоok.com"])  # the second has a Cyrillic letter
async def test_insisting_works_in_any_spelling(typed: str, visitor: Visitor) -> None:
    answer = await visitor.post("/en/sign", **(TYPED | {"email": typed}))
    assert answer.status_code == 422
    assert (await visitor.post("/en/sign", **Html(answer.text).press("sure"))).status_code == 303


@on_sqlite
async def test_a_pasted_address_is_cleaned_and_shown_as_it_was_understood(visitor: Visitor) -> None:
    pasted = {"email": "Anna Nowak <mailto:anna\uff20gmail.com>, ", "consent": "on"}
    page = Html((await visitor.post("/en/sign", **pasted)).text)
    assert page.fields()["email"] == "anna@gmail.com"
    assert (await visitor.post("/en/sign", **(page.fields() | {"country": "PL"}))).status_code == 303
    await visitor.link("anna@gmail.com")


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("anna@example.org, boris@example.org", "we can write to: it has more than one @. Please enter one address."),
        ("anna.example.org", "we can write to: it has no @."),
        ("anna nowak@example.org", "we can write to: there is a space in it."),
        ("анна@example.org", "This is not an email address we can write to."),
        (" \u200b ", "Please enter your email address."),
    ],
)
async def test_what_is_wrong_with_an_address_is_said(typed: str, error: str, visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"email": typed}))).text)
    assert page.error("email").strip().endswith(error)
    assert page.fields()["email"] == typed


READABLE = ["anna@mail.ru", "anna@yandex.by", "Anna@Mail.RU", "anna@some.host.by", "anna@пошта.бел", "anna@rambler.ua"]


async def test_a_readable_mailbox_is_refused_before_anything_is_stored(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for email, sure in [(e, sure) for e in READABLE for sure in ("", e, e.lower())]:
        answer = await visitor.post("/en/sign", **(TYPED | {"email": email, "sure": sure}))
        page = Html(answer.text)
        assert answer.status_code == 422
        assert "authorities who may punish people for signing" in page.error("email")
        assert "EU or Switzerland" in page.text
        assert "sure" not in page.fields() | _buttons(page)
        assert page.fields()["email"] == email
    assert await all_rows(visitor.site) == before


@pytest.mark.parametrize("path", ["/en/sign", "/en/manage"])
async def test_a_slip_beside_a_readable_mailbox_is_asked_about_before_anything_is_stored(
    path: str, time: Clock, visitor: Visitor
) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for email in ("anna@mail.ry", "anna@yandx.ru", "anna@tut.bu", "anna@bk.rul", "anna@маil.ru"):
        answer = await visitor.post(path, **(TYPED | {"email": email}))
        page = Html(answer.text)
        assert answer.status_code == 422
        assert page.error("email").strip() == "Is this address right?"
        assert "Your email provider: " in page.text, "the suggested mailbox is readable, and this is said"
        assert _buttons(page) == {"sure": email}, "what is refused anyway is not offered"
    assert await all_rows(visitor.site) == before


async def test_the_form_for_a_link_to_manage_asks_about_slips_too(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/manage", email="anna@gmial.com")).text)
    assert _buttons(page) == {"suggestion": "anna@gmail.com", "sure": "anna@gmial.com"}
    assert (await visitor.post("/en/manage", **page.press("suggestion"))).status_code == 303
    await visitor.link("anna@gmail.com", "manage")
    assert (await visitor.post("/en/manage", **page.press("sure"))).status_code == 303
    await visitor.link("anna@gmial.com", "manage")


async def _only_warn(visitor: Visitor) -> None:
    fields = {"value": "warn", "version": "0", "reason": "many ask", "sure": "on"}
    assert (await visitor.post("/organisers/switches/mailboxes", **fields)).status_code == 303


@on_sqlite
@pytest.mark.parametrize("email", READABLE)
async def test_organisers_can_turn_the_refusal_into_a_warning(email: str, visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    await _only_warn(visitor)
    answer = await visitor.post("/en/sign", **(TYPED | {"email": email}))
    page = Html(answer.text)
    assert answer.status_code == 422
    assert "authorities who may punish people for signing" in page.error("email")
    assert (await visitor.post("/en/sign", **page.fields())).status_code == 422, "a second press insists on nothing"
    assert (await visitor.post("/en/sign", **page.press("sure"))).status_code == 303

    assert (await visitor.post("/organisers/switches/mailboxes", value="", version="1")).status_code == 303
    assert (await visitor.post("/en/sign", **page.press("sure"))).status_code == 422


@on_sqlite
async def test_with_a_warning_a_readable_suggestion_is_one_press_and_then_a_warning(visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    await _only_warn(visitor)
    page = Html((await visitor.post("/en/sign", **(TYPED | {"email": "anna@mail.ry"}))).text)
    page = Html((await visitor.post("/en/sign", **page.press("suggestion"))).text)
    assert "authorities who may punish people for signing" in page.error("email")
    assert (await visitor.post("/en/sign", **page.press("sure"))).status_code == 303
    await visitor.link("anna@mail.ru")


@on_sqlite
async def test_the_reason_names_the_provider(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"email": "anna@mail.ru"}))).text)
    assert "VK (Mail.ru), Russia." in page.text


@on_sqlite
async def test_a_common_or_unknown_domain_is_not_asked_about(visitor: Visitor) -> None:
    for email in ("anna@mail.com", "anna@ymail.com", "anna@example.net", "anna@uni-vilnius.lt", "anna@yahoo.fi"):
        assert (await visitor.sign(email)).status_code == 303
