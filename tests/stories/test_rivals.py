"""Two at once, and two hundred: in any order, one mailbox has one signature and all numbers agree."""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import partial

from petition.core import tokens
from petition.core.database import migrations
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.errors import LinkError
from petition.core.settings import Mode, Settings
from petition.mail import outbox
from petition.organisers import accounts
from petition.signing import manage, signatures, submissions
from petition.signing.signatures import Confirmation
from petition.signing.submissions import SigningRequest
from petition.site import Site
from petition.site import open_site as site_opened
from petition.tally import audit, tally
from tests.conftest import Visitor, add_organiser, administer
from tests.relay import Relay


def _signing(site: Site, email: str, country: str = "PL") -> SigningRequest:
    address = site.email_providers.parse(email)
    assert address is not None
    return SigningRequest(address, country, None, False, "test", "en")


async def _link_secrets(site: Site) -> list[str]:
    """The link secrets of the emails that wait."""
    mails = []
    while batch := await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys)):
        mails += batch
    return [mail.secret for mail in mails if not mail.is_decoy]


async def test_two_hundred_at_once_for_one_address_leave_one_signature(visitor: Visitor) -> None:
    answers = await asyncio.gather(*[visitor.sign("anna@example.net") for _ in range(200)])
    assert Counter(a.status_code for a in answers) == {303: 200}
    assert {a.headers["location"] for a in answers} == {"/en/check-inbox#main"}
    secrets = await _link_secrets(visitor.site)
    assert len(secrets) == 3  # the limit of emails to one mailbox
    links = [f"/en/confirm/{visitor.site.signer.make_token(tokens.Purpose.CONFIRM, n)}" for n in secrets]
    answers = await asyncio.gather(*[visitor.post(links[n % 3]) for n in range(200)])
    assert Counter(a.status_code for a in answers) == {303: 200}
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 1}]
        assert await audit.find_disagreements(c) == []


async def test_spellings_of_one_mailbox_are_one_signature(site: Site) -> None:
    for email in ("a.nna@gmail.com", "anna+petition@gmail.com", "ANNA@googlemail.com"):
        await site.database.join(
            submissions.sign, submissions.prepare_submission(site.server_keys, _signing(site, email))
        )
    secrets = await _link_secrets(site)
    assert len(secrets) == 3
    await asyncio.gather(*[site.database.join(signatures.confirm, site.server_keys.link_keys(n)) for n in secrets])
    async with site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 1}]
        assert await audit.find_disagreements(c) == []


async def test_two_servers_confirm_the_same_mailbox(postgresql_settings: Settings) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        for country in ("PL", "DE", "LT"):
            signing = _signing(one, "anna@example.net", country)
            await one.database.join(submissions.sign, submissions.prepare_submission(one.server_keys, signing))
        secrets = await _link_secrets(one)
        links = [one.server_keys.link_keys(secret) for secret in secrets * 5]
        presses = [server.database.join(signatures.confirm, link) for link in links for server in (one, two)]
        await asyncio.gather(*presses)
        async with two.database.reading() as c:
            assert sum(row["n"] for row in await c.all("audit.signatures")) == 1
            assert await audit.find_disagreements(c) == []


async def test_two_servers_together_keep_the_cap_on_mail(postgresql_settings: Settings) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        signing = _signing(one, "anna@example.net")
        await asyncio.gather(
            *[
                s.database.join(submissions.sign, submissions.prepare_submission(s.server_keys, signing))
                for s in (one, two)
                for _ in range(20)
            ]
        )
        async with one.database.reading() as c:
            rows = await c.execute("select template from outbox")
        assert sorted(row["template"] for row in rows) == ["confirm"] * 3 + ["nothing"] * 37


async def test_two_servers_together_mail_one_login_link(postgresql_settings: Settings) -> None:
    async with site_opened(postgresql_settings) as one, site_opened(postgresql_settings) as two:
        await add_organiser(one, "marta")
        email = _signing(one, "marta@example.org").email
        ask = partial(accounts.request_login_link, server_keys=one.server_keys, email=email, language="en")
        await asyncio.gather(*[server.database.write(ask) for server in (one, two) for _ in range(20)])
        async with one.database.reading() as c:
            rows = await c.execute("select template from outbox")
        assert sorted(row["template"] for row in rows) == ["login"] + ["nothing"] * 39


async def test_withdrawing_and_confirming_at_once_agree(site: Site) -> None:
    signing = _signing(site, "anna@example.net")
    address = signing.email
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, signing))
    ask = partial(manage.request_manage_link, server_keys=site.server_keys, email=address, language="en")
    await site.database.write(ask)
    mails = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    links = {mail.template: site.server_keys.link_keys(mail.secret) for mail in mails}
    confirm = site.database.join(signatures.confirm, links["confirm"])
    withdraw = site.database.write(partial(manage.withdraw, link_id=links["manage"].row_id))
    confirmed, done = await asyncio.gather(confirm, withdraw, return_exceptions=True)
    assert confirmed == Confirmation("PL", first=True) or isinstance(confirmed, LinkError)
    assert done in (True, False)
    async with site.database.reading() as c:
        assert await audit.find_disagreements(c) == []


async def test_one_failing_act_in_a_crowd_harms_nobody(site: Site) -> None:
    async def broken(c: Connection) -> None:
        await tally.apply_changes(c, [tally.Change("PL", "confirmed", 5)])
        raise LinkError("no")

    good = [
        site.database.join(
            submissions.sign, submissions.prepare_submission(site.server_keys, _signing(site, f"a{n}@example.net"))
        )
        for n in range(20)
    ]
    bad = [site.database.write(broken) for _ in range(5)]
    results = await asyncio.gather(*good, *bad, return_exceptions=True)
    assert [type(r) for r in results] == [type(None)] * 20 + [LinkError] * 5
    async with site.database.reading() as c:
        assert await submissions.count_waiting(c) == 20
        assert await audit.find_disagreements(c) == []


async def test_many_machines_migrate_at_once(empty_database_url: str) -> None:
    async def migrate() -> None:
        async with open_database(empty_database_url, create=True) as database:
            await migrations.migrate(database, Mode.DEMO)

    await asyncio.gather(*[migrate() for _ in range(6)])
    async with open_database(empty_database_url) as database, database.reading() as c:
        await migrations.check_schema(c, Mode.DEMO)


async def test_two_deliverers_send_each_mail_once(settings: Settings, smtp: Relay) -> None:
    other = replace(settings)
    async with site_opened(settings) as one, site_opened(other) as two:
        for n in range(60):
            signing = _signing(one, f"someone{n}@example.net")
            await one.database.join(submissions.sign, submissions.prepare_submission(one.server_keys, signing))
        deliverers = [one.make_deliverer(), two.make_deliverer()]

        async def work(n: int) -> None:
            while await deliverers[n].deliver_batch():
                pass

        await asyncio.gather(work(0), work(1))
        assert sorted(smtp.recipients) == sorted(f"someone{n}@example.net" for n in range(60))


async def test_a_connection_lost_while_idle_costs_nobody_anything(
    postgresql_settings: Settings, postgresql_server: str
) -> None:
    async with site_opened(postgresql_settings) as site:
        await site.check_writable()
        await administer(postgresql_server, "select pg_terminate_backend(pid) from pg_stat_activity "
                         "where datname like 'test_%' and pid <> pg_backend_pid()")  # fmt: skip
        await site.database.join(
            submissions.sign, submissions.prepare_submission(site.server_keys, _signing(site, "a@example.net"))
        )
        async with site.database.reading() as c:
            assert await submissions.count_waiting(c) == 1
