"""`make pictures`: the pictures in README.md, from the example campaign: the appeal, the tally and a letter."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, async_playwright

from tests import ROOT
from tests.shell import Shell, serving

FOLDER = ROOT / "docs" / "pictures"
MOST = 300_000  # bytes, all together: nobody waits for a README
WIDTH, HEIGHT = 720, 1018  # pixels: the shape of a sheet of paper (A4), so that the three fit side by side
QUALITY = 65  # of JPEG
PAGES = {"appeal": ("en/", 520), "tally": ("en/tally", 600)}  # address, and width of the window


def main() -> int:
    """Makes the pictures again; 1 if they are too big."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        shell.fine("demo", "--example")
        shell.fine("letters", "--output", folder, "PL")
        _sheet(Path(folder) / "PL.pdf")
        with serving(shell, "--no-deliver") as (address, _):
            asyncio.run(_pages(address))
    sizes = {file.name: file.stat().st_size for file in sorted(FOLDER.iterdir())}
    print(*(f"{name}  {size // 1000} kB" for name, size in sizes.items()), sep="\n")
    if sum(sizes.values()) <= MOST:
        return 0
    print(f"They are more than {MOST // 1000} kB together.", file=sys.stderr)
    return 1


async def _pages(address: str) -> None:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (path, width) in PAGES.items():
            await _picture(browser, f"{address}/{path}", width, FOLDER / f"{name}.jpg")
        await browser.close()


async def _picture(browser: Browser, url: str, width: int, file: Path) -> None:
    size = ViewportSize(width=width, height=round(HEIGHT * width / WIDTH))
    context = await browser.new_context(viewport=size, device_scale_factor=WIDTH / width, locale="en-GB")
    page = await context.new_page()
    await page.goto(url)
    await page.screenshot(path=file, type="jpeg", quality=QUALITY)
    await context.close()


def _sheet(pdf: Path) -> None:
    """Draws the first page; in grey, since a letter has no colour."""
    size = ("-scale-to-x", str(WIDTH), "-scale-to-y", str(HEIGHT))
    kind = ("-gray", "-jpeg", "-jpegopt", f"quality={QUALITY}")
    subprocess.run(["pdftoppm", "-singlefile", *kind, *size, str(pdf), str(FOLDER / "letter")], check=True)


if __name__ == "__main__":
    sys.exit(main())
