"""The outbox and its short-lived keys: emails that wait are encrypted again, and soon no key opens a copy of a row."""

import asyncio
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from petition.core.database.database import Database, open_database
from petition.core.encryption import ServerKeys
from petition.core.errors import KeysError
from petition.core.outbox_keys import OutboxKeys
from petition.mail import key_rotation, outbox
from tests.conftest import Clock
from tests.mail.test_outbox import ADDRESS, claim, make_server_keys, put, rows
from tests.web.tools import on_sqlite


@pytest.fixture
def server_keys(time: Clock, tmp_path: Path) -> ServerKeys:
    """The keys of this machine."""
    return make_server_keys(tmp_path / "keys")


async def test_what_still_waits_is_sealed_anew(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    await put(database, server_keys)
    (before,) = await rows(database)
    assert await key_rotation.rotate_keys(database, server_keys) == 0
    time.advance(days=2)
    assert await key_rotation.rotate_keys(database, server_keys) == 1
    (after,) = await rows(database)
    assert server_keys.outbox.key_names() == [after["key_name"]] != [before["key_name"]]
    assert after | {"key_name": "", "encrypted": ""} == before | {"key_name": "", "encrypted": ""}
    (mail,) = await claim(database, server_keys)
    assert (mail.to, mail.secret) == (ADDRESS, f"number of {ADDRESS}")


async def test_a_mail_survives_a_relay_that_is_down_for_a_fortnight(
    database: Database, server_keys: ServerKeys, time: Clock
) -> None:
    await put(database, server_keys)
    for _ in range(13):
        (mail,) = await claim(database, server_keys)
        await database.write(partial(outbox.retry_later, email=mail))
        time.advance(days=1)
        await key_rotation.rotate_keys(database, server_keys)
        assert len(server_keys.outbox.key_names()) <= 2
    assert [mail.to for mail in await claim(database, server_keys)] == [ADDRESS]


async def test_a_damaged_row_keeps_no_key_alive(database: Database, server_keys: ServerKeys, time: Clock) -> None:
    await put(database, server_keys)
    await database.write(lambda c: c.execute("update outbox set encrypted = 'x'"))
    await put(database, server_keys, "boris@example.org")
    time.advance(days=2)
    (old,) = server_keys.outbox.key_names()
    await key_rotation.rotate_keys(database, server_keys)
    assert old not in server_keys.outbox.key_names()
    assert [mail.to for mail in await claim(database, server_keys)] == ["boris@example.org"]
    async with database.reading() as c:
        assert [row["code"] for row in await outbox.refusal_counts(c)] == ["unreadable"]


async def test_rows_of_another_machine_are_not_touched(
    database: Database, server_keys: ServerKeys, time: Clock, tmp_path: Path
) -> None:
    other = make_server_keys(tmp_path / "other")
    await put(database, other)
    await put(database, server_keys)
    before = [row for row in await rows(database) if row["key_name"] in other.outbox.key_names()]
    time.advance(days=2)
    await key_rotation.rotate_keys(database, server_keys)
    assert [row for row in await rows(database) if row["key_name"] in other.outbox.key_names()] == before


async def test_processes_that_rotate_at_once_lose_nothing(database_url: str, time: Clock, tmp_path: Path) -> None:
    key_sets = [make_server_keys(tmp_path / "keys") for _ in range(3)]
    async with (
        open_database(database_url) as first,
        open_database(database_url) as second,
        open_database(database_url) as third,
    ):
        processes = list(zip((first, second, third), key_sets, strict=True))
        for n, (database, server_keys) in product(range(10), processes):
            await put(database, server_keys, f"a{n}-{key_sets.index(server_keys)}@example.org")
        time.advance(days=2)
        await asyncio.gather(*[key_rotation.rotate_keys(*process) for process in processes])
        mails = [mail for _ in range(3) for mail in await claim(first, key_sets[0])]
        assert len(mails) == 30
        async with first.reading() as c:
            assert await outbox.refusal_counts(c) == []


def _opens(folder: Path, name: str, sealed: str) -> bool:
    """Whether the keys on the server's disk open a copy of a row."""
    try:
        OutboxKeys(folder).decrypt(name, sealed)
    except KeysError:
        return False
    return True


@on_sqlite
@pytest.mark.parametrize("age", [0, 1, 12, 23, 24, 47])
async def test_no_key_opens_a_mail_72_hours_after_it_left(
    age: int, database: Database, server_keys: ServerKeys, time: Clock, tmp_path: Path
) -> None:
    """`petition serve` rotates every hour; `age` is the age of the key in hours when the email is stored."""
    await put(database, server_keys, "before@example.org")  # makes the key, and waits
    time.advance(hours=age)
    await key_rotation.rotate_keys(database, server_keys)
    await put(database, server_keys)
    copies = {(row["key_name"], row["encrypted"]) for row in await rows(database)}
    assert all(_opens(tmp_path / "keys", *copy) for copy in copies)
    for mail in await claim(database, server_keys):
        await database.join(outbox.mark_sent, mail.id)
    for _ in range(72):
        time.advance(hours=1)
        await key_rotation.rotate_keys(database, server_keys)
        await put(database, server_keys, "later@example.org")
    assert not any(_opens(tmp_path / "keys", *copy) for copy in copies)


@on_sqlite
async def test_a_copy_of_a_row_dies_though_its_mail_still_waits(
    database: Database, server_keys: ServerKeys, time: Clock, tmp_path: Path
) -> None:
    await put(database, server_keys)
    ((copy,)) = await rows(database)
    for _ in range(72):
        time.advance(hours=1)
        await key_rotation.rotate_keys(database, server_keys)
    assert not _opens(tmp_path / "keys", copy["key_name"], copy["encrypted"])
    assert [mail.to for mail in await claim(database, server_keys)] == [ADDRESS]
