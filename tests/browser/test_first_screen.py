"""What a phone shows before anybody scrolls, in every language, and the form on a desk."""

from playwright.async_api import Browser, Locator, ViewportSize

from petition.core.languages import LOCALE_FOLDER
from tests.browser.conftest import Watched

PHONE = ViewportSize(width=360, height=640)
FIRST_SCREEN = 620  # pixels that a browser on such a phone leaves to a page
LANGUAGES = sorted({"en", *(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())})


async def _bottom(element: Locator) -> float:
    box = await element.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


async def test_the_number_and_the_button_are_on_the_first_screen_of_a_phone(
    quiet_address: str, browser: Browser
) -> None:
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    below = {}
    for code in LANGUAGES:
        await page.goto(f"{quiet_address}/{code}/")
        note = await _bottom(page.locator(".demo"))  # the real site has none
        bottoms = [await _bottom(page.locator(part)) - note for part in (".total", ".jump .button")]
        if max(bottoms) > FIRST_SCREEN:
            below[code] = bottoms
    assert len(LANGUAGES) == 27
    assert not below
    await context.close()


async def test_one_tap_on_the_button_puts_the_cursor_into_the_form(quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{quiet_address}/en/")
    await page.locator(".jump .button").click()
    await page.keyboard.type("anna@example.org")
    assert await page.locator("#email").input_value() == "anna@example.org"
    await context.close()


async def test_a_name_is_offered_only_with_a_country(quiet_address: str, browser: Browser) -> None:
    """Without one no name is printed. No script is needed for that."""
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{quiet_address}/en/")
    named = page.get_by_label("Print my name in the letters to governments")
    await page.locator("#country").select_option("PL")
    assert await named.is_visible()
    await named.check()
    assert await page.locator("#name").is_visible()
    await page.locator("#country").select_option("ZZ")
    assert not await named.is_visible()
    assert not await page.locator("#name").is_visible()
    await context.close()


async def test_on_a_desk_the_form_stays_in_sight(quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=ViewportSize(width=1280, height=800))
    watched = Watched(await context.new_page())
    await watched.page.goto(f"{quiet_address}/en/")
    await watched.page.get_by_role("heading", name="A fair objection").scroll_into_view_if_needed()
    box = await watched.page.locator("#email").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 800
    await watched.picture("desk-form-in-sight")
    await context.close()
