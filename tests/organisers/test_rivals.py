"""An organiser is removed, or acts twice, at the very moment of a login: no deadlock, and no factor too many or few."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from petition.core.database.connection import Connection, Row
from petition.core.errors import OrganiserError
from petition.core.settings import Settings
from petition.organisers import accounts, second_factor, sessions
from petition.organisers.accounts import Role
from petition.organisers.passkeys import Passkeys
from petition.organisers.sessions import Session
from petition.site import Site
from petition.site import open_site as site_opened
from tests.conftest import add_organiser
from tests.organisers.test_passkeys import Authenticator

Job = Callable[[Connection], Awaitable[object]]


async def _begun(site: Site) -> Session:
    """A session of marta's, of which the second factor was not shown."""
    make = partial(accounts.make_login_link, server_keys=site.server_keys, nickname="marta")
    link_id = site.server_keys.link_keys(await site.database.write(make)).row_id
    log_in = partial(sessions.log_in, link_id=link_id, require_factor=True)
    cookie, _ = await site.database.write(log_in)
    async with site.database.reading() as c:
        session = await sessions.find_session(c, cookie)
    assert session is not None
    return session


async def _passkey(site: Site, session: Session, device: Authenticator, *, new: bool) -> Job:
    challenge = await site.database.write(partial(second_factor.new_challenge, session=session))
    act, answer = (
        (second_factor.add_passkey, device.create(challenge))
        if new
        else (second_factor.verify_passkey, device.get(challenge))
    )
    verifier = Passkeys("https://petition.example")
    return partial(act, cipher=site.factor_cipher, verifier=verifier, session=session, answer=answer)


async def _job(site: Site, what: str) -> Job:
    """What marta does at that moment."""
    session, device = await _begun(site), Authenticator()
    await site.database.write(partial(accounts.make_login_link, server_keys=site.server_keys, nickname="marta"))
    if what == "ends all sessions":
        return partial(sessions.end_all_sessions, nickname="marta")
    if what == "logs in with a code":
        return partial(sessions.complete_login, session=session)
    adding = await _passkey(site, session, device, new=True)
    if what == "adds a passkey":
        return adding
    assert await site.database.write(adding)
    return await _passkey(site, session, device, new=False)


@pytest.mark.parametrize(
    "what", ["ends all sessions", "logs in with a code", "adds a passkey", "logs in with a passkey"]
)
async def test_a_login_and_a_removal_at_once_do_not_wait_in_a_circle(
    what: str, postgresql_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal: list[asyncio.Task[None]] = []
    execute = Connection.execute

    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        await add_organiser(one, "marta")
        job = await _job(one, what)

        async def executed(c: Connection, sql: str, *given: Any, **options: Any) -> list[Row]:
            rows = await execute(c, sql, *given, **options)
            if not removal and re.match(r"(update|delete from) sessions", sql):
                remove = partial(accounts.remove_organiser, nickname="marta")
                removal.append(asyncio.create_task(two.database.write(remove)))
                await asyncio.sleep(0.3)  # until it waits for us
            return rows

        monkeypatch.setattr(Connection, "execute", executed)
        await one.database.write(job)
        await removal[0]
        async with two.database.reading() as c:
            assert await c.execute("select nickname from sessions union select nickname from factors") == []


async def test_two_at_once_cannot_both_set_up_the_first_factor(postgresql_settings: Settings) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        await add_organiser(one, "marta")
        for _ in range(5):
            jobs = [await _passkey(s, await _begun(s), Authenticator(), new=True) for s in (one, two)]
            done = await asyncio.gather(*[s.database.write(job) for s, job in zip((one, two), jobs, strict=True)])
            assert sorted(map(bool, done)) == [False, True]
            await one.database.write(partial(accounts.reset_factors, nickname="marta"))


async def test_two_at_once_cannot_take_the_last_two_factors_away(postgresql_settings: Settings) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        await add_organiser(one, "marta")
        for _ in range(5):
            session = await _begun(one)
            for _ in range(2):
                add = await _passkey(one, _shown(session), Authenticator(), new=True)
                await one.database.write(add)
            async with one.database.reading() as c:
                ids = [row["id"] for row in await second_factor.list_factors(c, "marta")]
            removals = [
                partial(second_factor.remove_factor, session=session, id_=id_, require_factor=True) for id_ in ids
            ]
            done = await asyncio.gather(*[s.database.write(job) for s, job in zip((one, two), removals, strict=True)])
            assert sorted(done) == [False, True]
            await one.database.write(partial(accounts.reset_factors, nickname="marta"))


@pytest.mark.parametrize("change", [accounts.remove_organiser, accounts.reset_factors, accounts.change_role])
async def test_two_admins_who_act_on_each_other_at_once_are_not_both_gone(
    change: Callable[..., Awaitable[None]], postgresql_settings: Settings
) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        pairs = [(one, "marta", "vera"), (two, "vera", "marta")]
        more = {"role": Role.VIEWER} if change is accounts.change_role else {}
        for _ in range(5):
            for nickname in ("marta", "vera"):
                with suppress(OrganiserError):
                    await one.database.write(partial(accounts.remove_organiser, nickname=nickname))
                await add_organiser(one, nickname, "admin")
            jobs = [
                site.database.write(partial(change, nickname=other, actor=actor, shown=Role.ADMIN, **more))
                for site, actor, other in pairs
            ]
            refused = [done for done in await asyncio.gather(*jobs, return_exceptions=True) if done]
            async with one.database.reading() as c:
                admins = [row["nickname"] for row in await accounts.list_organisers(c) if row["role"] == "admin"]
            if change is accounts.reset_factors:
                assert (refused, len(admins)) == ([], 2), "a reset leaves both admins"
            else:
                assert [type(done) for done in refused] == [OrganiserError]
                assert len(admins) == 1


def _shown(session: Session) -> Session:
    return Session(session.id, session.organiser, True, session.created_at, session.last_used_at, 0)
