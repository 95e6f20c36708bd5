"""Sessions: over half an hour after their last use, twelve hours after their begin, and whenever somebody ends them."""

from functools import partial

import pytest

from petition.core import tokens
from petition.core.database.connection import Row
from petition.core.errors import LinkError
from petition.organisers import accounts, sessions
from petition.organisers.sessions import IDLE_TIMEOUT, SESSION_LIFETIME, Session
from petition.site import Site
from tests.conftest import Clock, add_organiser


@pytest.fixture
async def house(site: Site, time: Clock) -> Site:
    """A site with one organiser, marta."""
    await add_organiser(site, "marta")
    return site


async def _log_in(site: Site, nickname: str = "marta", *, strict: bool = False) -> str:
    number = await site.database.write(partial(accounts.make_login_link, nickname=nickname))
    return (await site.database.write(partial(sessions.log_in, secret=number, require_factor=strict)))[0]


async def _find(site: Site, number: str) -> Session | None:
    async with site.database.reading() as c:
        return await sessions.find_session(c, number)


async def _use(site: Site, number: str) -> bool:
    """Whether the session is still there; it is in use then."""
    if (found := await _find(site, number)) is None:
        return False
    await site.database.write(partial(sessions.record_use, session=found))
    return True


async def _rows(site: Site) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute("select * from sessions order by created_at")


async def test_a_session_is_over_half_an_hour_after_its_last_use(house: Site, time: Clock) -> None:
    session = await _log_in(house)
    for _ in range(3):
        time.advance(seconds=IDLE_TIMEOUT - 1)
        assert await _use(house, session)
    time.advance(seconds=IDLE_TIMEOUT)
    assert not await _use(house, session)


async def test_a_session_is_over_after_twelve_hours_however_much_it_is_used(house: Site, time: Clock) -> None:
    session = await _log_in(house)
    for _ in range(SESSION_LIFETIME // 600 - 1):
        time.advance(minutes=10)
        assert await _use(house, session)
    time.advance(minutes=9, seconds=59)
    assert await _use(house, session)
    time.advance(seconds=1)
    assert not await _use(house, session)


async def test_a_use_is_written_down_once_a_minute(house: Site, time: Clock) -> None:
    found = await _find(house, await _log_in(house))
    assert found is not None
    for seconds, stale in ((0, False), (59, False), (1, True)):
        time.advance(seconds=seconds)
        assert sessions.needs_use_recorded(found) == stale


async def test_sessions_that_are_over_are_forgotten_and_others_not(house: Site, time: Clock) -> None:
    await _log_in(house)
    time.advance(seconds=IDLE_TIMEOUT - 1)
    young = await _log_in(house)
    time.advance(seconds=1)
    await house.database.write(sessions.delete_expired)
    assert [row["id"] for row in await _rows(house)] == [tokens.secret_hash(young)]


async def test_where_we_are_strict_a_link_alone_makes_no_whole_session(house: Site) -> None:
    found = await _find(house, await _log_in(house, strict=True))
    assert found is not None
    assert not found.authenticated
    async with house.database.reading() as c:
        assert await sessions.list_sessions(c, "marta") == [], "nor is it listed as one"


async def test_a_session_that_becomes_whole_has_a_new_number(house: Site) -> None:
    before = await _log_in(house, strict=True)
    found = await _find(house, before)
    assert found is not None
    after = await house.database.write(partial(sessions.complete_login, session=found))
    assert after is not None
    whole = await _find(house, after)
    assert (before == after, await _find(house, before)) == (False, None)
    assert whole is not None
    assert whole.authenticated


async def test_everybody_ends_their_own_sessions_only(house: Site) -> None:
    await add_organiser(house, "anna")
    mine, other = await _log_in(house), await _log_in(house, "anna")
    end = partial(sessions.end_session, nickname="marta")
    assert not await house.database.write(partial(end, id_=tokens.secret_hash(other)))
    assert await house.database.write(partial(end, id_=tokens.secret_hash(mine)))
    assert (await _find(house, mine), (await _find(house, other)) is not None) == (None, True)


async def test_ending_all_ends_links_that_wait_too(house: Site) -> None:
    await add_organiser(house, "anna")
    gone, other = [await _log_in(house) for _ in range(2)], await _log_in(house, "anna")
    number = await house.database.write(partial(accounts.make_login_link, nickname="marta"))
    await house.database.write(partial(sessions.end_all_sessions, nickname="marta"))
    assert [await _find(house, one) for one in gone] == [None, None]
    assert await _find(house, other)
    with pytest.raises(LinkError):
        await house.database.write(partial(sessions.log_in, secret=number, require_factor=False))


async def test_nothing_of_a_browser_or_network_is_kept(house: Site) -> None:
    await _log_in(house)
    (row,) = await _rows(house)
    assert set(row) == {"id", "nickname", "created_at", "last_used_at", "expires_at", "authenticated", "challenge"}
