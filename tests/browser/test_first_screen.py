"""What a phone shows before anybody scrolls, in every language; its narrow tables and lines; the form on a desk."""

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


async def test_on_a_desk_the_last_button_is_in_sight_in_every_language(quiet_address: str, browser: Browser) -> None:
    """Also where the form is longer than the window: then it scrolls in its box, under the button."""
    context = await browser.new_context(viewport=ViewportSize(width=1280, height=800))
    page = await context.new_page()
    below = {}
    for code in LANGUAGES:
        await page.goto(f"{quiet_address}/{code}/")
        bottom = await _bottom(page.locator(".act form > button"))
        if bottom > 800:
            below[code] = bottom
    await page.locator("#consent").focus()
    assert await page.locator("#consent").evaluate(
        "box => { const r = box.getBoundingClientRect(); return document.elementFromPoint(r.x + 5, r.y + 5) === box; }"
    )
    assert not below
    await context.close()


BROKEN_WORDS = """() => [...document.querySelectorAll("thead th")].flatMap(cell => {
  const text = cell.firstChild, range = document.createRange();
  return [...text.data.matchAll(/[^ \\u00a0]+/g)].filter(word => {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(word => word[0]);
})"""


async def test_no_word_of_the_numbers_table_is_broken_on_a_phone(quiet_address: str, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    wrong = {}
    for code in LANGUAGES:
        await page.goto(f"{quiet_address}/{code}/tally")
        broken = await page.evaluate(BROKEN_WORDS)
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if broken or wide > 0:
            wrong[code] = broken, wide
    assert not wrong
    await context.close()


async def test_no_line_begins_or_ends_with_a_dot_between_two_parts(quiet_address: str, browser: Browser) -> None:
    """Where the second part begins a line, its dot lies outside of the paragraph, which cuts it off."""
    context = await browser.new_context(viewport=ViewportSize(width=320, height=640))
    page = await context.new_page()
    await page.goto(f"{quiet_address}/fi/help")
    line = page.locator("footer .parts")
    dot, box = await line.locator(".dot").bounding_box(), await line.bounding_box()
    assert dot is not None
    assert box is not None
    assert dot["x"] + dot["width"] <= box["x"] + 1
    assert await line.evaluate("line => getComputedStyle(line).overflowX") == "clip"
    await context.close()


async def test_the_script_asks_for_no_formats_while_the_page_loads(quiet_address: str, browser: Browser) -> None:
    """Intl.NumberFormat was nine tenths of what the script does at the start of the appeal."""
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.add_init_script(
        "globalThis.asked = 0; Intl.NumberFormat = new Proxy(Intl.NumberFormat, "
        "{ construct(...call) { asked++; return Reflect.construct(...call); } });"
    )
    await page.goto(f"{quiet_address}/en/")
    assert await page.evaluate("[typeof asked, asked, new Intl.NumberFormat('en').format(1000), asked]") == [
        *("number", 0),
        *("1,000", 1),
    ]
    await context.close()
