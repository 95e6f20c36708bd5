"""Our own font for headings: one file for each page, and nothing on the page moves when it comes."""

import pytest
from playwright.async_api import Browser, Page, ViewportSize

from petition.web.http import assets

pytestmark = pytest.mark.browser

WATCH = """
window.moved = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => window.moved += entry.value))
  .observe({type: "layout-shift", buffered: true});
"""
LOADED = """
document.fonts.ready.then(all => [...all].filter(f => f.status === "loaded").map(f => f.family.replaceAll('"', "")))
"""


async def _fonts_of(page: Page, selector: str) -> set[str]:
    """What the letters are really drawn with: the names inside the files."""
    session = await page.context.new_cdp_session(page)
    await session.send("DOM.enable")
    await session.send("CSS.enable")
    root = await session.send("DOM.getDocument")
    node = await session.send("DOM.querySelector", {"nodeId": root["root"]["nodeId"], "selector": selector})
    used = await session.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})
    return {font["familyName"] for font in used["fonts"]}


@pytest.mark.parametrize(("lang", "family"), [("mt", "Latin"), ("be", "Cyrillic"), ("el", "Greek")])
async def test_headings_have_our_font_and_nothing_moves(
    quiet_address: str, browser: Browser, lang: str, family: str
) -> None:
    context = await browser.new_context(viewport=ViewportSize(width=360, height=740), locale="en-GB")
    page = await context.new_page()
    await page.add_init_script(WATCH)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "woff2" in request.url else None)
    for path in ("", "governments", "tally", ""):
        await page.goto(f"{quiet_address}/{lang}/{path}", wait_until="networkidle")
        assert await page.evaluate(LOADED) == [f"Ultimatum {family}"] or path == ""
        assert await page.evaluate("window.moved") == 0
    assert await _fonts_of(page, "h1") == {"Ultimatum Serif Semibold"}
    assert await _fonts_of(page, ".count") == {"Ultimatum Serif Semibold"}
    assert "Ultimatum Serif Semibold" not in await _fonts_of(page, ".text p")
    script = {"Latin": "latn", "Cyrillic": "cyrl", "Greek": "grek"}[family]
    assert {url.removeprefix(quiet_address) for url in asked} == {assets.asset_url(f"fonts/{script}.woff2")}
    await context.close()
