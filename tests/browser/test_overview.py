"""The first page of the desk on a phone: three answers without scrolling, new by itself, on paper too."""

import re
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Watched
from tests.shell import Shell

pytestmark = pytest.mark.browser
PHONE = ViewportSize(width=360, height=640)
SIZES: dict[str, ViewportSize] = {"phone": PHONE, "desk": ViewportSize(width=1280, height=900)}


async def _open(browser: Browser, shell: Shell, **options: Any) -> Watched:
    """The overview as an admin opens it."""
    context = await browser.new_context(locale="en-GB", **options)
    watched = Watched(await context.new_page())
    await watched.page.goto(shell.fine("organiser", "link", "marta").strip())
    await watched.page.get_by_role("button", name="Log in").click()
    await watched.page.wait_for_url("**/organisers/")
    return watched


async def _bottom(page: Page, selector: str) -> float:
    """Of the last such element, as if there were no banner of the demo."""
    box, banner = await page.locator(selector).last.bounding_box(), await page.locator(".demo").bounding_box()
    assert box is not None
    assert banner is not None
    return box["y"] + box["height"] - banner["height"]


async def test_three_questions_are_answered_without_scrolling(address: str, browser: Browser, shell: Shell) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for name, size in SIZES.items():
        for scheme in schemes:
            watched = await _open(browser, shell, viewport=size, color_scheme=scheme)
            page = watched.page
            assert await _bottom(page, ".glance section > .step") <= size["height"], name
            assert await watched.overflow() <= 0
            await watched.picture(f"overview-{name}-{scheme}")
            assert watched.complaints == []
            if name == "desk" and scheme == "light":
                await page.emulate_media(media="print")
                await watched.picture("overview-print")
            await page.context.close()


async def test_it_becomes_new_without_a_reload_and_keeps_what_is_open(
    address: str, browser: Browser, shell: Shell
) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    watched = await _open(browser, shell, viewport=PHONE)
    page = watched.page
    await page.evaluate("window.sameDocument = true")
    await page.locator("#more-steps summary").click()
    await page.locator("#all-countries summary").click()
    more = page.locator("#live .glance")
    text = await more.inner_text()
    found = re.search(r"(\d+) of (\d+) letters are not marked as sent", text)
    assert found, text
    saved = await page.context.request.post(
        f"{address}/organisers/answers/PL",
        form={"sent": "2026-01-01", "stance": ""},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert "Poland" in await saved.text()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(more).to_contain_text(f"{int(found[1]) - 1} of {found[2]} letters are not marked as sent")
    assert await page.evaluate("window.sameDocument")
    for part in ("#more-steps", "#all-countries"):
        assert await page.locator(part).get_attribute("open") is not None, part
    await page.context.clear_cookies()
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page.locator("#ended")).to_be_visible()
    assert [complaint for complaint in watched.complaints if "404" not in complaint] == []
    await page.context.close()
