"""Sessions: over half an hour after the last use, twelve hours after the start, and when an organiser ends them."""

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
async def staffed_site(site: Site, time: Clock) -> Site:
    """A site with one organiser, marta."""
    await add_organiser(site, "marta")
    return site


async def _log_in(site: Site, nickname: str = "marta", *, require_factor: bool = False) -> str:
    secret = await site.database.write(
        partial(accounts.make_login_link, server_keys=site.server_keys, nickname=nickname)
    )
    link_id = site.server_keys.link_keys(secret).row_id
    return (await site.database.write(partial(sessions.log_in, link_id=link_id, require_factor=require_factor)))[0]


async def _find_session(site: Site, secret: str) -> Session | None:
    async with site.database.reading() as c:
        return await sessions.find_session(c, secret)


async def _use(site: Site, secret: str) -> bool:
    """Whether the session still exists; if so, records a use."""
    if (session := await _find_session(site, secret)) is None:
        return False
    await site.database.write(partial(sessions.record_use, session=session))
    return True


async def _rows(site: Site) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute("select * from sessions order by created_at")


async def test_a_session_is_over_half_an_hour_after_its_last_use(staffed_site: Site, time: Clock) -> None:
    session = await _log_in(staffed_site)
    for _ in range(3):
        time.advance(seconds=IDLE_TIMEOUT - 1)
        assert await _use(staffed_site, session)
    time.advance(seconds=IDLE_TIMEOUT)
    assert not await _use(staffed_site, session)


async def test_a_session_is_over_after_twelve_hours_however_much_it_is_used(staffed_site: Site, time: Clock) -> None:
    session = await _log_in(staffed_site)
    for _ in range(SESSION_LIFETIME // 600 - 1):
        time.advance(minutes=10)
        assert await _use(staffed_site, session)
    time.advance(minutes=9, seconds=59)
    assert await _use(staffed_site, session)
    time.advance(seconds=1)
    assert not await _use(staffed_site, session)


async def test_a_use_is_written_down_once_a_minute(staffed_site: Site, time: Clock) -> None:
    session = await _find_session(staffed_site, await _log_in(staffed_site))
    assert session is not None
    for seconds, stale in ((0, False), (59, False), (1, True)):
        time.advance(seconds=seconds)
        assert sessions.needs_use_recorded(session) == stale


async def test_sessions_that_are_over_are_forgotten_and_others_not(staffed_site: Site, time: Clock) -> None:
    await _log_in(staffed_site)
    time.advance(seconds=IDLE_TIMEOUT - 1)
    young = await _log_in(staffed_site)
    time.advance(seconds=1)
    await staffed_site.database.write(sessions.delete_expired)
    assert [row["id"] for row in await _rows(staffed_site)] == [tokens.secret_hash(young)]


async def test_where_a_factor_is_required_a_link_alone_authenticates_nobody(staffed_site: Site) -> None:
    session = await _find_session(staffed_site, await _log_in(staffed_site, require_factor=True))
    assert session is not None
    assert not session.authenticated
    async with staffed_site.database.reading() as c:
        assert await sessions.list_sessions(c, "marta") == [], "nor is it listed as one"


async def test_a_session_that_is_authenticated_has_a_new_secret(staffed_site: Site) -> None:
    before = await _log_in(staffed_site, require_factor=True)
    session = await _find_session(staffed_site, before)
    assert session is not None
    after = await staffed_site.database.write(partial(sessions.complete_login, session=session))
    assert after is not None
    authenticated = await _find_session(staffed_site, after)
    assert (before == after, await _find_session(staffed_site, before)) == (False, None)
    assert authenticated is not None
    assert authenticated.authenticated


async def test_everybody_ends_their_own_sessions_only(staffed_site: Site) -> None:
    await add_organiser(staffed_site, "anna")
    mine, other = await _log_in(staffed_site), await _log_in(staffed_site, "anna")
    end = partial(sessions.end_session, nickname="marta")
    assert not await staffed_site.database.write(partial(end, id_=tokens.secret_hash(other)))
    assert await staffed_site.database.write(partial(end, id_=tokens.secret_hash(mine)))
    assert (await _find_session(staffed_site, mine), (await _find_session(staffed_site, other)) is not None) == (
        None,
        True,
    )


async def test_ending_all_ends_links_that_wait_too(staffed_site: Site) -> None:
    await add_organiser(staffed_site, "anna")
    gone, other = [await _log_in(staffed_site) for _ in range(2)], await _log_in(staffed_site, "anna")
    make = partial(accounts.make_login_link, server_keys=staffed_site.server_keys, nickname="marta")
    link_id = staffed_site.server_keys.link_keys(await staffed_site.database.write(make)).row_id
    await staffed_site.database.write(partial(sessions.end_all_sessions, nickname="marta"))
    assert [await _find_session(staffed_site, one) for one in gone] == [None, None]
    assert await _find_session(staffed_site, other)
    with pytest.raises(LinkError):
        await staffed_site.database.write(partial(sessions.log_in, link_id=link_id, require_factor=False))


async def test_nothing_of_a_browser_or_network_is_kept(staffed_site: Site) -> None:
    await _log_in(staffed_site)
    (row,) = await _rows(staffed_site)
    assert set(row) == {
        *("id", "nickname", "created_at", "last_used_at", "expires_at", "authenticated", "challenge"),
        "factor_shown_at",
    }
