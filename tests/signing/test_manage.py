"""The manage link: it shows all stored data, and a person who wants no emails can still withdraw a signature."""

from functools import partial

import pytest

from petition.core import tokens
from petition.core.database.connection import Row
from petition.core.errors import LinkError
from petition.core.tokens import Purpose
from petition.signing import manage as managing
from petition.signing.manage import StoredData
from petition.site import Site
from tests.conftest import Clock, Visitor

ANNA = "anna@example.net"


async def _manage(visitor: Visitor, email: str = ANNA) -> str:
    assert (await visitor.post("/en/manage", email=email)).status_code == 303
    return await visitor.link(email.lower(), "manage")


async def _held(visitor: Visitor, path: str) -> StoredData:
    link = visitor.site.read_link(Purpose.MANAGE, path.rsplit("/", 1)[1])
    async with visitor.site.database.reading() as c:
        return await managing.get_stored_data(c, link)


async def _rows(site: Site, table: str) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute(f"select * from {table}")


async def test_everything_that_is_held_is_shown(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA, "LV")
    await visitor.sign(ANNA, "LT")
    held = await _held(visitor, await _manage(visitor))
    assert held.signature is not None
    assert (held.signature["country"], held.waiting_links, held.recent_emails, held.never_write) == ("LV", 1, 3, False)


async def test_a_link_shows_only_what_was_signed_with_exactly_this_spelling(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna.b@gmail.com")
    path = await _manage(visitor, "annab@gmail.com")
    held = await _held(visitor, path)
    assert (held.signature, held.recent_emails) == (None, 2)
    page = (await visitor.post(path, action="show")).text
    assert "another form of this address" in page
    other = await _held(visitor, await _manage(visitor, "Anna.B@gmail.com"))
    assert other.signature is not None


@pytest.mark.parametrize("kind", ["confirm", "manage"])
async def test_whoever_wants_no_mail_can_withdraw_from_any_mail(time: Clock, visitor: Visitor, kind: str) -> None:
    await visitor.confirmed(ANNA, named="on", name="Anna", updates="on")
    if kind == "manage":
        await _manage(visitor)
    never = await visitor.link(ANNA, "never-write")
    assert (await visitor.choose(never, "withdraw_never")).status_code == 200
    for table in ("signatures", "names", "contacts", "submissions", "links", "outbox"):
        assert await _rows(visitor.site, table) == [], table
    assert {row["reason"] for row in await _rows(visitor.site, "never_write")} == {"never", "withdrawn"}
    assert (await visitor.post(never, action="withdraw_never")).status_code == 404
    await visitor.sign(ANNA)
    assert [row["state"] for row in await _rows(visitor.site, "submissions")] == ["cancelled"], "of nobody"


async def test_the_answer_does_not_tell_whether_there_was_a_signature(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA)
    await visitor.sign("boris@example.net")
    pages = []
    for email in (ANNA, "boris@example.net"):
        never = await visitor.link(email, "never-write")
        pages.append((await visitor.get(never)).text.replace(never, ""))
        pages.append((await visitor.choose(never, "withdraw_never")).text.replace(never, ""))
    assert pages[:2] == pages[2:]


async def test_never_write_alone_keeps_the_signature_and_the_links_of_old_mail(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA)
    manage = await _manage(visitor)
    never = await visitor.link(ANNA, "never-write")
    assert (await visitor.choose(never, "never_write")).status_code == 200
    assert len(await _rows(visitor.site, "signatures")) == 1
    assert (await _held(visitor, manage)).never_write
    assert (await visitor.choose(manage, "withdraw")).status_code == 200
    assert await _rows(visitor.site, "signatures") == []


@pytest.mark.parametrize("said", ["never_write", "withdraw_never"])
async def test_the_link_by_which_somebody_was_silenced_takes_it_back_years_later(
    said: str, time: Clock, visitor: Visitor
) -> None:
    """Somebody else may have pressed it: a person who coerces, or who sits at a shared computer."""
    await visitor.confirmed(ANNA)
    never = await visitor.link(ANNA, "never-write")
    assert (await visitor.choose(never, said)).status_code == 200
    time.advance(days=400)
    await visitor.site.prune()
    await visitor.sign(ANNA)
    await visitor.post("/en/manage", email=ANNA)
    await visitor.deliver()
    assert len(visitor.smtp.to(ANNA)) == 1
    assert (await visitor.choose(never, "write_again")).status_code == 200
    await visitor.sign(ANNA)
    await visitor.deliver()
    assert len(visitor.smtp.to(ANNA)) == 2


async def test_no_other_link_takes_it_back_and_the_answer_is_the_same(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ANNA)
    earlier = await visitor.link(ANNA, "never-write")
    await visitor.sign(ANNA)
    never = await visitor.link(ANNA, "never-write")
    await visitor.sign("boris@example.net")
    strangers = await visitor.link("boris@example.net", "never-write")
    await visitor.post(never)
    pages = [(await visitor.choose(link, "write_again")).text for link in (earlier, strangers)]
    assert [row["reason"] for row in await _rows(visitor.site, "never_write")] == ["never"]
    pages.append((await visitor.choose(never, "write_again")).text)
    assert len(set(pages)) == 1
    assert await _rows(visitor.site, "never_write") == []


async def test_a_link_to_manage_tells_no_hour_by_its_end(time: Clock, visitor: Visitor) -> None:
    await visitor.post("/en/manage", email=ANNA)
    (row,) = await _rows(visitor.site, "links")
    assert row["expires_at"] % (24 * 3600) == 0


async def test_a_number_of_nothing_opens_nothing(site: Site) -> None:
    for act in (managing.withdraw, managing.never_write, managing.withdraw_never):
        with pytest.raises(LinkError):
            await site.database.write(partial(act, link_id=tokens.new_secret()))
