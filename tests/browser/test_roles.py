"""Three roles at the desk: a viewer looks, an organiser writes, an admin invites, promotes, hands over, removes."""

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from petition.core import clock
from tests.browser.conftest import Watched
from tests.browser.test_browser import DESK, PHONE
from tests.browser.test_passkeys import _authenticator, by_name, context
from tests.shell import Shell

__all__ = ("by_name", "context")  # fixtures
pytestmark = pytest.mark.browser

ROLES = {"ada": "viewer", "olga": "organiser", "marta": "admin"}
ANSWER = "They will look at it in spring.\nThe minister said so by telephone."


async def _logged_in(browser: Browser, shell: Shell, nickname: str) -> Watched:
    """In a browser of their own: viewers have a phone."""
    own = await browser.new_context(viewport=PHONE if nickname == "ada" else DESK, locale="en-GB")
    watched = Watched(await own.new_page())
    await _log_in(watched.page, shell, nickname)
    return watched


async def _log_in(page: Page, shell: Shell, nickname: str) -> None:
    await page.goto(shell.fine("organiser", "link", nickname).strip())
    await page.get_by_role("button", name="Log in").click()


async def _status(page: Page, address: str) -> int:
    answer = await page.goto(address)
    return answer.status if answer else 0


async def test_three_roles(address: str, browser: Browser, shell: Shell) -> None:
    for nickname, role in ROLES.items():
        shell.fine("organiser", "add", nickname, "--role", role, stdin=f"{nickname}@example.org\n")
    everybody = {nickname: await _logged_in(browser, shell, nickname) for nickname in ROLES}
    ada, olga, marta = everybody.values()
    desk = f"{address}/organisers"
    await _each_sees_what_is_theirs(desk, ada, olga, marta)
    await _nothing_that_was_typed_is_lost(desk, olga, marta, shell)

    await marta.page.goto(f"{desk}/people/ada")
    await marta.page.get_by_label("What ada may do").select_option("organiser")
    await marta.page.get_by_role("button", name="Change role").click()
    await marta.page.get_by_text("ada is organiser now").wait_for()
    assert await _status(ada.page, f"{desk}/letters") == 200, "where she is logged in"
    await _somebody_comes_and_leaves(desk, marta, browser)

    await marta.page.goto(f"{desk}/record")
    lines = await marta.page.locator("main").inner_text()
    for line in ("changed the role of ada: viewer to organiser", "added nina, organiser", "removed nina"):
        assert re.search(rf"marta\s+{line}", lines), line
    for watched in everybody.values():
        assert [text for text in watched.complaints if not re.search("40[34]", text)] == []
        await watched.page.context.close()


async def _each_sees_what_is_theirs(desk: str, ada: Watched, olga: Watched, marta: Watched) -> None:
    menus = [" ".join(await one.page.locator("nav.menu a").all_text_contents()) for one in (ada, olga, marta)]
    assert ["Letters and answers" in menu for menu in menus] == [False, True, True]
    assert ["People" in menu for menu in menus] == [True, True, True]
    paths = ("letters", "operations", "people/olga")
    for one, statuses in ((ada, [404, 404, 404]), (olga, [200, 200, 404]), (marta, [200, 200, 200])):
        assert [await _status(one.page, f"{desk}/{path}") for path in paths] == statuses
    await olga.page.goto(f"{desk}/operations")
    await olga.picture("desk-people-1-operations")
    await ada.page.goto(f"{desk}/people")
    assert await ada.overflow() <= 0
    await ada.picture("phone-people-1-viewer")


async def _nothing_that_was_typed_is_lost(desk: str, olga: Watched, marta: Watched, shell: Shell) -> None:
    """An admin ends the organiser's session while she writes."""
    await olga.page.goto(f"{desk}/answers/PL")
    for day in ("Sent on", "Answered on"):
        await olga.page.get_by_label(day, exact=True).fill(f"{clock.today()}")
    await olga.page.get_by_label("Position").select_option("partly")
    await olga.page.locator("textarea").first.fill(ANSWER)
    await marta.page.goto(f"{desk}/people")
    await marta.picture("desk-people-2-people")
    await marta.page.get_by_role("link", name="olga").click()
    await marta.picture("desk-people-3-person")
    await marta.page.get_by_role("button", name="End all sessions").click()
    await marta.page.get_by_text("olga is logged out everywhere.").wait_for()
    await olga.page.get_by_role("button", name="Save").first.click()
    await olga.page.get_by_role("heading", name="Please log in again").wait_for()
    await olga.picture("desk-people-4-kept")
    async with olga.page.context.expect_page() as opened:
        await olga.page.get_by_role("link", name="Log in").click()
    other = await opened.value
    await other.wait_for_url(f"{desk}/login")
    await _log_in(other, shell, "olga")
    await olga.page.get_by_role("button", name="Send again").click()
    await olga.page.wait_for_url(f"{desk}/letters**")
    await olga.page.goto(f"{desk}/answers/PL")
    assert await olga.page.locator("textarea").first.input_value() == ANSWER


async def _somebody_comes_and_leaves(desk: str, marta: Watched, browser: Browser) -> None:
    """Invited, logged in with a link that is handed over, removed while logged in."""
    page = marta.page
    await page.goto(f"{desk}/people")
    await page.get_by_label("Nickname").fill("nina")
    await page.get_by_label("Email address").fill("nina@example.org")
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_role("button", name="Make a login link").click()
    await expect(page.get_by_role("button", name="Copy")).to_be_visible()
    await marta.picture("desk-people-5-link")
    nina = await (await browser.new_context(viewport=PHONE, locale="en-GB")).new_page()
    await nina.goto(await page.locator("#login-link").inner_text())
    await nina.get_by_role("button", name="Log in").click()
    assert await _status(nina, f"{desk}/letters") == 200
    await page.get_by_role("button", name="Remove").click()
    await marta.picture("desk-people-6-sure")
    await page.get_by_role("button", name="Remove nina").click()
    await page.get_by_text("nina is removed").wait_for()
    assert await _status(nina, f"{desk}/letters") == 404
    assert await nina.get_by_role("link", name="Log in").is_visible()
    await nina.context.close()


async def test_a_passkey_is_asked_for_again(by_name: str, shell: Shell, context: BrowserContext) -> None:
    """When ten minutes have gone by; here the database says so."""
    for nickname in ("marta", "olga"):
        shell.fine("organiser", "add", nickname, "--role", "admin", stdin=f"{nickname}@example.org\n")
    watched = Watched(await context.new_page())
    page = watched.page
    await _authenticator(context, page)
    await _log_in(page, shell, "marta")
    await page.goto(f"{by_name}/organisers/factors")
    await page.get_by_role("button", name="Set up a passkey").click()
    await page.get_by_text("a passkey, since").wait_for()
    with closing(sqlite3.connect(shell.folder / "var" / "petition.db", timeout=60)) as c, c:
        c.execute("update sessions set factor_shown_at = 0")
    await page.goto(f"{by_name}/organisers/people/olga")
    await page.get_by_role("button", name="Make a login link").click()
    await page.get_by_role("heading", name="Is it you?").wait_for()
    await watched.picture("desk-people-7-again")
    assert await watched.overflow() <= 0
    await page.get_by_role("button", name="Use my passkey").click()
    await page.get_by_text("This link logs olga in").wait_for()
    await watched.picture("phone-people-8-link")
    assert await watched.overflow() <= 0
    assert [text for text in watched.complaints if "403" not in text] == []
