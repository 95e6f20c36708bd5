"""Access for everybody: axe-core over every page in every state, light and dark, in three scripts (WCAG 2.2 AA)."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Route

from tests.browser.test_browser import PHONE
from tests.conftest import Clock, Visit, Visitor
from tests.web.gallery import Gallery
from tests.web.tools import on_sqlite

pytestmark = pytest.mark.browser

HOST = "http://gallery.example/"
Pages = dict[str, str]


async def _serve(route: Route, visitor: Visitor, pages: Pages) -> None:
    """A page as it was drawn; what belongs to it from the site itself."""
    path = route.request.url.removeprefix(HOST)
    if path in pages:
        await route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        return
    found = await visitor.get(f"/{path}")
    await route.fulfill(status=found.status_code, body=found.content, content_type=found.headers["content-type"])


async def _complaints(page: Page, names: Pages) -> list[str]:
    """What axe finds, on whichever page: rule, page, the first place of it."""
    found = []
    for name in names:
        await page.goto(HOST + name)
        told: dict[str, Any] = (await Axe().run(page)).response
        found += [f"{v['id']} on {name}: {v['nodes'][0]['html']}" for v in told["violations"]]
    return found


@on_sqlite
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("lang", ["en", *[pytest.param(lang, marks=pytest.mark.slow) for lang in ("be", "el")]])
async def test_axe_finds_nothing_on_any_page_in_any_state(
    lang: str, scheme: Literal["light", "dark"], visit: Visit, time: Clock, tmp_path: Path, browser: Browser
) -> None:
    drawn = (await Gallery(visit, time, tmp_path).drawn([lang]))[lang]
    pages = {f"page-{n}-{name.partition('?')[0]}": text for n, (name, text) in enumerate(drawn.items())}
    context = await browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = await context.new_page()
    await page.route("**/*", partial(_serve, visitor=await visit(), pages=pages))
    assert await _complaints(page, pages) == []
    await context.close()
