"""Batches in backups, moves and at the end of signing: what is set aside stays so, and the audit agrees."""

from functools import partial
from pathlib import Path

import pytest

from petition.core.database import database as db
from petition.core.encryption import ServerKeys
from petition.core.settings import Mode
from petition.retention import backup, close, destroy, move
from petition.retention.destroy import Scope
from petition.signing import batches, set_aside
from petition.site import Site
from tests.conftest import IDENTITY, Clock
from tests.signing.crowds import agreed, counted, crowd, kept, marked, set_aside_all, undone


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "remainder", lambda keys, subject: 0)


async def _rows(site: Site, sql: str) -> list[dict[str, object]]:
    async with site.database.reading() as c:
        return await c.execute(sql)


async def test_a_backup_keeps_what_is_set_aside_and_it_can_still_be_undone(
    site: Site, time: Clock, tmp_path: Path
) -> None:
    await crowd(site, "bot", 31, "DE", named=True)
    await crowd(site, "honest", 5, "PL", disposable=False)
    batch = await set_aside_all(site)
    file = tmp_path / "backup"
    await backup.write_backup(site.database, site.settings, file)
    await site.database.write(lambda c: c.execute("update signatures set set_aside = 0, batch = null"))
    await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    assert (await marked(site), await counted(site)) == ((31, 31), {"PL": 5})
    await undone(site, batch)
    assert await counted(site) == {"PL": 5, "DE": 31}


async def test_what_a_backup_cut_in_the_middle_continues_after_the_restore(
    site: Site, time: Clock, tmp_path: Path
) -> None:
    await crowd(site, "bot", 31, "DE")
    await agreed(site)
    file = tmp_path / "backup"
    await backup.write_backup(site.database, site.settings, file)
    await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    await set_aside.work(site.database)
    assert (await marked(site), await counted(site)) == ((31, 31), {})


async def test_a_move_takes_batches_along(site: Site, time: Clock, tmp_path: Path) -> None:
    await crowd(site, "bot", 31, "DE")
    await crowd(site, "honest", 5, "PL", disposable=False)
    await set_aside_all(site)
    async with db.open_database(f"sqlite:///{tmp_path / 'new.db'}", create=True) as target:
        moved = await move.move_site(site.database, target, Mode.DEMO, lambda total: lambda n: None)
        assert moved is not None
        assert (moved.doubts, moved.rows["batches"]) == ([], 1)
        async with target.reading() as c:
            assert (await c.execute("select sum(set_aside) as n from signatures"))[0]["n"] == 31


async def test_the_end_of_signing_leaves_no_mark_and_every_number(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31, "DE", named=True)
    await crowd(site, "honest", 5, "PL", disposable=False, named=True)
    await set_aside_all(site)
    await site.database.own_transaction(close.end_hashes, locking=close.CLOSING_TABLES)
    assert len(await _rows(site, "select name from names")) == 5, "nobody who is set aside is named"
    await counted(site)
    await close.close_signing(site.database, site.server_keys, None)
    assert await marked(site) == (0, 0)
    assert await counted(site) == {"PL": 5}


async def test_what_was_decided_before_the_end_does_no_harm_after_it(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31, "DE")
    batch = await agreed(site)
    await close.close_signing(site.database, site.server_keys, None)
    await site.prune()
    await site.database.write(partial(batches.undo, batch=batch))
    await site.prune()
    assert await counted(site) == {"DE": 31}


async def test_destroying_all_destroys_batches_with_their_nicknames(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31, "DE")
    await kept(site)
    assert [text for text in await destroy.destroy_scope(site.settings, Scope.ALL) if "EMAIL_KEY" not in text] == []
    assert await _rows(site, "select * from batches") == []
    assert await counted(site) == {"DE": 31}
