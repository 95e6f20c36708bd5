"""Organisers: added and removed, logged in by a link that works once, each with a role; commands are logged."""

from functools import partial

import pytest

from petition.core import tokens
from petition.core.database.connection import Row
from petition.core.errors import LinkError, OrganiserError
from petition.core.tokens import LINK_LIFETIME, Purpose
from petition.mail import outbox
from petition.organisers import accounts, activity_log, sessions
from petition.organisers.accounts import Organiser, Role
from petition.site import Site
from tests.conftest import Clock, add_organiser


async def _link(site: Site, nickname: str = "marta") -> str:
    return await site.database.write(partial(accounts.make_login_link, server_keys=site.server_keys, nickname=nickname))


async def _log_in(site: Site, secret: str) -> str:
    link_id = site.server_keys.link_keys(secret).row_id
    session, authenticated = await site.database.write(partial(sessions.log_in, link_id=link_id, require_factor=False))
    assert authenticated
    return session


async def _remove(site: Site, nickname: str = "marta") -> None:
    await site.database.write(partial(accounts.remove_organiser, nickname=nickname))


async def _who(site: Site, session: str) -> Organiser | None:
    async with site.database.reading() as c:
        current = await sessions.find_session(c, session)
    return current.organiser if current else None


async def _rows(site: Site, table: str) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute(f"select * from {table}")


async def _ask(site: Site, email: str) -> int:
    """Asks for a login link. Returns the number of emails that wait then."""
    address = site.email_providers.parse(email)
    assert address is not None
    await site.database.write(
        partial(accounts.request_login_link, server_keys=site.server_keys, email=address, language="en")
    )
    return len([row for row in await _rows(site, "outbox") if row["template"] != outbox.DECOY_TEMPLATE])


@pytest.fixture
async def staffed_site(site: Site, time: Clock) -> Site:
    """A site with one organiser, marta."""
    await add_organiser(site, "marta")
    return site


async def test_organisers_are_listed_by_nickname_with_role_and_first_day(staffed_site: Site) -> None:
    await add_organiser(staffed_site, "anna", "viewer")
    async with staffed_site.database.reading() as c:
        listed = [
            tuple(row[name] for name in ("nickname", "role", "added_on")) for row in await accounts.list_organisers(c)
        ]
    assert listed == [("anna", "viewer", "2026-11-22"), ("marta", "organiser", "2026-11-22")]


async def test_nothing_readable_is_kept_of_an_address(staffed_site: Site) -> None:
    (row,) = await _rows(staffed_site, "organisers")
    assert not [value for value in dict(row).values() if "@" in str(value) or "example" in str(value)]


@pytest.mark.parametrize("nickname", ["", "a", "a" * 41, "a b", "žana", "marta\n", "a\0b", "<b>", "a'--", "../a"])
async def test_a_nickname_that_is_none_is_refused(staffed_site: Site, nickname: str) -> None:
    address = staffed_site.email_providers.parse("new@example.org")
    assert address is not None
    job = partial(
        accounts.add_organiser, server_keys=staffed_site.server_keys, nickname=nickname, email=address, role=Role.VIEWER
    )
    with pytest.raises(OrganiserError, match="2 to 40"):
        await staffed_site.database.write(job)


@pytest.mark.parametrize(("nickname", "email"), [("marta", "other@example.org"), ("other", "Marta@EXAMPLE.org")])
async def test_a_taken_nickname_or_address_is_refused(staffed_site: Site, nickname: str, email: str) -> None:
    address = staffed_site.email_providers.parse(email)
    assert address is not None
    job = partial(
        accounts.add_organiser, server_keys=staffed_site.server_keys, nickname=nickname, email=address, role=Role.ADMIN
    )
    with pytest.raises(OrganiserError, match="already"):
        await staffed_site.database.write(job)
    assert len(await _rows(staffed_site, "organisers")) == 1


async def test_nobody_is_removed_or_let_in_by_a_wrong_nickname(staffed_site: Site) -> None:
    for job in (_link(staffed_site, "Marta"), _remove(staffed_site, "martha")):
        with pytest.raises(OrganiserError, match="There is no organiser"):
            await job


async def test_a_link_logs_in_once(staffed_site: Site) -> None:
    secret = await _link(staffed_site)
    assert await _who(staffed_site, await _log_in(staffed_site, secret)) == Organiser("marta", Role.ORGANISER)
    with pytest.raises(LinkError):
        await _log_in(staffed_site, secret)


async def test_a_link_works_to_the_last_second_of_its_life(staffed_site: Site, time: Clock) -> None:
    late, too_late = await _link(staffed_site), await _link(staffed_site)
    time.advance(seconds=LINK_LIFETIME[Purpose.LOGIN] - 1)
    await _log_in(staffed_site, late)
    time.advance(seconds=1)
    with pytest.raises(LinkError):
        await _log_in(staffed_site, too_late)


async def test_a_secret_of_another_purpose_or_of_none_logs_nobody_in(staffed_site: Site) -> None:
    secret = tokens.new_secret()
    values = {
        "id": staffed_site.server_keys.link_keys(secret).row_id,
        "purpose": "manage",
        "subject": "marta",
        "mailbox": None,
        "quota": None,
        "expires_at": 2**40,
    }
    await staffed_site.database.write(lambda c: c.run("links.insert", **values))
    for wrong in (secret, tokens.new_secret(), "", tokens.secret_hash(await _link(staffed_site))):
        with pytest.raises(LinkError):
            await _log_in(staffed_site, wrong)


async def test_the_database_opens_no_link_and_no_session(staffed_site: Site) -> None:
    secret = await _link(staffed_site)
    assert secret not in str(await _rows(staffed_site, "links"))
    session = await _log_in(staffed_site, secret)
    (row,) = await _rows(staffed_site, "sessions")
    assert session not in dict(row).values()
    assert await _who(staffed_site, row["id"]) is None


async def test_a_link_is_mailed_to_an_organiser_and_to_nobody_else(staffed_site: Site) -> None:
    assert await _ask(staffed_site, "stranger@example.org") == 0
    assert [row["template"] for row in await _rows(staffed_site, "outbox")] == ["nothing"], (
        "so that the same is written"
    )
    assert await _ask(staffed_site, "MARTA@example.org") == 1
    mails = await staffed_site.database.write(partial(outbox.claim_batch, server_keys=staffed_site.server_keys))
    assert [mail.to for mail in mails if not mail.is_decoy] == ["marta@example.org"]


async def test_who_asks_has_a_link_that_lives_long_enough_and_nobody_makes_more_than_four_mails_an_hour(
    staffed_site: Site, time: Clock
) -> None:
    for n in range(1, 4 * 60):
        waiting = await _ask(staffed_site, "marta@example.org")
        time.advance(seconds=47)
        newest = max(row["expires_at"] for row in await _rows(staffed_site, "links") if row["subject"])
        assert newest - time.seconds() > LINK_LIFETIME[Purpose.LOGIN] / 2 - 60
        assert waiting == 1 + (n - 1) * 47 // 940


async def test_whoever_used_a_link_gets_a_new_one_at_once(staffed_site: Site) -> None:
    for _ in range(5):
        assert await _ask(staffed_site, "marta@example.org") == 1
        (mail,) = await staffed_site.database.write(partial(outbox.claim_batch, server_keys=staffed_site.server_keys))
        await _log_in(staffed_site, mail.secret)
        await staffed_site.database.join(outbox.mark_sent, mail.id)


async def test_a_link_that_was_printed_keeps_none_from_being_mailed(staffed_site: Site) -> None:
    await _link(staffed_site)
    assert await _ask(staffed_site, "marta@example.org") == 1


async def test_who_is_removed_is_out_with_every_session_and_link(staffed_site: Site) -> None:
    session, secret = await _log_in(staffed_site, await _link(staffed_site)), await _link(staffed_site)
    await _remove(staffed_site)
    assert await _who(staffed_site, session) is None
    with pytest.raises(LinkError):
        await _log_in(staffed_site, secret)


async def test_who_is_removed_does_not_come_back_as_a_namesake(staffed_site: Site) -> None:
    session, secret = await _log_in(staffed_site, await _link(staffed_site)), await _link(staffed_site)
    await _remove(staffed_site)
    await add_organiser(staffed_site, "marta", "admin")
    assert await _who(staffed_site, session) is None
    with pytest.raises(LinkError):
        await _log_in(staffed_site, secret)


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_what_those_below_it_may(site: Site, time: Clock, role: Role) -> None:
    await add_organiser(site, "anna", role.name.lower())
    organiser = await _who(site, await _log_in(site, await _link(site, "anna")))
    assert organiser == Organiser("anna", role)
    assert [organiser.may(other) for other in Role] == [other <= role for other in Role]


async def test_what_commands_do_is_on_record(staffed_site: Site) -> None:
    await _link(staffed_site)
    await staffed_site.database.write(partial(accounts.reset_factors, nickname="marta"))
    await _remove(staffed_site)
    async with staffed_site.database.reading() as c:
        lines = [(row["nickname"], row["action"], row["detail"]) for row in reversed(await activity_log.list_lines(c))]
    assert lines == [
        (activity_log.SERVER, "added", "marta, organiser"),
        (activity_log.SERVER, "made a login link for", "marta"),
        (activity_log.SERVER, "took the second factors from", "marta"),
        (activity_log.SERVER, "removed", "marta"),
    ]


async def test_a_reset_ends_sessions_and_links_too(staffed_site: Site) -> None:
    session, secret = await _log_in(staffed_site, await _link(staffed_site)), await _link(staffed_site)
    await staffed_site.database.write(partial(accounts.reset_factors, nickname="marta"))
    assert await _who(staffed_site, session) is None
    with pytest.raises(LinkError):
        await _log_in(staffed_site, secret)
    with pytest.raises(OrganiserError, match="There is no organiser"):
        await staffed_site.database.write(partial(accounts.reset_factors, nickname="nobody"))
