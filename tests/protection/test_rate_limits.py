"""The limit of emails to one mailbox: three in 24 hours, six in 14 days, over all forms; none after "never write"."""

import asyncio
from collections import Counter
from functools import partial

import pytest

from petition.core import tokens
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.email_addresses import EmailAddress
from petition.mail import outbox
from petition.organisers import accounts
from petition.protection import mail_quota
from petition.protection.mail_quota import Recipient
from petition.retention import prune
from petition.signing import manage, submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import MIDDAY, Clock, add_organiser

ADDRESS = EmailAddress("anna@example.org", "anna@example.org")


def _recipient(name: str) -> Recipient:
    return Recipient(name, f"quota of {name}", tokens.new_secret())


async def _allowed(database: Database, times: int = 1, name: str = "anna") -> int:
    """How many of so many emails at this moment may be sent."""
    asks = [partial(mail_quota.reserve_emails, recipients=[_recipient(name)]) for _ in range(times)]
    return sum([sum(await database.write(ask)) for ask in asks])


async def test_three_mails_may_go_at_once(database: Database, time: Clock) -> None:
    assert await _allowed(database, 5) == 3


async def test_each_mailbox_has_its_own_share(database: Database, time: Clock) -> None:
    await _allowed(database, 5)
    assert await _allowed(database, 5, "boris") == 3


@pytest.mark.parametrize("minute", [0, 1, 30, 59])
async def test_a_day_is_over_with_its_last_hour(minute: int, database: Database, time: Clock) -> None:
    """An email is counted by the hour in which it was sent: it counts for 24 hours from the end of that hour."""
    time.moment = MIDDAY.replace(minute=minute)
    assert await _allowed(database, 4) == 3
    time.moment = MIDDAY.replace(minute=59, second=59)
    time.advance(days=1)
    assert await _allowed(database) == 0
    time.advance(seconds=1)
    assert await _allowed(database, 4) == 3


async def test_never_more_than_three_in_any_24_hours(database: Database, time: Clock) -> None:
    sent = []
    for quarter in range(5 * 24 * 4):
        if await _allowed(database):
            sent.append(quarter)
        time.advance(minutes=15)
    assert len(sent) == 6, "and six in five days"
    assert all(later - earlier >= 24 * 4 for earlier, later in zip(sent, sent[3:], strict=False))


async def test_a_fortnight_has_six_mails(database: Database, time: Clock) -> None:
    for _ in range(14):
        await _allowed(database)
        time.advance(days=1, hours=1)
    time.moment = MIDDAY
    time.advance(days=15)
    assert await _allowed(database, 9) == 1, "the first has left the window, five are in it"


async def test_a_fortnight_is_over_with_its_last_hour(database: Database, time: Clock) -> None:
    assert await _allowed(database, 3) == 3
    time.advance(days=2)
    assert await _allowed(database, 9) == 3
    time.moment = MIDDAY.replace(minute=59, second=59)
    time.advance(days=14)
    assert await _allowed(database) == 0
    time.advance(seconds=1)
    assert await _allowed(database, 9) == 3
    assert await _allowed(database, 9) == 0


async def test_what_is_refused_does_not_count(database: Database, time: Clock) -> None:
    await _allowed(database, 3)
    for _ in range(24):
        await _allowed(database, 2)
        time.advance(hours=1)
    time.advance(hours=1)
    assert await _allowed(database, 9) == 3


async def test_two_hundred_at_once_get_no_more(database: Database, time: Clock) -> None:
    jobs = [partial(mail_quota.reserve_emails, recipients=[_recipient("anna")]) for _ in range(200)]
    assert (await asyncio.gather(*[database.write(job) for job in jobs])).count([True]) == 3


async def test_only_the_end_of_the_hour_is_kept(database: Database, time: Clock) -> None:
    time.advance(minutes=17, seconds=5)
    await _allowed(database)
    async with database.reading() as c:
        (row,) = await c.execute("select * from email_counts")
    hour_ends_at = int(MIDDAY.timestamp()) + 3600
    assert row == {"quota_key": "quota of anna", "purpose": "sign", "hour_ends_at": hour_ends_at, "n": 1}


async def _mails(site: Site) -> list[str]:
    """The templates of the emails that wait."""
    async with site.database.reading() as c:
        rows = await c.execute("select template from outbox order by template")
    return [row["template"] for row in rows if row["template"] != outbox.DECOY_TEMPLATE]


async def _sign(site: Site, address: EmailAddress = ADDRESS) -> None:
    signing = SigningRequest(address, "PL", None, False, "test", "en")
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, signing))


async def _manage(site: Site, address: EmailAddress = ADDRESS) -> None:
    await site.database.write(
        partial(manage.request_manage_link, server_keys=site.server_keys, email=address, language="en")
    )


async def _log_in(site: Site, address: EmailAddress = ADDRESS) -> None:
    await site.database.write(
        partial(accounts.request_login_link, server_keys=site.server_keys, email=address, language="en")
    )


async def test_each_form_has_a_quota_of_its_own(site: Site, time: Clock) -> None:
    """Strangers who fill in one form do not use up the emails that the owner asks for with another."""
    for _ in range(5):
        for act in (_sign, _manage):
            await act(site)
    assert Counter(await _mails(site)) == {"confirm": 3, "manage": 2}


async def test_who_types_an_organisers_address_into_the_forms_locks_nobody_out(site: Site, time: Clock) -> None:
    await add_organiser(site, "anna")
    for act in (_sign, _sign, _sign, _manage, _log_in):
        await act(site)
    assert await _mails(site) == ["confirm", "confirm", "confirm", "login", "manage"]


async def test_links_to_log_in_leave_the_other_mails_their_share(site: Site, time: Clock) -> None:
    await add_organiser(site, "anna")
    for _ in range(14):
        await _log_in(site)
    await _sign(site)
    assert Counter(await _mails(site)) == {"login": 1, "confirm": 1}


async def test_spellings_of_one_mailbox_share_one_cap(site: Site, time: Clock) -> None:
    for text in ("anna@gmail.com", "an.na@gmail.com", "anna+x@googlemail.com", "a.nna@gmail.com"):
        address = site.email_providers.parse(text)
        assert address is not None
        await _sign(site, address)
    assert len(await _mails(site)) == 3


async def test_tags_and_dots_get_nobody_more_mail_at_any_domain(site: Site, time: Clock) -> None:
    for n in range(10):
        address = site.email_providers.parse(f"an{'.' * (n % 2)}na+{n}@company.example")
        assert address is not None
        await _sign(site, address)
    assert len(await _mails(site)) == 3


async def test_beyond_the_cap_nothing_of_anybody_is_stored(site: Site, time: Clock) -> None:
    for act in (_sign, _sign, _sign, _manage, _manage):
        await act(site)
    mailbox, address = site.server_keys.email_hashes(ADDRESS)
    quota_key = site.server_keys.quota_key(ADDRESS)

    async def of_anna() -> list[Row]:
        async with site.database.reading() as c:
            tables = ("submissions", "links", "outbox", "email_counts")
            found = [row for table in tables for row in await c.execute(f"select * from {table}")]
        return [row for row in found if {mailbox, address, quota_key} & {str(value) for value in row.values()}]

    before = await of_anna()
    await _sign(site)
    await _manage(site)
    assert await of_anna() == before
    async with site.database.reading() as c:
        decoys = await c.execute("select * from submissions where state = 'cancelled'")
        assert await submissions.count_waiting(c) == 3
    assert [(row["name"], row["sealed"], row["mailbox"]) for row in decoys] == [(None, None, decoys[0]["id"])]
    assert await _mails(site) == ["confirm"] * 3 + ["manage"] * 2


async def test_whoever_is_no_organiser_loses_nothing_of_their_share(site: Site, time: Clock) -> None:
    for _ in range(4):
        await _log_in(site)
    await _sign(site)
    assert (await _mails(site)).count("confirm") == 1


async def test_whoever_wants_no_mail_gets_none_from_any_form(site: Site, time: Clock) -> None:
    await add_organiser(site, "anna")
    await _sign(site)
    (mail,) = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    await site.database.write(partial(manage.never_write, link_id=site.server_keys.link_keys(mail.secret).row_id))
    time.advance(days=30)
    for act in (_sign, _manage, _log_in):
        await act(site)
    assert await _mails(site) == []


async def test_after_a_withdrawal_one_may_sign_again(site: Site, time: Clock) -> None:
    async def withdrawn(c: Connection) -> None:
        mailbox, _ = site.server_keys.email_hashes(ADDRESS)
        await c.run("never_write.add", mailbox=mailbox, reason="withdrawn", added_on="2026-11-22", link_id="")

    await site.database.write(withdrawn)
    await _sign(site)
    assert await _mails(site) == ["confirm"]


async def test_what_no_rule_needs_is_forgotten(site: Site, time: Clock) -> None:
    await _sign(site)
    for days, left in ((14, 1), (1, 0)):
        time.advance(days=days)
        await prune.prune(site.database, site.server_keys, site.appeal, None)
        async with site.database.reading() as c:
            assert len(await c.execute("select * from email_counts")) == left
