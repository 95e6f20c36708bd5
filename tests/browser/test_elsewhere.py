"""What newspapers copy from our pages stands in theirs, which are on another host."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, ViewportSize

from tests.browser.conftest import Watched
from tests.web.tools import in_each_language

pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=360, height=740)
FRAMES = ("embed", "embed-per-million", "embed-map", "embed-chart")
DESK = ViewportSize(width=1280, height=900)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The folder and the address of another site."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://localhost:{server.server_port}/"
        server.shutdown()


@in_each_language
async def test_what_we_hand_out_stands_in_other_peoples_pages(
    lang: str, quiet_address: str, elsewhere: tuple[Path, str], browser: Browser
) -> None:
    folder, address = elsewhere
    watched = Watched(await browser.new_page(viewport=DESK))
    page = watched.page
    await page.goto(f"{quiet_address}/{lang}/data")
    codes = "".join([await page.locator(f"#{name}").inner_text() for name in FRAMES])
    head = "<!doctype html><meta charset=utf-8><title>News</title><link rel=icon href=data:,>"
    (folder / "index.html").write_text(head + codes.replace('loading="lazy"', ""), "utf-8")
    await page.goto(address)
    counter, *pictures = page.frames[1:]
    button = counter.locator("a.button")
    assert await button.get_attribute("target") == "_blank"
    assert await button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(179, 32, 46)", "its own style"
    for frame in pictures:
        image = frame.locator("img")
        assert await image.evaluate("async e => (await e.decode(), e.naturalWidth)") > 0
        assert await image.evaluate("e => e.clientHeight") > 200
        assert await frame.locator("a").get_attribute("target") == "_blank"
    for frame in page.frames[1:]:
        high, inner = await frame.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert high <= inner, "nothing is cut off"
    await watched.picture(f"elsewhere-{lang}")
    assert watched.complaints == []
    await page.close()


async def test_the_form_does_not_stand_in_other_peoples_pages(
    quiet_address: str, elsewhere: tuple[Path, str], browser: Browser
) -> None:
    folder, address = elsewhere
    (folder / "index.html").write_text(f'<iframe src="{quiet_address}/en/"></iframe>', "utf-8")
    page = await browser.new_page(viewport=PHONE)
    await page.goto(address)
    assert not page.frames[1].url.startswith(quiet_address), "the browser shows an error in its place"
    await page.close()
