"""A real Chromium on a real server, with a real SMTP server between them."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error, Page, async_playwright

from tests import relay
from tests.relay import Relay
from tests.shell import Shell, serving

PICTURES = Path("var/screenshots")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _shell(folder: Path, smtp_url: str) -> Shell:
    """Its servers run without coverage, which doubles the time of their start: other tests measure what they run."""
    shell = Shell(folder, PETITION_SMTP_URL=smtp_url)
    shell.environment = {k: v for k, v in shell.environment.items() if not k.startswith("COVERAGE_")}
    return shell


@pytest.fixture
def shell(tmp_path: Path, smtp: Relay) -> Shell:
    """A demo with a real relay."""
    return _shell(tmp_path, smtp.url)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo with some signatures, to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    Shell(folder).fine("demo", "--signatures", "1240")  # 1,230 with each of the ten secret remainders
    return folder


@pytest.fixture
def address(shell: Shell, demo: Path) -> Iterator[str]:
    """The address of a running site with some signatures."""
    shutil.copytree(demo, shell.folder, dirs_exist_ok=True)
    with serving(shell) as (found, _):
        yield found


@pytest.fixture(scope="session")
def quiet_address(tmp_path_factory: pytest.TempPathFactory, demo: Path) -> Iterator[str]:
    """The same for tests that change nothing there."""
    folder = tmp_path_factory.mktemp("quiet")
    shutil.copytree(demo, folder, dirs_exist_ok=True)
    with relay.running() as smtp, serving(_shell(folder, smtp.url)) as (found, _):
        yield found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """The Chromium of the system."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=program, args=list(_OPTIONS))
        yield found
        await found.close()


class Watched:
    """A page that notes each request and each complaint of the browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        page.set_default_timeout(120_000)  # milliseconds, for a machine that has much else to do
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def picture(self, name: str) -> None:
        """Takes a screenshot into var/screenshots; look at it."""
        await asyncio.to_thread(PICTURES.mkdir, parents=True, exist_ok=True)
        for last in (False, False, True):
            try:
                await self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
                return
            except Error:  # a busy Chromium sometimes answers "Unable to capture screenshot"
                if last:
                    raise

    async def overflow(self) -> int:
        """By how many pixels the page is wider than its window, once it is there: a click does not wait for it."""
        await self.page.wait_for_load_state("domcontentloaded")
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return int(wide)
