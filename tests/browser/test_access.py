"""Access for everybody: axe-core checks every page in every state, light and dark, in three scripts (WCAG 2.2 AA)."""

import re
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.test_browser import PHONE
from tests.conftest import Clock, Visit, Visitor
from tests.web.gallery import Gallery
from tests.web.tools import on_sqlite

pytestmark = pytest.mark.browser

HOST = "http://gallery.example/"
Pages = dict[str, str]


async def _serve(route: Route, visitor: Visitor, pages: Pages) -> None:
    """Answers with a page of the gallery; its images and styles come from the site itself."""
    path = route.request.url.removeprefix(HOST)
    if path in pages:
        await route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        return
    found = await visitor.get(f"/{path}")
    await route.fulfill(status=found.status_code, body=found.content, content_type=found.headers["content-type"])


# In the dark only colours are other ones.
SCHEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"resultTypes": ["violations"]},
    "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]},
}


async def _complaints(page: Page, names: Pages) -> list[str]:
    """What axe finds on any of the pages: rule, page, first element."""
    found = []
    for name in names:
        await page.goto(HOST + name)
        await page.evaluate(Axe().axe_script)
        for scheme, options in SCHEMES.items():
            await page.emulate_media(color_scheme=scheme)
            told: dict[str, Any] = await page.evaluate("options => axe.run(options)", options)
            found += [f"{v['id']} on {name}, {scheme}: {v['nodes'][0]['html']}" for v in told["violations"]]
    return found


@on_sqlite
@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "be", "el"])
async def test_axe_finds_nothing_on_any_page_in_any_state(
    lang: str, visit: Visit, time: Clock, tmp_path: Path, browser: Browser
) -> None:
    drawn = (await Gallery(visit, time, tmp_path).render([lang]))[lang]
    pages = {f"page-{n}-{re.sub(r'[^a-z]+', '-', name)}": text for n, (name, text) in enumerate(drawn.items())}
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.route("**/*", partial(_serve, visitor=await visit(), pages=pages))
    assert await _complaints(page, pages) == []
    await context.close()


@pytest.mark.parametrize(("path", "script"), [("", False), ("manage", True)])
async def test_errors_take_the_focus_and_lead_to_their_fields(
    path: str, script: bool, quiet_address: str, browser: Browser
) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=script, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{quiet_address}/en/{path}")
    await page.locator("form button[type=submit]").click()
    await page.wait_for_url("**#errors")
    focused = page.locator(":focus")
    assert await focused.get_attribute("role") == "alert", "it is read out, whatever the screen reader was at"
    assert (await page.title()).startswith("Please check the form")
    await expect(focused).to_be_in_viewport()
    links = await page.get_by_role("alert").get_by_role("link").all()
    assert len(links) == (1 if path else 3)
    for link in links:
        field = (await link.get_attribute("href") or "").removeprefix("#")
        name = await link.inner_text()
        await link.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(f"#{field}")).to_be_focused()
        sentence = (await page.locator(f"#{field}-error").inner_text()).strip()
        await expect(page.locator(f"#{field}")).to_have_accessible_description(re.compile(f"^{re.escape(sentence)}"))
        assert (await page.locator("main").inner_text()).count(sentence) == 1, "it is said once"
        if field != "consent":
            await expect(page.locator(f"#{field}")).to_have_accessible_name(re.compile(f"^{name}"))
    await context.close()


async def test_an_empty_form_is_not_said_to_be_wrong(quiet_address: str, browser: Browser) -> None:
    page = await browser.new_page(viewport=PHONE, locale="en-GB")
    for path, fields in (("", 3), ("manage", 1)):
        await page.goto(f"{quiet_address}/en/{path}")
        required = await page.locator("main form [required]").all()
        assert len(required) == fields
        assert [await field.get_attribute("aria-invalid") for field in required] == ["false"] * fields
    await page.close()


async def test_a_screen_reader_meets_the_demand_the_count_the_form_and_then_the_reasons(
    quiet_address: str, browser: Browser
) -> None:
    page = await browser.new_page(viewport=PHONE, locale="en-GB")
    await page.goto(f"{quiet_address}/en/")
    told = await page.locator("body").aria_snapshot()
    order = [
        'link "Skip to the content"',
        "- banner:",
        'navigation "Language"',
        "- main:",
        'heading "Free them all, or the trains stop" [level=1]',
        'link "More than 1,230 people have signed"',
        'link "Sign the ultimatum"',
        'heading "Sign the ultimatum" [level=2]',
        'textbox "Email address"',
        'combobox "Country you live in"',
        'group "Optional"',
        'checkbox "Print my name in the letters to governments"',
        'checkbox "Send me news of this campaign by email"',
        'checkbox "I am 16 or older and I agree to this:"',
        'button "Sign"',
        'heading "What is happening in Belarus" [level=2]',
        "- contentinfo:",
        'link "Privacy"',
    ]
    place = 0
    for what in order:
        place = told.find(what, place)
        assert place >= 0, f"{what} is missing, or stands too early"
    assert "Leave this field empty" not in told, "what is there for robots"
    await page.close()


async def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    quiet_address: str, browser: Browser
) -> None:
    page = await browser.new_page(viewport=PHONE, locale="en-GB")
    for path in ("", "tally", "governments", "data", "manage", "thanks?country=PL"):
        await page.goto(f"{quiet_address}/en/{path}")
        reachable = await page.evaluate(_REACHABLE)
        met = []
        for _ in reachable:
            await page.keyboard.press("Tab")
            met.append(await page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", met[-1]
        assert met == reachable, path
    await page.close()


_REACHABLE = """Array.from(document.querySelectorAll("a[href], button, input, select, textarea, summary"))
    .filter(e => e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }) && e.type !== "hidden")
    .map(e => e.outerHTML.slice(0, 80))"""


def test_nothing_moves() -> None:
    """A page without motion needs no rule for people who want less of it."""
    for style in Path("static").glob("*.css"):
        assert not re.search("animation|transition|keyframes|scroll-behavior", style.read_text("utf-8"))
