"""A backup of an older schema is restored as that schema; then the later migrations change its rows too."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from petition.core.database import migrations
from petition.core.errors import DataError
from petition.core.settings import Mode
from petition.retention import backup
from petition.site import Site
from petition.tally import audit
from tests.conftest import IDENTITY
from tests.retention import forging

Later = Callable[[str], None]


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Later:
    """later(sql): the next version of Petition, with one more migration."""
    folder = shutil.copytree(migrations.MIGRATIONS_FOLDER, tmp_path / "migrations")
    monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", folder)

    def add(sql: str) -> None:
        folder.joinpath(f"{migrations.latest_version() + 1:04}_more.sql").write_text(sql)

    return add


# The new column has no default that a row without it could get, and the old one is gone.
MOVES_DATA = """alter table signatures add column region text

update signatures set region = 'region of ' || country

alter table signatures add column told text not null default ''

update signatures set told = consent

create index concurrently signatures_region on signatures (region) -- postgresql
create index signatures_region on signatures (region) -- sqlite
"""
NEXT = "update signatures set region = region || '!' where country = 'PL'"


async def _upgrade_and_restore(site: Site, file: Path) -> backup.Restored:
    await migrations.migrate(site.database, Mode.DEMO)
    await site.database.write(lambda c: c.execute("delete from signatures"))
    return await backup.restore_backup(site.database, site.settings, [IDENTITY], file)


async def test_later_steps_change_its_rows(full_site: Site, later: Later, tmp_path: Path) -> None:
    rows = await backup.write_backup(full_site.database, full_site.settings, tmp_path / "backup")
    later(MOVES_DATA)
    later(NEXT)
    restored = await _upgrade_and_restore(full_site, tmp_path / "backup")
    assert restored.rows == rows - 1, "all but the organiser"
    assert restored.left_out == 1
    async with full_site.database.reading() as c:
        found = await c.execute("select country, region, told, consent from signatures")
        assert len(found) == 40
        for row in found:
            assert row["region"] == f"region of {row['country']}{'!' if row['country'] == 'PL' else ''}"
            assert row["told"] == row["consent"] == "demo"
        assert await audit.find_disagreements(c) == []
        await migrations.check_schema(c, Mode.DEMO)


@pytest.mark.slow
async def test_it_is_read_in_parts(
    full_site: Site, later: Later, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "ROWS_PER_CHUNK", 7)
    rows = await backup.write_backup(full_site.database, full_site.settings, tmp_path / "backup")
    later(MOVES_DATA)
    assert (await _upgrade_and_restore(full_site, tmp_path / "backup")).rows == rows - 1


async def test_what_does_not_fit_its_own_schema_changes_nothing(full_site: Site, later: Later, tmp_path: Path) -> None:
    file, schema = tmp_path / "backup", migrations.latest_version()
    await backup.write_backup(full_site.database, full_site.settings, file)
    whole = forging.read_chunks(file)
    later(MOVES_DATA)
    await migrations.migrate(full_site.database, Mode.DEMO)
    (signatures,) = [chunk for chunk in whole if chunk[0] == "signatures"]
    twice = [*whole[:-1], signatures, whole[-1]]
    with_later = [(t, [{**row, "region": "x"} for row in found] if t == "signatures" else found) for t, found in whole]
    for chunks, sentence in (
        (twice, f"cannot be brought from schema {schema} to"),
        (with_later, "names a column that signatures"),
    ):
        file.write_bytes(b"")
        forging.write_chunks(file, chunks, forging.SERVER_KEY)
        with pytest.raises(DataError, match=sentence):
            await backup.restore_backup(full_site.database, full_site.settings, [IDENTITY], file)
    async with full_site.database.reading() as c:
        assert await c.count_rows("signatures") == 40


MOVED = """insert into source_checks (id, nickname, checked_on) select id, nickname, checked_on from old_checks

drop table old_checks
"""


async def test_a_backup_before_an_upgrade_has_the_tables_of_its_own_schema(
    full_site: Site, later: Later, tmp_path: Path
) -> None:
    """`petition upgrade` makes it with the code of the newer version, which does not know the old table."""
    later("create table old_checks (id text primary key, nickname text not null, checked_on text not null)")
    await migrations.migrate(full_site.database, Mode.DEMO)
    row = {"id": "fact:one", "nickname": "marta", "checked_on": "2026-11-20"}
    await full_site.database.write(lambda c: c.insert_rows("old_checks", [row]))
    later(MOVED)
    await backup.write_backup(full_site.database, full_site.settings, tmp_path / "backup")
    await migrations.migrate(full_site.database, Mode.DEMO)
    await full_site.database.write(lambda c: c.execute("delete from source_checks"))
    await backup.restore_backup(full_site.database, full_site.settings, [IDENTITY], tmp_path / "backup")
    async with full_site.database.reading() as c:
        assert await c.execute("select id, nickname, checked_on from source_checks") == [row]
