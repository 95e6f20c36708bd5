"""Several processes with one log; a transaction that fails; the order in which all that writes takes its tables."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition.campaign.witnesses import Witnesses
from petition.core.database.connection import LOCKS, Connection, Row
from petition.core.database.database import open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Settings
from petition.log import adopting, cosignatures, ending, heads, note_keys, notes
from petition.log.folder import Folder
from petition.log.heads import Signer
from petition.site import open_site
from tests.conftest import LOG_KEY, Clock
from tests.core.database import locking
from tests.log.conftest import Kept
from tests.tally.publishing import change

ENTRY = {"kind": "rule", "name": "another", "value": "1"}


async def test_two_servers_append_and_sign_once(postgresql_settings: Settings, tmp_path: Path, time: Clock) -> None:
    """One has the key; each has its own folder. What strangers get from both is one log."""
    first = replace(postgresql_settings, log_keys=(LOG_KEY,), var=tmp_path / "a")
    second = replace(postgresql_settings, var=tmp_path / "b")
    async with open_site(first) as one, open_site(second) as two:
        a, b = Kept(one, time), Kept(two, time)
        for _ in range(6):
            await change(one.database, "PL", 20)
            time.advance(minutes=2)
            await asyncio.gather(one.take_snapshot(), two.take_snapshot())
            for seconds in (61, 31, 601):
                time.advance(seconds=seconds)
                await asyncio.gather(a.work(), b.work())
        await asyncio.gather(a.work(), b.work())
        assert a.published() == b.published()
        releases = [entry["at"] for entry in await a.of_kind("release")]
        assert len(releases) == len(set(releases)) >= 6
        assert a.forks() == b.forks() == 0
        assert await a.stands() == ""


async def test_one_process_of_a_machine_keeps_the_log(kept: Kept) -> None:
    folder = Folder(kept.site.settings.var)
    with folder.turn() as ours:
        assert ours
        await kept.work()
        assert await kept.entries() == []
    await kept.work()
    assert await kept.entries() != []


async def test_what_was_signed_is_not_signed_again(kept: Kept) -> None:
    await kept.work()
    kept.time.advance(minutes=11)
    async with open_database(kept.site.settings.database_url) as database:
        signer = Signer(database, kept.site.settings)
        assert await signer.sign("")
        assert not await signer.sign("")
    async with kept.site.database.reading() as c:
        assert await c.count_rows("log_heads") == 1


async def test_a_rolled_back_transaction_of_signing_leaves_no_head(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full after the head was written: strangers see the old one, until it can be signed."""
    await kept.grow(1)
    before, rows = kept.checkpoint(), await _heads(kept)
    await kept.append(ENTRY)
    kept.time.advance(minutes=11)
    insert = heads._insert

    async def insert_and_fail(c: Connection, *, below: int, note: str, newest: str) -> bool:
        assert await insert(c, below=below, note=note, newest=newest)
        assert await c.count_rows("log_heads") == len(rows) + 1
        raise DatabaseError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(heads, "_insert", insert_and_fail)
        for _ in range(2):
            with pytest.raises(DatabaseError, match="full"):
                await kept.work()
    assert (kept.checkpoint(), await _heads(kept)) == (before, rows)
    await kept.work()
    assert kept.published()[-1] == ENTRY
    assert len(await _heads(kept)) == len(rows) + 1
    assert kept.forks() == 0


async def _heads(kept: Kept) -> list[Row]:
    async with kept.site.database.reading() as c:
        return await c.all("log.heads", after=0)


async def test_all_that_writes_to_the_log_takes_tables_in_the_order(
    postgresql_settings: Settings, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(postgresql_settings, log_keys=(LOG_KEY,))
    witness = note_keys.make_key("witness.example/w", note_keys.WITNESS)
    with locking.noted(monkeypatch) as transactions:
        async with open_site(made) as site:
            kept = Kept(site, time)
            await kept.work()
            await kept.later(minutes=2)
            await adopting.adopt(site.database, made, adopting.own_source(made))
            note = notes.cosign(kept.checkpoint(), witness, 5)
            witnesses = Witnesses((witness.vkey,), 1)
            await site.database.own_transaction(partial(cosignatures.add, opened=cosignatures.read(note, witnesses)))
            await kept.later(days=3)
            await ending.destroy(made, everything=True)
    assert [tables for tables in transactions if tables != sorted(tables, key=LOCKS.index)] == []
    assert {table for table in LOCKS if table.startswith("log_")} <= {t for tables in transactions for t in tables}
