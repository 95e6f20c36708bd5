"""Emails that wait: which deliverer may claim one and when, how each one ends, and that nothing of it stays."""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database, open_database
from petition.core.encryption import ServerKeys
from petition.core.outbox_keys import OutboxKeys
from petition.mail import expiry, outbox
from petition.mail.messages import CONFIRM, LOGIN, MANAGE, Message
from petition.mail.outbox import ClaimedEmail
from tests.conftest import IDENTITY, MIDDAY, Clock

ADDRESS, EMAIL_KEY = "anna@example.org", "test-email-key"


def make_server_keys(folder: Path, email_key: str = EMAIL_KEY) -> ServerKeys:
    """The keys of one process on the machine with this folder."""
    return ServerKeys(email_key, (str(IDENTITY.to_public()),), OutboxKeys(folder))


@pytest.fixture
def server_keys(time: Clock, tmp_path: Path) -> ServerKeys:
    """The keys of this machine."""
    return make_server_keys(tmp_path / "keys")


async def put(database: Database, server_keys: ServerKeys, to: str = ADDRESS) -> None:
    """Adds one email."""
    await _put(database, server_keys, CONFIRM, to, f"number of {to}", "m")


async def _put(
    database: Database, server_keys: ServerKeys, message: Message, to: str, secret: str, mailbox: str | None
) -> None:
    mail = outbox.prepare_email(server_keys, message, language="en", to=to, secret=secret, mailbox=mailbox)
    await database.write(partial(outbox.enqueue, emails=[mail]))


async def claim(database: Database, server_keys: ServerKeys) -> list[ClaimedEmail]:
    """The emails that a deliverer claims."""
    return await database.write(partial(outbox.claim_batch, server_keys=server_keys))


async def rows(database: Database) -> list[Row]:
    """Everything in the outbox."""
    async with database.reading() as c:
        return await c.execute("select * from outbox order by id")


async def _refusals(database: Database) -> dict[str, int]:
    async with database.reading() as c:
        return {row["code"]: int(row["n"]) for row in await outbox.refusal_counts(c)}


async def test_a_claimed_mail_is_what_was_put(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    await put(database, server_keys)
    ((row,), (mail,)) = await rows(database), await claim(database, server_keys)
    until = int(time.seconds()) + outbox.CLAIM_SECONDS
    assert mail == ClaimedEmail(row["id"], None, "confirm", "en", ADDRESS, f"number of {ADDRESS}", 1, until)


async def test_a_row_shows_neither_address_nor_number(database: Database, server_keys: ServerKeys) -> None:
    await put(database, server_keys)
    (row,) = await rows(database)
    assert "example" not in str(row)
    assert "number" not in str(row)


async def test_mail_is_put_in_the_transaction_of_its_cause(database: Database, server_keys: ServerKeys) -> None:
    async def failing(c: Connection) -> None:
        mail = outbox.prepare_email(server_keys, LOGIN, language="en", to=ADDRESS, secret="n")
        await outbox.enqueue(c, [mail])
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(failing)
    assert await rows(database) == []


async def test_a_claimed_mail_is_nobody_elses_for_a_minute_and_a_half(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    await put(database, server_keys)
    (first,) = await claim(database, server_keys)
    time.advance(seconds=89)
    assert await claim(database, server_keys) == []
    time.advance(seconds=1)
    (again,) = await claim(database, server_keys)
    assert (again.id, again.attempts) == (first.id, 2), "its deliverer is thought dead"


async def _renewed(database: Database, mail: ClaimedEmail) -> bool:
    return await database.write(partial(outbox.renew_claim, email=mail))


async def test_who_needs_longer_claims_anew_as_long_as_nobody_else_has(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    await put(database, server_keys)
    (first,) = await claim(database, server_keys)
    time.advance(seconds=80)
    assert await _renewed(database, first)
    time.advance(seconds=89)
    assert await claim(database, server_keys) == []
    time.advance(seconds=30)
    assert await _renewed(database, first), "late, but nobody came"
    time.advance(seconds=90)
    (second,) = await claim(database, server_keys)
    assert not await _renewed(database, first)
    for job in (partial(outbox.retry_later, email=first), partial(outbox.release_emails, emails=[first], paused=[])):
        await database.write(job)
        assert await claim(database, server_keys) == [], "who lost a mail cannot give it away"
    assert await _renewed(database, second)


async def test_a_batch_is_twenty_and_the_oldest_minute_comes_first(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    for n in range(25):
        await put(database, server_keys, f"a{n}@example.org")
        time.advance(minutes=1)
    first, second = await claim(database, server_keys), await claim(database, server_keys)
    assert [mail.to for mail in first] == [f"a{n}@example.org" for n in range(20)]
    assert [mail.to for mail in second] == [f"a{n}@example.org" for n in range(20, 25)]


async def test_emails_of_one_minute_leave_in_a_random_order(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    people = [f"a{n}@example.org" for n in range(20)]
    orders = set()
    for _ in range(3):
        for to in people:
            await put(database, server_keys, to)
        claimed = await claim(database, server_keys)
        assert {mail.to for mail in claimed} == set(people)
        orders.add(tuple(mail.to for mail in claimed))
        await database.write(outbox.delete_all)
    assert len({*orders, tuple(people)}) == 4, "by chance two of them are equal once in 10^17 runs"


async def test_each_email_has_a_delay_of_its_own(
    database: Database, server_keys: ServerKeys, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_DELAY_SECONDS", 5)
    for n in range(200):
        await put(database, server_keys, f"a{n}@example.org")
    delays = Counter(row["due_at"] - clock.epoch() for row in await rows(database))
    assert set(delays) == {0, 1, 2, 3, 4, 5}, "one is missing by chance once in 10^15 runs"
    (mail,) = [outbox.prepare_email(server_keys, CONFIRM, language="en", to=ADDRESS, secret="n")]
    assert outbox.make_decoy(mail)["due_at"] == mail["due_at"]
    due = 0
    for second in range(6):
        while batch := await claim(database, server_keys):
            due += len(batch)
        assert due == sum(n for delay, n in delays.items() if delay <= second)
        time.advance(seconds=1)


async def test_a_decoy_is_claimed_as_an_email_is(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    mail = outbox.prepare_email(server_keys, CONFIRM, language="en", to=ADDRESS, secret="n", mailbox="m")
    decoy = outbox.make_decoy({**mail, "id": "0"})
    await database.write(partial(outbox.enqueue, emails=[mail, decoy]))
    async with database.reading() as c:
        assert (await outbox.queue_status(c))[0] == 2
    assert [(claimed.is_decoy, claimed.domain) for claimed in await claim(database, server_keys)] == [
        (True, "example.org"),
        (False, "example.org"),
    ]


async def test_a_decoy_of_a_held_email_is_deleted_without_leaving(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    mail = outbox.prepare_email(server_keys, CONFIRM, language="en", to=ADDRESS, secret="n", mailbox="m")
    held = {**mail, "urgency": outbox.HELD_URGENCY}
    await database.write(partial(outbox.enqueue, emails=[held, outbox.make_decoy({**held, "id": "0"})]))
    assert await claim(database, server_keys) == []
    await database.write(expiry.delete_held)
    assert [row["id"] for row in await rows(database)] == [mail["id"]]


async def test_whoever_signs_comes_before_everything_else(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    kinds = [Message("of-another-kind", urgency=5, links={}), MANAGE, LOGIN, CONFIRM, CONFIRM]
    for n, message in enumerate(kinds):
        await _put(database, server_keys, message, f"a{n}@example.org", "n", None)
        time.advance(minutes=1)
    assert [mail.to[1] for mail in await claim(database, server_keys)] == ["3", "4", "1", "2", "0"]


async def test_claimers_at_once_never_get_the_same_mail(database_url: str, server_keys: ServerKeys) -> None:
    async with open_database(database_url) as first, open_database(database_url) as second:
        for n in range(60):
            await put(first, server_keys, f"a{n}@example.org")
        batches = await asyncio.gather(*[claim(database, server_keys) for database in (first, second) * 4])
    taken = [mail.to for batch in batches for mail in batch]
    assert sorted(taken) == sorted({f"a{n}@example.org" for n in range(60)})


async def test_mail_of_another_machine_is_left_alone(
    database: Database, server_keys: ServerKeys, tmp_path: Path
) -> None:
    other = make_server_keys(tmp_path / "other")
    await put(database, other)
    before = await rows(database)
    assert await claim(database, server_keys) == []
    await put(database, server_keys, "boris@example.org")
    assert [mail.to for mail in await claim(database, server_keys)] == ["boris@example.org"]
    assert [row for row in await rows(database) if row["id"] == before[0]["id"]] == before
    assert [mail.to for mail in await claim(database, other)] == [ADDRESS]


DAMAGES = {
    "its middle": "substr(encrypted, 1, 60) || 'AAAA' || substr(encrypted, 65)",
    "all": "'?'",
    "nothing left": "''",
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_row_has_no_address_and_harms_no_other(
    damage: str, database: Database, server_keys: ServerKeys
) -> None:
    await put(database, server_keys)
    await database.write(lambda c: c.execute(f"update outbox set encrypted = {DAMAGES[damage]}"))
    await put(database, server_keys, "boris@example.org")
    claimed = await claim(database, server_keys)
    assert sorted((mail.to, mail.is_damaged) for mail in claimed) == [("", True), ("boris@example.org", False)]


async def test_a_mail_that_has_left_leaves_nothing(database: Database, server_keys: ServerKeys) -> None:
    await put(database, server_keys)
    (mail,) = await claim(database, server_keys)
    await database.join(outbox.mark_sent, mail.id)
    assert await rows(database) == []
    assert await _refusals(database) == {}


async def test_refusals_are_counted_by_day_and_code(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    for code in ("5.1.1", "5.1.1", "5.7.1"):
        await put(database, server_keys)
        (mail,) = await claim(database, server_keys)
        for _ in range(2):  # the second call is as after a lost answer of the database
            await database.write(partial(outbox.mark_refused, email=mail, code=code))
        time.advance(days=1)
    assert await rows(database) == []
    assert await _refusals(database) == {"5.1.1": 2, "5.7.1": 1}
    async with database.reading() as c:
        table = await c.execute("select day, code, n from refusals order by day")
    assert [tuple(row.values()) for row in table] == [
        ("2026-11-22", "5.1.1", 1),
        ("2026-11-23", "5.1.1", 1),
        ("2026-11-24", "5.7.1", 1),
    ]


async def test_the_pauses_grow_to_an_hour(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    await put(database, server_keys)
    for pause in (30, 120, 600, 1800, 3600, 3600, 3600):
        (mail,) = await claim(database, server_keys)
        await database.write(partial(outbox.retry_later, email=mail))
        time.advance(seconds=pause - 1)
        assert await claim(database, server_keys) == []
        time.advance(seconds=1)


async def test_a_mail_given_back_is_anybodys_at_once(database: Database, server_keys: ServerKeys) -> None:
    await put(database, server_keys)
    mails = await claim(database, server_keys)
    await database.write(partial(outbox.release_emails, emails=mails, paused=[]))
    assert await claim(database, server_keys) == mails, "and the attempt was none"


async def test_a_mail_dies_with_its_link_however_often_it_was_tried(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    await put(database, server_keys)
    time.advance(days=13, hours=23, minutes=59, seconds=59)
    (mail,) = await claim(database, server_keys)
    await database.write(partial(outbox.retry_later, email=mail))
    await expiry.drop_expired(database)
    assert len(await rows(database)) == 1
    time.advance(seconds=1)
    await expiry.drop_expired(database)
    assert await rows(database) == []


async def test_how_much_waits_and_how_long(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    """The age counts from the insert: while a relay is down, each email is put off, but the oldest looks no younger."""

    async def waiting() -> tuple[int, int]:
        async with database.reading() as c:
            return await outbox.queue_status(c)

    assert await waiting() == (0, 0)
    time.advance(seconds=40)
    await put(database, server_keys)
    time.advance(seconds=40)
    await put(database, server_keys)
    assert await waiting() == (2, 80), "the row tells the minute only"
    for mail in await claim(database, server_keys):
        await database.write(partial(outbox.retry_later, email=mail))
    time.advance(hours=1)
    assert await waiting() == (2, 3680)
    time.moment = MIDDAY
    time.advance(seconds=-5)
    assert await waiting() == (2, 0), "a clock that was set back is no reason for a strange number"


async def test_at_the_end_nothing_waits(database: Database, server_keys: ServerKeys) -> None:
    await put(database, server_keys)
    await database.write(outbox.delete_all)
    assert await rows(database) == []
