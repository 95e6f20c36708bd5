"""Backup and restore: everything comes back but what was withdrawn since; nothing in the file can be read."""

import asyncio
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from petition.commands import demo_data
from petition.core.errors import DatabaseError, DataError, KeysError
from petition.core.tokens import Purpose
from petition.organisers import activity_log, failed_units, last_checks
from petition.retention import backup, close
from petition.signing import signatures
from petition.signing.signatures import Confirmation
from petition.site import Site
from petition.site import open_site as site_opened
from petition.tally import audit
from tests.conftest import IDENTITY, Clock, Visitor, add_organiser, make_settings
from tests.web.tools import on_postgresql


async def _back_up(site: Site, file: Path) -> int:
    return await backup.write_backup(site.database, site.settings, file)


async def test_what_was_backed_up_comes_back(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site = visitor.site
    await visitor.confirmed("anna@example.net", "PL", named="on", name="Anna Nowak", updates="on")
    await visitor.sign("boris@example.net", "DE")
    waiting = await visitor.link("boris@example.net")
    await add_organiser(site, "marta")
    rows = await _back_up(site, tmp_path / "backup")
    await visitor.confirmed("later@example.net", "LT")

    restored = await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    assert restored == backup.Restored(rows - 1, "2026-11-22T12:00:00Z", 1, has_organisers=True)
    async with site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 1}]
        assert [row["name"] for row in await c.execute("select name from names")] == ["Anna Nowak"]
        assert await audit.find_disagreements(c) == []
    assert (await visitor.post(waiting)).status_code == 303  # a link in a mailbox still works


async def test_sums_of_days_come_back_whole(site: Site, time: Clock, tmp_path: Path) -> None:
    """Their columns have names that are left out of another table."""
    await demo_data.fill_database(site.database, 3000)
    tables = {"pulse": "day, mailbox_class", "pulse_days": "day"}
    await site.database.write(lambda c: c.execute("insert into pulse values ('2026-01-05', 'known', 30, 20, 2, 1)"))
    await site.database.write(lambda c: c.execute("insert into pulse_days values ('2026-01-05', 7, 3)"))
    async with site.database.reading() as c:
        before = {name: await c.execute(f"select * from {name} order by {key}") for name, key in tables.items()}
    await _back_up(site, tmp_path / "backup")
    await site.database.write(lambda c: c.delete_all(tuple(tables)))
    await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    async with site.database.reading() as c:
        after = {name: await c.execute(f"select * from {name} order by {key}") for name, key in tables.items()}
        assert await audit.find_disagreements(c) == []
    assert after == before
    assert all(before.values())


async def test_a_restore_takes_nothing_out_of_the_record(visitor: Visitor, tmp_path: Path) -> None:
    site = visitor.site
    await add_organiser(site, "marta")
    await last_checks.audit_and_record(site.database)
    await site.database.write(partial(failed_units.record, unit="petition-backup.service"))
    await _back_up(site, tmp_path / "backup")
    await add_organiser(site, "anna")
    made_at = (await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")).made_at
    async with site.database.reading() as c:
        lines = [f"{row['action']} {row['detail']}".strip() for row in reversed(await activity_log.list_lines(c))]
        assert await last_checks.last_audit(c) is None, "it was of another database"
        assert await failed_units.list_failed(c) == {}
    assert lines == ["added marta, organiser", "added anna, organiser", f"restored a backup made {made_at}"]
    with pytest.raises(DatabaseError):
        await site.database.write(lambda c: c.execute("delete from actions"))


@on_postgresql
async def test_a_restore_outlives_a_deadlock(visitor: Visitor, database_url: str, tmp_path: Path) -> None:
    """Another transaction has written to a late table and reads an early one."""
    await _back_up(visitor.site, tmp_path / "backup")
    other = await asyncpg.connect(database_url)
    await other.execute("begin; lock table figures in row exclusive mode")
    restoring = asyncio.create_task(
        backup.restore_backup(visitor.site.database, visitor.site.settings, [IDENTITY], tmp_path / "backup")
    )
    waiting = "select count(*) from pg_locks where not granted and relation = 'figures'::regclass"
    for _ in range(500):
        if await other.fetchval(waiting):
            break
        await asyncio.sleep(0.02)
    await other.fetch("select day from journal")
    await other.close()
    assert (await restoring).rows


async def test_a_restore_does_not_bring_back_what_was_withdrawn(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site = visitor.site
    for name in ("anna", "boris", "carla"):
        await visitor.confirmed(f"{name}@example.net", "PL", updates="on")
    await _back_up(site, tmp_path / "backup")
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.post(await visitor.link("anna@example.net", "manage"), action="withdraw")
    await visitor.post("/en/manage", email="boris@example.net")
    await visitor.post(await visitor.link("boris@example.net", "never-write"))

    await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    async with site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 2}]
        assert len(await c.execute("select sealed from contacts")) == 1
        assert await audit.find_disagreements(c) == []
    time.advance(days=1)
    await visitor.sign("boris@example.net")
    await visitor.deliver()
    assert len(visitor.smtp.to("boris@example.net")) == 2


async def test_nothing_in_the_file_can_be_read(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    await visitor.confirmed("anna@example.net", "PL", named="on", name="Anna Nowak", updates="on")
    await _back_up(visitor.site, tmp_path / "backup")
    content = (tmp_path / "backup").read_bytes()
    for part in (b"Anna Nowak", b"anna@example.net", b"signatures"):
        assert part not in content


async def test_a_cut_or_mended_or_foreign_file_changes_nothing(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site, file = visitor.site, tmp_path / "backup"
    await visitor.confirmed("anna@example.net")
    await _back_up(site, file)
    lines = file.read_bytes().splitlines(keepends=True)
    for broken in (b"".join(lines[:-1]), b"".join(lines[1:]), b"hello\n", b"", b"".join(lines[::-1]), lines[0][40:]):
        file.write_bytes(broken)
        with pytest.raises((DataError, KeysError)):
            await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    with pytest.raises(DataError, match="cannot be read"):
        await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "nowhere")
    async with site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "PL", "n": 1}]


async def test_a_stranger_s_identity_opens_nothing(visitor: Visitor, tmp_path: Path) -> None:
    from pyrage import x25519

    await _back_up(visitor.site, tmp_path / "backup")
    with pytest.raises(KeysError, match="does not open"):
        await backup.restore_backup(
            visitor.site.database, visitor.site.settings, [x25519.Identity.generate()], tmp_path / "backup"
        )


async def test_an_existing_file_is_not_overwritten(site: Site, tmp_path: Path) -> None:
    (tmp_path / "backup").touch()
    with pytest.raises(DataError, match="exists already"):
        await _back_up(site, tmp_path / "backup")
    with pytest.raises(DataError, match="cannot be written"):
        await _back_up(site, tmp_path / "nowhere" / "backup")


async def test_a_backup_moves_from_one_database_to_the_other(
    visitor: Visitor, empty_database_url: str, tmp_path: Path, time: Clock
) -> None:
    for n in range(3):
        await visitor.confirmed(f"someone{n}@example.net", "FI")
    await _back_up(visitor.site, tmp_path / "backup")
    settings = make_settings(empty_database_url, tmp_path)
    async with site_opened(settings, migrate=True) as other:
        await backup.restore_backup(other.database, other.settings, [IDENTITY], tmp_path / "backup")
        async with other.database.reading() as c:
            assert await c.all("audit.signatures") == [{"country": "FI", "n": 3}]
            assert await audit.find_disagreements(c) == []
        link = other.read_link(Purpose.CONFIRM, (await visitor.link("someone0@example.net")).rpartition("/")[2])
        assert await other.database.join(signatures.confirm, link) == Confirmation("FI", first=False)


async def test_a_withdrawal_after_never_is_remembered_too(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site = visitor.site
    await visitor.confirmed("anna@example.net", "PL")
    await _back_up(site, tmp_path / "backup")
    await visitor.post("/en/manage", email="anna@example.net")
    manage = await visitor.link("anna@example.net", "manage")
    await visitor.post(manage, action="never_write")
    await visitor.post(manage, action="withdraw")
    await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    async with site.database.reading() as c:
        assert await c.all("audit.signatures") == []
        assert await audit.find_disagreements(c) == []


async def test_nothing_is_restored_once_signing_has_ended(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site = visitor.site
    await visitor.confirmed("anna@example.net", "PL", named="on", name="Anna Nowak")
    await _back_up(site, tmp_path / "backup")
    await close.close_signing(site.database, site.server_keys, None)
    with pytest.raises(DataError, match="Signing has ended"):
        await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    async with site.database.reading() as c:
        assert [row["name"] for row in await c.execute("select name from names")] == []
