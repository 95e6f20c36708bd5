"""Second factors: codes that count once, one owner each, a wait after wrong codes, keys that can be rotated."""

from functools import partial

import pytest

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Row
from petition.core.errors import KeysError
from petition.organisers import accounts, activity_log, second_factor, sessions, totp
from petition.organisers.second_factor import LOCK_SECONDS, MAX_WRONG_CODES, FactorCipher
from petition.organisers.sessions import Session
from petition.site import Site
from tests.conftest import Clock, add_organiser


@pytest.fixture
async def equipped_site(site: Site, time: Clock) -> Site:
    """A site with two organisers, marta and anna."""
    for nickname in ("marta", "anna"):
        await add_organiser(site, nickname)
    return site


async def _arrive(site: Site, nickname: str = "marta") -> Session:
    """Logs in with a link, where a second factor is required."""
    make = partial(accounts.make_login_link, server_keys=site.server_keys, nickname=nickname)
    link_id = site.server_keys.link_keys(await site.database.write(make)).row_id
    cookie, authenticated = await site.database.write(partial(sessions.log_in, link_id=link_id, require_factor=True))
    assert not authenticated
    async with site.database.reading() as c:
        session = await sessions.find_session(c, cookie)
    assert session is not None
    return session


async def _equip(site: Site, nickname: str = "marta") -> bytes:
    """Sets up codes. Returns the secret."""
    session = await _arrive(site, nickname)
    secret = site.factor_cipher.proposed_secret(session)
    add = partial(second_factor.add_code_app, cipher=site.factor_cipher, session=session, code=_code(secret))
    assert await site.database.write(add)
    return secret


def _code(secret: bytes, later: int = 0) -> str:
    return totp.code_at(secret, clock.epoch() // totp.STEP_SECONDS + later)


async def _prove(site: Site, session: Session, code: str, cipher: FactorCipher | None = None) -> bool:
    prove = partial(second_factor.verify_code, cipher=cipher or site.factor_cipher, session=session, code=code)
    return await site.database.write(prove) is not None


async def _rows(site: Site, table: str) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute(f"select * from {table}")


async def _actions(site: Site) -> list[str]:
    async with site.database.reading() as c:
        return [
            f"{row['nickname']} {row['action']} {row['detail']}".strip() for row in await activity_log.list_lines(c)
        ]


async def test_a_code_authenticates_the_session(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    time.advance(seconds=totp.STEP_SECONDS)
    session = await _arrive(equipped_site)
    prove = partial(second_factor.verify_code, cipher=equipped_site.factor_cipher, session=session, code=_code(secret))
    cookie = await equipped_site.database.write(prove)
    assert cookie
    async with equipped_site.database.reading() as c:
        current = await sessions.find_session(c, cookie)
    assert current is not None
    assert (current.authenticated, current.organiser.nickname) == (True, "marta")
    assert (await _actions(equipped_site))[0] == "marta logged in"


async def test_a_code_counts_once_and_so_does_every_older_one(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    first, second = await _arrive(equipped_site), await _arrive(equipped_site)
    assert not await _prove(equipped_site, first, _code(secret)), "the code of the set-up"
    time.advance(seconds=totp.STEP_SECONDS)
    assert await _prove(equipped_site, first, _code(secret, 1))
    for later in (-1, 0, 1):
        assert not await _prove(equipped_site, second, _code(secret, later))
    time.advance(seconds=2 * totp.STEP_SECONDS)
    assert await _prove(equipped_site, second, _code(secret))


async def test_after_five_wrong_codes_no_code_counts_for_a_while(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    time.advance(minutes=1)
    session = await _arrive(equipped_site)
    for _ in range(MAX_WRONG_CODES):
        assert not await _prove(equipped_site, session, "000000x")
    assert not await _prove(equipped_site, session, _code(secret))
    assert not await _prove(equipped_site, await _arrive(equipped_site), _code(secret)), "nor in another session"
    time.advance(seconds=LOCK_SECONDS - 1)
    assert not await _prove(equipped_site, await _arrive(equipped_site), _code(secret))
    time.advance(seconds=1)
    assert await _prove(equipped_site, await _arrive(equipped_site), _code(secret))
    assert (await _actions(equipped_site)).count("marta gave a wrong code 5 times") == 1


async def test_each_five_wrong_codes_more_cost_twice_the_wait_up_to_a_day(equipped_site: Site, time: Clock) -> None:
    await _equip(equipped_site)
    waits = []
    for _ in range(9):
        for _ in range(MAX_WRONG_CODES):
            await _prove(equipped_site, await _arrive(equipped_site), "000000x")
        (row,) = [row for row in await _rows(equipped_site, "organisers") if row["nickname"] == "marta"]
        waits.append(row["locked_until"] - clock.epoch())
        time.advance(seconds=waits[-1])
    assert waits == [min(DAY, LOCK_SECONDS * 2**n) for n in range(9)]
    assert waits[-1] == DAY


async def test_a_right_code_forgives_the_wrong_ones_before_it(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    for _ in range(3):
        time.advance(minutes=1)
        for _ in range(MAX_WRONG_CODES - 1):
            assert not await _prove(equipped_site, await _arrive(equipped_site), "000000x")
        assert await _prove(equipped_site, await _arrive(equipped_site), _code(secret))


async def test_wrong_codes_of_one_keep_nobody_else_waiting(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site, "anna")
    await _equip(equipped_site)
    time.advance(minutes=1)
    for _ in range(MAX_WRONG_CODES):
        await _prove(equipped_site, await _arrive(equipped_site), "000000x")
    assert await _prove(equipped_site, await _arrive(equipped_site, "anna"), _code(secret))


async def test_the_code_of_one_is_nobody_elses(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site, "anna")
    await _equip(equipped_site)
    time.advance(minutes=1)
    assert not await _prove(equipped_site, await _arrive(equipped_site), _code(secret))


async def test_whoever_has_no_codes_is_let_in_by_none(equipped_site: Site) -> None:
    assert not await _prove(equipped_site, await _arrive(equipped_site), "")


async def test_a_session_is_offered_one_secret_another_session_another(equipped_site: Site) -> None:
    session, other = await _arrive(equipped_site), await _arrive(equipped_site)
    assert equipped_site.factor_cipher.proposed_secret(session) == equipped_site.factor_cipher.proposed_secret(session)
    assert equipped_site.factor_cipher.proposed_secret(session) != equipped_site.factor_cipher.proposed_secret(other)
    assert len(equipped_site.factor_cipher.proposed_secret(session)) == 20


async def test_a_wrong_code_sets_nothing_up_and_a_second_app_neither(equipped_site: Site, time: Clock) -> None:
    session = await _arrive(equipped_site)
    add = partial(second_factor.add_code_app, cipher=equipped_site.factor_cipher, session=session)
    assert not await equipped_site.database.write(partial(add, code="123456"))
    assert await _rows(equipped_site, "factors") == []
    secret = equipped_site.factor_cipher.proposed_secret(session)
    assert await equipped_site.database.write(partial(add, code=_code(secret)))
    assert not await equipped_site.database.write(partial(add, code=_code(secret, 1)))
    assert len(await _rows(equipped_site, "factors")) == 1


async def test_of_two_who_came_by_mail_only_the_first_sets_a_factor_up(equipped_site: Site, time: Clock) -> None:
    first, second = await _arrive(equipped_site), await _arrive(equipped_site)
    attempts = [(one, _code(equipped_site.factor_cipher.proposed_secret(one))) for one in (first, second)]
    jobs = [
        partial(second_factor.add_code_app, cipher=equipped_site.factor_cipher, session=one, code=code)
        for one, code in attempts
    ]
    assert [await equipped_site.database.write(job) for job in jobs] == [True, False]


async def test_a_session_that_was_ended_meanwhile_does_not_become_whole(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    time.advance(minutes=1)
    session = await _arrive(equipped_site)
    await equipped_site.database.write(partial(sessions.end_all_sessions, nickname="marta"))
    assert not await _prove(equipped_site, session, _code(secret))
    assert await _rows(equipped_site, "sessions") == []


async def test_the_database_alone_makes_no_code_and_takes_none_from_another_row(
    equipped_site: Site, time: Clock
) -> None:
    secret = await _equip(equipped_site, "anna")
    (row,) = await _rows(equipped_site, "factors")
    assert secret.hex() not in str(row)
    with pytest.raises(KeysError):
        FactorCipher(("another-key-of-thirty-two-characters",)).decrypt("anna", row["encrypted"])
    with pytest.raises(KeysError):
        equipped_site.factor_cipher.decrypt("marta", row["encrypted"])
    await equipped_site.database.write(lambda c: c.execute("update factors set nickname = 'marta'"))
    time.advance(minutes=1)
    assert not await _prove(equipped_site, await _arrive(equipped_site), _code(secret))


async def test_the_key_can_be_rotated(equipped_site: Site, time: Clock) -> None:
    secret = await _equip(equipped_site)
    (old,) = equipped_site.settings.desk_keys
    both, alone = (
        FactorCipher(("new-key-of-thirty-two-characters-", old)),
        FactorCipher(("new-key-of-thirty-two-characters-",)),
    )
    time.advance(minutes=1)
    session = await _arrive(equipped_site)
    assert not await _prove(equipped_site, session, _code(secret), alone)
    assert await _prove(equipped_site, session, _code(secret), both)
    time.advance(minutes=1)
    assert await _prove(equipped_site, await _arrive(equipped_site), _code(secret), alone), "moved by the login"


async def test_a_challenge_is_answered_once(equipped_site: Site) -> None:
    session = await _arrive(equipped_site)
    challenge = await equipped_site.database.write(partial(second_factor.new_challenge, session=session))
    newer = await equipped_site.database.write(partial(second_factor.new_challenge, session=session))
    assert challenge != newer
    job = partial(second_factor._use_challenge, session=session)
    assert [await equipped_site.database.write(job) for _ in range(2)] == [newer, ""]


@pytest.mark.parametrize(("require_factor", "gone"), [(True, False), (False, True)])
async def test_the_last_factor_stays_where_one_is_needed(equipped_site: Site, require_factor: bool, gone: bool) -> None:
    await _equip(equipped_site)
    (row,) = await _rows(equipped_site, "factors")
    drop = partial(
        second_factor.remove_factor, session=await _arrive(equipped_site), id_=row["id"], require_factor=require_factor
    )
    assert await equipped_site.database.write(drop) == gone
    assert len(await _rows(equipped_site, "factors")) == (0 if gone else 1)


async def test_nobody_takes_away_anothers_factor(equipped_site: Site) -> None:
    await _equip(equipped_site)
    (row,) = await _rows(equipped_site, "factors")
    drop = partial(
        second_factor.remove_factor, session=await _arrive(equipped_site, "anna"), id_=row["id"], require_factor=False
    )
    assert not await equipped_site.database.write(drop)


async def test_a_reset_takes_factors_and_waiting_away(equipped_site: Site, time: Clock) -> None:
    await _equip(equipped_site)
    for _ in range(MAX_WRONG_CODES):
        await _prove(equipped_site, await _arrive(equipped_site), "000000x")
    await equipped_site.database.write(partial(accounts.reset_factors, nickname="marta"))
    assert await _rows(equipped_site, "factors") == []
    secret = await _equip(equipped_site)
    time.advance(seconds=totp.STEP_SECONDS)
    assert await _prove(equipped_site, await _arrive(equipped_site), _code(secret))


async def test_who_is_removed_leaves_no_factor(equipped_site: Site) -> None:
    await _equip(equipped_site)
    await equipped_site.database.write(partial(accounts.remove_organiser, nickname="marta"))
    assert await _rows(equipped_site, "factors") == []
