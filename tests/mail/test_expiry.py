"""Emails that waited until their link expired are given back and counted, as all others that never arrive."""

from functools import partial

from petition.mail import expiry, outbox
from petition.mail.messages import CONFIRM
from petition.site import Site
from tests.conftest import Clock, Visitor
from tests.switching import turn


async def test_what_was_paused_too_long_is_given_back_and_said(time: Clock, visitor: Visitor) -> None:
    counted = "select sum(n) as n from email_counts"
    await turn(visitor.site.database, "confirm", "paused")
    for _ in range(3):
        await visitor.sign("anna@example.net")
    time.advance(days=13)
    await visitor.site.prune()
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("outbox") == 3, "until then it waits"
        (before,) = await c.execute(counted)
    time.advance(days=1)
    await visitor.site.prune()
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("outbox") == 0
        assert [(row["code"], int(row["n"])) for row in await outbox.refusal_counts(c)] == [(expiry.EXPIRED, 3)]
        assert [int(row["n"]) for row in (before, *await c.execute(counted))] == [3, 0]
    await turn(visitor.site.database, "confirm", "")
    await visitor.sign("anna@example.net")
    await visitor.link("anna@example.net")


async def test_decoys_are_counted_as_emails_are(site: Site, time: Clock) -> None:
    given: list[list[str]] = []

    async def give_back(_: object, *, ids: list[str]) -> None:
        given.append(ids)

    to, database = "anna@example.org", site.database
    mail = outbox.prepare_email(site.server_keys, CONFIRM, language="en", to=to, secret="n", mailbox="m")
    emails = [{**mail, "id": f"{n:03}", "link_id": f"link {n}"} for n in range(150)]
    await database.write(partial(outbox.enqueue, emails=[*emails, outbox.make_decoy({**mail, "id": "x"})]))
    time.advance(days=14)
    await expiry.drop_expired(database, give_back)
    assert [len(ids) for ids in given] == [100, 50]
    async with database.reading() as c:
        assert await c.count_rows("outbox") == 0
        assert [int(row["n"]) for row in await outbox.refusal_counts(c)] == [151]
