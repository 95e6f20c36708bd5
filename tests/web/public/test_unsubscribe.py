"""One click in an email with updates (RFC 8058): stops them, nothing else, and does not tell whether there were any."""

from petition.core import encryption
from petition.site import Site
from tests.conftest import IDENTITY, Clock, Visitor
from tests.web.tools import FORM, all_rows, run_background_jobs

ONE_CLICK = "List-Unsubscribe=One-Click"
ELSEWHERE = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site", "Content-Type": FORM}


async def unsealed(site: Site) -> list[tuple[str, str]]:
    """The contacts that the organisers open on their own machine."""
    async with site.database.reading() as c:
        return [
            encryption.unseal_contact(IDENTITY, row["sealed"]) for row in await c.execute("select sealed from contacts")
        ]


async def _link(visitor: Visitor) -> str:
    await visitor.confirmed("anna@example.net", named="on", name="Anna", updates="on")
    ((address, link),) = await unsealed(visitor.site)
    assert address == "anna@example.net"
    assert link.startswith("http://127.0.0.1:8000/en/unsubscribe/")
    return link.removeprefix("http://127.0.0.1:8000")


async def test_one_click_ends_news_and_nothing_else(time: Clock, visitor: Visitor) -> None:
    link = await _link(visitor)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    shown = await visitor.get(link)
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert await all_rows(visitor.site) == before
    done = await visitor.client.post(link, content=ONE_CLICK, headers=ELSEWHERE)
    assert done.status_code == 200
    after = await all_rows(visitor.site)
    assert (len(before.pop("contacts")), after.pop("contacts")) == (1, [])
    (was,), (now,) = before.pop("signatures"), after.pop("signatures")
    assert was.replace("'updates': 1", "'updates': 0") == now != was
    assert after == before


async def test_the_answer_is_the_same_whatever_the_link(time: Clock, visitor: Visitor) -> None:
    link = await _link(visitor)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    strange = [f"{link}x", "/en/unsubscribe/x", "/en/unsubscribe/%00%ff", f"/en/unsubscribe/{'a' * 3000}"]
    texts = [(await visitor.post(path)).text for path in strange]
    assert await all_rows(visitor.site) == before
    texts += [(await visitor.post(link)).text, (await visitor.post(link)).text]
    assert len(set(texts)) == 1
    assert len({(await visitor.get(path)).text for path in (link, *strange)}) == 1


async def test_the_link_lives_as_long_as_the_address_and_opens_nothing_else(time: Clock, visitor: Visitor) -> None:
    link = await _link(visitor)
    time.advance(days=200)
    await visitor.site.prune()
    number = link.rpartition("/")[2]
    for page in ("confirm", "manage", "never-write"):
        assert (await visitor.post(f"/en/{page}/{number}", action="show")).status_code == 404
    body = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await visitor.client.post(link, content=body, headers=headers)).status_code == 200
    assert await unsealed(visitor.site) == []


async def test_who_signs_again_gets_another_link(time: Clock, visitor: Visitor) -> None:
    first = await _link(visitor)
    second = await _link(visitor)
    assert first != second
    await visitor.post(first)
    assert len(await unsealed(visitor.site)) == 1
    await visitor.post(second)
    assert await unsealed(visitor.site) == []
