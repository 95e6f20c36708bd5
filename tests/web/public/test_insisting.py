"""Addresses that the form asks about again: a domain that looks mistyped, a mailbox that authorities can read."""

import pytest

from tests.conftest import Clock, Visitor
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs

TYPED = {"email": "anna@gmial.com", "country": "PL", "consent": "on", "named": "on", "name": "Anna Nowak"}


async def test_a_slip_of_the_finger_is_asked_about_once(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    answer = await visitor.post("/en/sign", **TYPED)
    page = Html(answer.text)
    assert answer.status_code == 422
    assert "anna@gmail.com" in page.text
    assert await all_rows(visitor.site) == before

    assert {k: v for k, v in page.fields().items() if k != "sure"} == TYPED
    assert (await visitor.post("/en/sign", **page.fields())).status_code == 303
    await visitor.link("anna@gmial.com")


@on_sqlite
async def test_insisting_holds_for_the_address_that_was_asked_about(visitor: Visitor) -> None:
    fields = Html((await visitor.post("/en/sign", **TYPED)).text).fields()
    assert (await visitor.post("/en/sign", **(fields | {"email": "anna@gmal.com"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"email": "boris@gmial.com"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"sure": ""}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"sure": "on"}))).status_code == 422
    assert (await visitor.post("/en/sign", **(fields | {"email": "anna@gmail.com"}))).status_code == 303


@on_sqlite
@pytest.mark.parametrize("typed", ["  Anna@GMIAL.com ", "anna@outlоok.com"])  # the second has a Cyrillic letter
async def test_insisting_works_in_any_spelling(typed: str, visitor: Visitor) -> None:
    answer = await visitor.post("/en/sign", **(TYPED | {"email": typed}))
    if answer.status_code == 422:
        answer = await visitor.post("/en/sign", **Html(answer.text).fields())
    assert answer.status_code == 303


READABLE = ["anna@mail.ru", "anna@yandex.by", "Anna@Mail.RU", "anna@some.host.by", "anna@пошта.бел"]


async def test_a_readable_mailbox_is_refused_before_anything_is_stored(time: Clock, visitor: Visitor) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for email, sure in [(e, sure) for e in READABLE for sure in ("", e, e.lower())]:
        answer = await visitor.post("/en/sign", **(TYPED | {"email": email, "sure": sure}))
        page = Html(answer.text)
        assert answer.status_code == 422
        assert "authorities who may punish people for signing" in page.error("email")
        assert "EU or Switzerland" in page.text
        assert "sure" not in page.fields()
        assert page.fields()["email"] == email
    assert await all_rows(visitor.site) == before


@on_sqlite
@pytest.mark.parametrize("email", READABLE)
async def test_organisers_can_turn_the_refusal_into_a_warning(email: str, visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    assert (await visitor.post("/organisers/rules", warn="on")).status_code == 303
    answer = await visitor.post("/en/sign", **(TYPED | {"email": email}))
    page = Html(answer.text)
    assert answer.status_code == 422
    assert "authorities who may punish people for signing" in page.error("email")
    assert (await visitor.post("/en/sign", **page.fields())).status_code == 303

    assert (await visitor.post("/organisers/rules", warn="")).status_code == 303
    assert (await visitor.post("/en/sign", **page.fields())).status_code == 422


@on_sqlite
async def test_the_reason_names_the_provider(visitor: Visitor) -> None:
    page = Html((await visitor.post("/en/sign", **(TYPED | {"email": "anna@mail.ru"}))).text)
    assert "VK (Mail.ru), Russia." in page.text


@on_sqlite
async def test_a_common_or_unknown_domain_is_not_asked_about(visitor: Visitor) -> None:
    for email in ("anna@mail.com", "anna@ymail.com", "anna@example.net", "anna@uni-vilnius.lt"):
        assert (await visitor.sign(email)).status_code == 303
