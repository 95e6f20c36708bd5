"""The journey as a person sees it: on a phone and on a desk, with and without JavaScript, by keyboard."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from petition.core import clock, settings
from petition.protection import proof_of_work
from petition.site import open_site
from petition.web import prerender
from tests.browser.conftest import Watched
from tests.relay import Relay, plain
from tests.shell import Shell, serving
from tests.switching import turn

pytestmark = pytest.mark.browser

PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1280, height=900)


async def _mail(smtp: Relay, to: str) -> str:
    """The text of the newest email to an address; waits until it is there."""
    for _ in range(1200):
        if smtp.to(to):
            return plain(smtp.to(to)[-1])
        await asyncio.sleep(0.1)
    raise AssertionError("no mail came")


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("desk", DESK)])
async def test_a_citizen_signs(address: str, browser: Browser, smtp: Relay, name: str, size: ViewportSize) -> None:
    context = await browser.new_context(viewport=size, java_script_enabled=False, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(f"{address}/")
    await watched.picture(f"{name}-1-appeal")

    await page.get_by_label("Email address").fill("anna@gmial.com")
    await page.get_by_role("button", name="Sign").click()
    assert await page.get_by_role("alert").count() == 1
    assert await page.get_by_label("Email address").input_value() == "anna@gmial.com"
    assert "anna@gmail.com" in await page.content()
    await watched.picture(f"{name}-2-errors")

    await page.get_by_label("Email address").fill("anna@example.net")
    await page.get_by_label("Country you live in").select_option("PL")
    await page.get_by_label("Print my name in the letters").check()
    await page.get_by_label("Name to be printed").fill("Anna Żółć")
    await page.get_by_label("I am 16 or older").check()
    await page.get_by_role("button", name="Sign").click()
    assert page.url.partition("#")[0] == f"{address}/en/check-inbox"
    await watched.picture(f"{name}-3-inbox")

    link = re.findall(r"http\S*/confirm/\S+", await _mail(smtp, "anna@example.net"))[0]
    await page.goto(link)
    assert await page.get_by_text("Anna Żółć").is_visible()
    await watched.picture(f"{name}-4-confirm")
    await page.get_by_role("button", name="Confirm my signature").click()
    assert page.url == f"{address}/en/thanks?country=PL"
    await watched.picture(f"{name}-5-thanks")
    assert watched.hosts == {address.removeprefix("http://")}
    assert [c for c in watched.complaints if "422" not in c] == []
    assert await context.cookies() == []
    await context.close()


async def test_an_organiser_downloads_a_letter(address: str, browser: Browser, shell: Shell) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    context = await browser.new_context(viewport=DESK, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(shell.fine("organiser", "link", "marta").strip())
    await page.get_by_role("button", name="Log in").click()
    await watched.picture("desk-6-desk")
    await page.get_by_role("link", name="Letters and answers").click()
    await watched.picture("desk-7-letters")
    answer = await context.request.get(f"{address}/organisers/letters/LT.pdf")
    assert (await answer.body()).startswith(b"%PDF-")
    assert watched.complaints == []
    await context.close()


async def test_a_secretary_checks_a_letter(address: str, browser: Browser, shell: Shell, tmp_path: Path) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    context = await browser.new_context(viewport=DESK, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(shell.fine("organiser", "link", "marta").strip())
    await page.get_by_role("button", name="Log in").click()
    await page.goto(f"{address}/organisers/editions")
    for radio in await page.get_by_label(re.compile("still right|by hand")).all():
        await radio.check()
    await page.get_by_role("button", name="Make edition 1").click()
    await page.wait_for_url("**/organisers/editions/1")
    (tmp_path / "PL-1.pdf").write_bytes(
        await (await context.request.get(f"{address}/organisers/editions/PL-1.pdf")).body()
    )
    (tmp_path / "other.pdf").write_bytes((tmp_path / "PL-1.pdf").read_bytes() + b" ")

    await page.goto(f"{address}/en/letters/PL-1")
    status = page.get_by_role("status")
    await page.get_by_label("Choose the PDF").set_input_files(tmp_path / "PL-1.pdf")
    await page.locator(".same").wait_for()
    assert await status.inner_text() == "PL-1.pdf: The file is the same, byte for byte."
    await page.get_by_label("Choose the PDF").set_input_files(tmp_path / "other.pdf")
    await page.locator(".other").wait_for()
    assert await status.inner_text() == "other.pdf: The file does not match: it is not the one we issued."
    await watched.picture("desk-8-check")

    await page.goto(f"{address}/organisers/editions/PL-1/sealed")
    await page.get_by_label("Choose the PDF").set_input_files(tmp_path / "other.pdf")
    await expect(page.get_by_label("SHA-256 of the file")).not_to_have_value("")
    await page.get_by_label("Sealed or signed on").fill(f"{clock.today()}")
    await page.get_by_role("button", name="Write down").click()
    await page.goto(f"{address}/en/letters/PL-1")
    await page.get_by_label("Choose the PDF").set_input_files(tmp_path / "other.pdf")
    await page.locator(".same").wait_for()
    await watched.picture("desk-8-check-sealed")
    assert watched.complaints == []
    await context.close()


PAGES = (
    *prerender.pages(),
    "embed",
    "embed/map",
    "embed/chart",
    "manage",
    "check-inbox",
    "check-inbox/manage",
    "thanks?country=PL",
    "nowhere",
)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
async def test_every_page_fits_the_narrowest_phone(
    quiet_address: str, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    narrow = ViewportSize(width=320, height=640)
    context = await browser.new_context(viewport=narrow, color_scheme=scheme)
    watched = Watched(await context.new_page())
    for lang in ("en", "be", "de", "fi", "el", "lv", "bg"):  # each script, and the languages with the longest words
        for path in PAGES:
            await watched.page.goto(f"{quiet_address}/{lang}/{path}")
            assert await watched.overflow() <= 0, (lang, path)
            await watched.picture(f"narrow-{scheme}-{lang}-{path.partition('?')[0].replace('/', '-') or 'appeal'}")
    assert watched.hosts == {quiet_address.removeprefix("http://")}
    await context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_a_suggested_address_is_one_tap_away(script: bool, address: str, browser: Browser, smtp: Relay) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=script, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto(f"{address}/en/")
    await page.get_by_label("Email address").fill("anna@gmial.com")
    await page.get_by_label("Country you live in").select_option("PL")
    await page.get_by_label("I am 16 or older").check()
    for key in (True, False):  # neither the Enter key nor the button Sign answers the question
        await (
            page.get_by_label("Email address").press("Enter")
            if key
            else page.get_by_role("button", name="Sign").click()
        )
        await page.get_by_text("Did you mean anna@gmail.com?").wait_for()
        assert await page.get_by_label("Email address").input_value() == "anna@gmial.com"
    await watched.picture(f"phone-doubt-{'script' if script else 'plain'}")
    asked = page.url
    await page.get_by_role("button", name="Use anna@gmail.com").click()
    await page.wait_for_url(f"{address}/en/check-inbox**")
    assert "confirm" in await _mail(smtp, "anna@gmail.com")
    await page.goto(f"{address}/en/")
    await page.get_by_label("Email address").fill("anna@gmial.com")
    await page.get_by_role("button", name="Sign").click()
    await page.get_by_role("button", name="Use the address as it is").click()
    await page.get_by_text("Please choose the country").first.wait_for()
    await page.get_by_label("Country you live in").select_option("PL")
    await page.get_by_label("I am 16 or older").check()
    await page.get_by_role("button", name="Sign").click()
    await page.wait_for_url(f"{address}/en/check-inbox**")
    assert "confirm" in await _mail(smtp, "anna@gmial.com")
    assert asked.partition("#")[0] == f"{address}/en/sign"
    assert [c for c in watched.complaints if "422" not in c] == []
    await context.close()


async def test_the_form_can_be_sent_by_keyboard(address: str, browser: Browser, smtp: Relay) -> None:
    context = await browser.new_context(viewport=DESK, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{address}/en/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.get_by_label("Email address").focus()
    await page.keyboard.type("boris@example.net")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Germany")
    for _ in range(2):
        await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "updates"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    for _ in range(2):
        await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.tagName") == "BUTTON"
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/en/check-inbox**")
    assert "confirm" in await _mail(smtp, "boris@example.net")
    await context.close()


async def test_a_copy_of_the_site_is_read_from_a_disk(
    shell: Shell, demo: Path, browser: Browser, tmp_path: Path
) -> None:
    shutil.copytree(demo, shell.folder, dirs_exist_ok=True)
    shell.fine("mirror", str(tmp_path / "mirror"))
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    watched = Watched(await context.new_page())
    page = watched.page
    await page.goto((tmp_path / "mirror" / "index.html").as_uri())
    await watched.picture("mirror-1-appeal")
    assert await page.locator("form, input, button").count() == 0
    assert await page.get_by_role("link", name="To the form").get_attribute("href") == "http://127.0.0.1:8000/en/#sign"
    assert await page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute", "the styles"
    await page.get_by_role("link", name="Signatures by country").click()
    assert await page.get_by_text("1,230").first.is_visible()
    await watched.picture("mirror-2-tally")
    await page.locator("nav.languages summary").click()
    await page.locator("nav.languages a[lang=ru]").click()
    await page.wait_for_url("**/mirror/ru/tally.html")
    async with page.expect_response("**/mirror/tally.json") as data:
        await page.get_by_role("link", name="JSON").click()
    assert (await data.value).ok
    assert watched.hosts == {""}, "of file:///"
    assert watched.complaints == []
    await context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_where_a_proof_is_asked_for_a_browser_computes_it_and_one_without_script_signs_too(
    script: bool, browser: Browser, shell: Shell, smtp: Relay
) -> None:
    with serving(shell) as (address, _):
        await _ask_everybody(shell)
        context = await browser.new_context(viewport=PHONE, java_script_enabled=script, locale="en-GB")
        watched = Watched(await context.new_page())
        page = watched.page
        for _ in range(1200):
            if "true" in await (await context.request.get(f"{address}/proof-of-work.json")).text():
                break
            await asyncio.sleep(0.1)
        await page.goto(f"{address}/en/")
        box = await page.locator("#website").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] < 0, "nobody sees it"
        await page.get_by_label("Email address").fill("anna@example.net")
        await page.get_by_label("Country you live in").select_option("PL")
        await page.get_by_label("I am 16 or older").check()
        await page.get_by_role("button", name="Sign").click()
        await page.wait_for_url(f"{address}/en/check-inbox**")
        late = await page.get_by_text("may take a few hours").count()
        assert late == (0 if script else 1)
        await watched.picture(f"phone-work-{'script' if script else 'plain'}")
        assert "confirm" in await _mail(smtp, "anna@example.net")
        assert watched.complaints == []
        assert watched.hosts == {address.removeprefix("http://")}
        await context.close()


async def _ask_everybody(shell: Shell) -> None:
    """Switches proofs of work on for everybody, as an admin does at the desk."""
    async with open_site(settings.from_environment(shell.environment)) as site:
        await turn(site.database, "proof", proof_of_work.ProofMode.ON)


async def test_the_number_moves_while_one_looks(address: str, browser: Browser) -> None:
    watched = Watched(await browser.new_page(locale="en-GB"))
    page = watched.page
    await page.clock.install()
    await page.goto(f"{address}/en/tally")
    number = page.locator("[data-count]")
    await number.evaluate(
        "n => { n.dataset.count = '10'; n.textContent = '10'; }"
    )  # as if the page was opened some time ago
    await page.clock.fast_forward(61_000)
    await expect(number).to_have_text("1,230")
    assert watched.complaints == []
    assert watched.hosts == {address.removeprefix("http://")}
    await page.close()
