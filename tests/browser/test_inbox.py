"""From the form to the inbox page and back: pressed twice, with a wrong address, without JavaScript."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page

from tests.browser.conftest import Watched
from tests.browser.test_browser import PHONE
from tests.relay import Relay

pytestmark = pytest.mark.browser

FIELDS = "[...document.querySelectorAll('form [name]')].map(e => e.type === 'checkbox' ? e.checked : e.value)"
TYPED = ["anna@exmaple.net", "PL", True, "Anna Żółć", False, True, "", ""]


async def _fill_in(page: Page) -> None:
    await page.get_by_label("Email address").fill("anna@exmaple.net")
    await page.get_by_label("Country you live in").select_option("PL")
    await page.get_by_label("Print my name in the letters").check()
    await page.get_by_label("Name to be printed").fill("Anna Żółć")
    await page.get_by_label("I am 16 or older").check()


async def _send(page: Page) -> None:
    await page.get_by_role("button", name="Sign", exact=True).click()
    await page.wait_for_url("**/en/check-inbox**")


async def _mails(smtp: Relay, to: str, least: int = 1) -> int:
    """How many emails came to an address, once there are some, and no more came for a moment."""
    for _ in range(1200):
        if len(smtp.to(to)) >= least:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    return len(smtp.to(to))


async def _press_change(page: Page) -> None:
    await page.get_by_role("link", name="Change the address").click()


async def _press_back(page: Page) -> None:
    await page.go_back()


@pytest.mark.parametrize("go_back", [_press_change, _press_back])
@pytest.mark.parametrize("wrong_first", [False, True])
async def test_the_address_is_changed_and_the_rest_stays(
    wrong_first: bool, go_back: Callable[[Page], Awaitable[None]], address: str, browser: Browser, smtp: Relay
) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(f"{address}/en/")
    if wrong_first:  # a form that comes back with errors is no page that a browser can go back to
        await page.get_by_role("button", name="Sign", exact=True).click()
        await page.get_by_role("alert").wait_for()
    await _fill_in(page)
    await _send(page)
    assert "exmaple" not in page.url + await page.content()
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    await go_back(page)
    await page.get_by_label("Email address").wait_for()
    assert page.url == f"{address}/en/"
    assert await page.evaluate(FIELDS) == TYPED
    await page.get_by_label("Email address").fill("anna@example.net")
    await _send(page)
    assert await _mails(smtp, "anna@example.net") == 1
    assert await context.cookies() == []
    assert [c for c in watched.complaints if "422" not in c] == []
    await context.close()


async def test_without_javascript_the_link_leads_to_an_empty_form(address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{address}/en/")
    await _fill_in(page)
    await _send(page)
    await _press_change(page)
    await page.wait_for_url(f"{address}/en/#sign")
    assert await page.get_by_label("Email address").input_value() == ""
    await context.close()


async def test_a_page_that_was_not_reached_from_the_form_has_a_plain_link(quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{quiet_address}/en/tally")
    await page.goto(f"{quiet_address}/en/check-inbox")  # as from a bookmark
    await _press_change(page)
    await page.wait_for_url(f"{quiet_address}/en/#sign")
    await page.goto(f"{quiet_address}/en/check-inbox")
    await page.locator("nav.languages summary").click()
    await page.locator("nav.languages a[lang=pl]").click()
    await page.locator("a[data-back]").click()
    await page.wait_for_url(f"{quiet_address}/pl/#sign")
    await context.close()


async def test_who_asked_to_manage_goes_back_to_that_form(address: str, browser: Browser, smtp: Relay) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{address}/en/manage")
    await page.get_by_role("button", name="Send me a link").click()
    await page.get_by_role("alert").wait_for()
    await page.get_by_label("Email address").fill("anna@exmaple.net")
    await page.get_by_role("button", name="Send me a link").click()
    await page.wait_for_url("**/en/check-inbox/manage**")
    await _press_change(page)
    await page.get_by_role("button", name="Send me a link").wait_for()
    assert page.url == f"{address}/en/manage"
    await page.get_by_label("Email address").fill("anna@example.net")
    await page.get_by_role("button", name="Send me a link").click()
    await page.wait_for_url("**/en/check-inbox/manage**")
    assert await _mails(smtp, "anna@example.net") == 1
    await context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_pressing_twice_does_no_harm(script: bool, address: str, browser: Browser, smtp: Relay) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB", java_script_enabled=script)
    page = await context.new_page()
    await page.goto(f"{address}/en/")
    await _fill_in(page)
    await page.get_by_label("Email address").fill("anna@example.net")
    await page.get_by_role("button", name="Sign", exact=True).dblclick()
    await page.wait_for_url("**/en/check-inbox**")
    mails = await _mails(smtp, "anna@example.net")
    assert mails == 1 if script else 1 <= mails <= 2, "each has a link that works"
    await context.close()


@pytest.mark.parametrize("lang", ["en", "de", "pl", "el", "be"])
async def test_the_pages_fit_a_phone(lang: str, quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE)
    watched = Watched(await context.new_page())
    for name in ("check-inbox", "check-inbox/manage", "confirm/x", "help", "nowhere"):
        await watched.page.goto(f"{quiet_address}/{lang}/{name}")
        assert await watched.overflow() <= 0
        await watched.picture(f"links-{lang}-{name.replace('/', '-')}")
    assert [c for c in watched.complaints if "404" not in c] == []
    await context.close()
