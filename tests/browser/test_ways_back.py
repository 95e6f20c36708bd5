"""Ways back: after a choice at an emailed link, from the inbox page; and nothing hidden is seen without script."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_browser import PHONE, _mail
from tests.relay import Relay

pytestmark = pytest.mark.browser


async def _ask_for_link(page: Page, address: str, smtp: Relay, email: str) -> str:
    await page.goto(f"{address}/en/manage")
    await page.get_by_role("button", name="Send me a link").click()  # once with an error
    await page.wait_for_url("**#errors")
    await page.get_by_label("Email address").fill(email)
    await page.get_by_role("button", name="Send me a link").click()
    await page.wait_for_url("**/check-inbox/manage**")
    assert page.url == f"{address}/en/check-inbox/manage#main", "nothing of the form before, such as #errors"
    return str(re.findall(r"http\S*/manage/\S+", await _mail(smtp, email))[0])


@pytest.mark.parametrize("script", [True, False])
async def test_after_a_choice_there_is_a_way_back(script: bool, address: str, browser: Browser, smtp: Relay) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=script, locale="en-GB")
    page = await context.new_page()
    await page.goto(await _ask_for_link(page, address, smtp, "anna@example.net"))
    door = page.url
    show = page.get_by_role("button", name="Show what you keep about me")
    await show.click()
    await page.get_by_role("button", name="Never write to me again").click()
    await page.wait_for_url("**?done=**")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    if script:  # without it the browser asks whether it may send the form of that page again
        await page.go_back()
        assert page.url == door
        await expect(show).to_be_visible()
        await page.go_forward()
    await show.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What we keep about this address")
    await expect(page.get_by_text("Yes; for this we keep a code")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    await context.close()


@pytest.mark.parametrize("path", ["data", "thanks?country=PL", "thanks?country=ZZ"])
async def test_what_is_hidden_is_not_seen_without_script(path: str, quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{quiet_address}/en/{path}")
    hidden = await page.locator("[hidden]").all()
    assert hidden
    for element in hidden:
        await expect(element).to_be_hidden()
        assert await element.evaluate("e => getComputedStyle(e).display") == "none"
    await context.close()


@pytest.mark.parametrize("able", [True, False])
async def test_a_device_with_a_sheet_to_share_gets_its_button(able: bool, quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    page = await context.new_page()
    sheet = "data => { globalThis.shared = data; return Promise.reject(new DOMException('closed')); }"
    await page.add_init_script(
        f"Object.defineProperty(navigator, 'share', {{ value: {sheet if able else 'undefined'} }})"
    )
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{quiet_address}/en/thanks?country=PL")
    button = page.locator("button[data-share]")
    assert await button.is_visible() is able
    if able:
        await button.click()
        shared = await page.evaluate("globalThis.shared")
        assert shared["url"].endswith("/en/")
        assert "country" not in str(shared)
    assert complaints == []
    await context.close()
