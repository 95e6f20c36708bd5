"""Somebody has a letter, a list or a tally, and asks the page of the log: is it ours?"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route

from petition.campaign.witnesses import Witnesses
from petition.core import clock, settings
from petition.letters.editions import drafts, editions, source_checks
from petition.letters.editions.editions import Decisions
from petition.log import cosignatures, notes, store
from petition.log.keeper import Keeper
from petition.log.store import New
from petition.site import Site, open_site
from tests.browser import conftest
from tests.browser.conftest import Watched
from tests.letters.editions.test_annexes import NOT_MET, PL
from tests.log.samples import WITNESS
from tests.shell import Shell, serving
from tests.web.tools import campaign

pytestmark = pytest.mark.browser
browser = conftest.browser
FORGED = b"%PDF-1.7 We demand something else."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site that has an edition, in a log of more than two tiles, signed by one witness."""
    folder = tmp_path_factory.mktemp("logged")
    data = campaign(folder / "campaign")
    with (data / "campaign.toml").open("a", encoding="utf-8") as file:
        file.write(f'\n[log]\nwitnesses = ["{WITNESS.vkey}"]\nquorum = 1\n')
    shell = Shell(folder, PETITION_CAMPAIGN=str(data))
    shell.fine("demo", "--signatures", "1239")
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, _fill_log(shell)).result()
    with serving(shell) as (found, _):
        yield found


async def _fill_log(shell: Shell) -> None:
    own = {name: value for name, value in shell.environment.items() if name.startswith("PETITION_")}
    async with open_site(settings.from_environment(own)) as site:
        await _issue_edition(site)
        keeper = Keeper(site)
        keeper._signer.grace = 0
        await keeper._begin_demo()
        await site.database.own_transaction(_append_many)
        await keeper.work()
        await site.database.own_transaction(_cosign)
        await keeper.work()


async def _issue_edition(site: Site) -> None:
    async with site.database.reading() as c:
        book = replace(site.address_book, addressees=(PL,))
        draft = await drafts.create_draft(c, site.appeal, book, site.settings.base_url, ["en", "pl"])
    checked = frozenset(stale.id for stale in source_checks.stale_sources(draft))
    await editions.issue_edition(site.database, draft, Decisions(checked, frozenset(), not_met=NOT_MET), "marta")


async def _append_many(c: Any) -> None:
    audits = [New({"kind": "audit", "day": "2026-11-30", "ok": True})] * 600
    assert await store.append(c, audits, int((await store.read_ends(c))["entries"]))


async def _cosign(c: Any) -> None:
    note = (await c.one("log.newest_head"))["note"]
    line = WITNESS.cosign(notes.split_note(note)[0], int(time.time()))
    await cosignatures.add(c, cosignatures.read(note + line, Witnesses((WITNESS.vkey,), 1)))


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Watched]:
    watched = Watched(await browser.new_page())
    yield watched
    await watched.page.close()


async def _ask(page: Page, name: str, content: bytes) -> tuple[str, str]:
    """What the page says of a file, and how it looks."""
    status = page.locator("[data-log] [role=status]")
    await status.evaluate("e => { e.textContent = ''; e.className = ''; }")
    await page.locator("[data-log] input").set_input_files({"name": name, "mimeType": "x/y", "buffer": content})
    await page.locator("[data-log] .same, [data-log] .other").wait_for()
    return (await status.get_attribute("class")) or "", await status.inner_text()


async def _published_at_midnight(page: Watched, address: str) -> int:
    """Chance decides how many of the example have signed today."""
    rows = (await _read(page, f"{address}/history-hours.csv")).decode().splitlines()
    return int(dict(row.split(",") for row in rows)[f"{clock.today()}T00:00:00Z"])


async def _read(page: Watched, url: str) -> bytes:
    return await (await page.page.request.get(url)).body()


async def test_a_letter_a_list_and_a_tally_are_found_and_a_forged_one_is_not(address: str, page: Watched) -> None:
    pdf = await _read(page, f"{address}/letters/PL-1.pdf")
    hashes = [*json.loads(await _read(page, f"{address}/log/index.json"))]
    await page.page.goto(f"{address}/en/log")
    look, said = await _ask(page.page, "letter.pdf", pdf)
    assert (look, said.split(". ")[0]) == ("same", f"letter.pdf: This is letter PL-1 of edition 1, of {_today()}")
    assert "File, tree and signature were checked. Signatures of witnesses: 1." in said
    await page.picture("log-found")
    look, said = await _ask(page.page, "forged.pdf", FORGED)
    assert (look, said.startswith("forged.pdf: Not in the log. That does not prove")) == ("other", True)
    look, said = await _ask(page.page, "list.txt", "\n".join(hashes[:2]).encode())
    assert (look, "All fingerprints in this file are in the log: 2." in said) == ("same", True)
    look, said = await _ask(page.page, "list.txt", f"{hashes[0]} {'0' * 64}".encode())
    assert look == "other"
    lies = {"forged.pdf": FORGED + f"\n% {hashes[0]}".encode(), "forged.txt": f"We lie.\nA {hashes[0]}\nB".encode()}
    for name, content in lies.items():
        look, said = await _ask(page.page, name, content)
        assert (look, "Not in the log" in said) == ("other", True), said
    published = await _published_at_midnight(page, address)
    for total, look_of in ((published, "same"), (published + 10, "other")):
        tally = f'{{"as_of": "{clock.today()}T00:00:00Z", "confirmed": {total}}}'
        look, said = await _ask(page.page, "tally.json", tally.encode())
        assert (look, f"00:00 UTC: {published:,} signatures in total." in said) == (look_of, True), said
    look, said = await _ask(page.page, "forged.html", f"<p>{tally}".encode())
    assert (look, "Not in the log" in said) == ("other", True), said
    assert page.complaints == []
    assert page.hosts == {address.removeprefix("http://")}


def _today() -> str:
    today = clock.today()
    return f"{today.day} {today:%B %Y}"


@pytest.mark.parametrize("what", ["bundle", "tile", "signature", "index"])
async def test_one_byte_changed_in_what_is_served_is_seen(address: str, page: Watched, what: str) -> None:
    pdf = await _read(page, f"{address}/letters/PL-1.pdf")
    await page.page.route(*_changed(what))
    await page.page.goto(f"{address}/en/log")
    look, said = await _ask(page.page, "letter.pdf", pdf)
    wrong = "The newest checkpoint has no signature" if what == "signature" else "Not in the signed tree"
    assert (look, wrong in said) == ("other", True), said


def _changed(what: str) -> tuple[str, Callable[[Route], Any]]:
    """The address, and what makes another answer of that of the site."""
    addresses = {
        "bundle": "**/log/tile/entries/**",
        "tile": "**/log/tile/1/**",
        "signature": "**/log/checkpoint",
        "index": "**/log/index.json",
    }

    async def change(route: Route) -> None:
        answer = await route.fetch()
        body = bytearray(await answer.body())
        if what == "index":
            body = bytearray(json.dumps({name: n - 1 for name, n in json.loads(body).items()}).encode())
        elif what == "bundle":
            place = body.rindex(b'"total"') + 9
            body[place] ^= 1
        elif what == "signature":
            place = body.index("\n\n— ".encode()) + 60
            body[place : place + 4] = b"AAAA"
        else:
            body[40] ^= 1
        await route.fulfill(response=answer, body=bytes(body))

    return addresses[what], change


async def test_without_ed25519_it_says_that_the_signature_was_not_checked(address: str, page: Watched) -> None:
    await page.page.add_init_script(
        "const real = crypto.subtle.importKey.bind(crypto.subtle);"
        "crypto.subtle.importKey = (...a) => a[2] === 'Ed25519' ? Promise.reject(new Error('no')) : real(...a);"
    )
    pdf = await _read(page, f"{address}/letters/PL-1.pdf")
    await page.page.goto(f"{address}/en/log")
    look, said = await _ask(page.page, "letter.pdf", pdf)
    assert (look, "the signature was not" in said, "witnesses" in said) == ("same", True, False)


async def test_a_saved_copy_checks_too_and_asks_the_site_alone(address: str, page: Watched, tmp_path: Path) -> None:
    html = (await _read(page, f"{address}/en/log")).decode()
    pdf = await _read(page, f"{address}/letters/PL-1.pdf")
    for name in ("petition.js", "log.js", "petition.css"):
        (tmp_path / name).write_bytes(await _read(page, f"{address}/static/{name}"))
        html = _with_own(html, name)
    (tmp_path / "saved.html").write_text(html, "utf-8")
    await page.page.goto(f"file://{tmp_path}/saved.html")
    look, said = await _ask(page.page, "letter.pdf", pdf)
    assert (look, "This is letter PL-1" in said) == ("same", True), said
    assert page.hosts <= {"", address.removeprefix("http://")}


def _with_own(html: str, name: str) -> str:
    start = html.index(f"/static/{name}")
    return html[:start] + name + html[html.index('"', start) :]


async def test_the_page_says_everything_without_script(address: str, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    watched = Watched(await context.new_page())
    await watched.page.goto(f"{address}/en/log")
    assert await watched.page.locator("[data-log]").is_hidden()
    text = await watched.page.locator("main").inner_text()
    vkeys = (await _read(watched, f"{address}/log/vkey")).decode().split()
    shown = await watched.page.locator("#checkpoint").text_content() or ""
    assert notes.parse_head(notes.open_note(shown, vkeys).text).size > 600
    assert await watched.page.locator(".entries li").count() == 10
    assert f"curl -fsS {address}/log/checkpoint" in text
    assert WITNESS.vkey in text
    assert await watched.overflow() <= 0
    await watched.picture("log-without-script")
    await context.close()
