"""A page that arrives piece by piece, as over a bad connection: nothing that is already drawn moves."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from playwright.async_api import Browser, ViewportSize

pytestmark = pytest.mark.browser
PAUSE = 0.15  # seconds between two pieces of the header
WATCH = """
window.moved = [];
new PerformanceObserver(list => list.getEntries().forEach(entry =>
  window.moved.push(entry.sources.map(source => source.node && source.node.className))
)).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
async def slow_address(quiet_address: str) -> AsyncIterator[str]:
    """The site behind a line that sends the header of each page piece by piece."""
    client = httpx2.AsyncClient(base_url=quiet_address, headers={"Accept-Encoding": "identity"})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        got = await client.get(path)
        kept = b"".join(
            b"%s: %s\r\n" % (name, value)
            for name, value in got.headers.raw
            if name.lower() in (b"content-type", b"cache-control")
        )
        writer.write(b"HTTP/1.1 %d .\r\nConnection: close\r\n%s\r\n" % (got.status_code, kept))
        for piece in re.split(rb"(?<=</nav>)|(?=<nav)", got.content):
            writer.write(piece)
            await asyncio.sleep(PAUSE)
        writer.close()

    async with client, await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("lang", ["be", "mt"])
async def test_nothing_moves_while_a_page_arrives(slow_address: str, browser: Browser, lang: str, width: int) -> None:
    context = await browser.new_context(viewport=ViewportSize(width=width, height=740))
    page = await context.new_page()
    await page.add_init_script(WATCH)
    for path in ("", "governments"):
        await page.goto(f"{slow_address}/{lang}/{path}", wait_until="networkidle")
        assert await page.evaluate("window.moved") == [], path
    await context.close()
