"""A passkey in a real Chromium, with the virtual authenticator of its developer tools."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, BrowserContext, CDPSession, Page, ViewportSize

from tests.browser.conftest import Watched
from tests.shell import Shell, serving

pytestmark = pytest.mark.browser

NARROW = ViewportSize(width=320, height=640)


@pytest.fixture
def by_name(shell: Shell) -> Iterator[str]:
    """The address of a running site with a host name: browsers make no passkeys for an IP address."""
    shell.fine("migrate")
    with serving(shell, "--host", "localhost") as (found, _):
        yield found.replace("127.0.0.1", "localhost")


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    found = await browser.new_context(viewport=NARROW, locale="en-GB")
    yield found
    await found.close()


async def _authenticator(context: BrowserContext, page: Page) -> tuple[CDPSession, str]:
    """An authenticator that can ask for a PIN."""
    cdp = await context.new_cdp_session(page)
    await cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    made = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, str(made["authenticatorId"])


async def _log_in(page: Page, shell: Shell) -> None:
    await page.goto(shell.fine("organiser", "link", "marta").strip())
    await page.get_by_role("button", name="Log in").click()


async def test_a_passkey_is_set_up_and_asked_for(
    by_name: str, shell: Shell, context: BrowserContext, browser: Browser
) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    watched = Watched(await context.new_page())
    page = watched.page
    cdp, authenticator = await _authenticator(context, page)
    await _log_in(page, shell)
    await page.goto(f"{by_name}/organisers/factors")
    await page.get_by_role("button", name="Set up a passkey").wait_for()
    assert await watched.overflow() <= 0
    await watched.picture("desk-8-factors")
    await page.get_by_role("button", name="Set up a passkey").click()
    await page.get_by_text("a passkey, since").wait_for()
    kept = (await cdp.send("WebAuthn.getCredentials", {"authenticatorId": authenticator}))["credentials"]
    assert [(one["rpId"], one["isResidentCredential"]) for one in kept] == [("localhost", False)]

    await page.get_by_text("Menu", exact=True).click()
    await page.get_by_role("button", name="Log out").click()
    await _log_in(page, shell)
    assert page.url == f"{by_name}/organisers/factor"
    await watched.picture("desk-9-factor")
    await cdp.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    await page.get_by_role("button", name="Use my passkey").click()
    await page.get_by_text("gave no passkey").wait_for()
    await cdp.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    await page.get_by_role("button", name="Use my passkey").click()
    await page.wait_for_url(f"{by_name}/organisers/")
    await page.goto(f"{by_name}/organisers/sessions")
    await watched.picture("desk-10-sessions")
    assert await watched.overflow() <= 0
    assert watched.complaints == []
    assert watched.hosts == {by_name.removeprefix("http://")}


async def test_without_the_key_the_mailbox_opens_nothing(
    by_name: str, shell: Shell, context: BrowserContext, browser: Browser
) -> None:
    shell.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    page = await context.new_page()
    await _authenticator(context, page)
    await _log_in(page, shell)
    await page.goto(f"{by_name}/organisers/factors")
    await page.get_by_role("button", name="Set up a passkey").click()
    await page.get_by_text("a passkey, since").wait_for()

    thief = await browser.new_context(viewport=NARROW, locale="en-GB")
    other = await thief.new_page()
    await _authenticator(thief, other)
    await _log_in(other, shell)
    await other.get_by_role("button", name="Use my passkey").click()
    await other.get_by_text("gave no passkey").wait_for(timeout=150_000)
    assert (await other.goto(f"{by_name}/organisers/")).status == 404  # type: ignore[union-attr]  # there is an answer
    shell.fine("organiser", "reset", "marta")
    assert (await page.goto(f"{by_name}/organisers/")).status == 404  # type: ignore[union-attr]  # there is an answer
    await thief.close()
