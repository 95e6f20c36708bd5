"""Released migrations never change, and a filled database of each release is upgraded by this version."""

import hashlib
import shutil
from pathlib import Path

import pytest

from petition.core.database import migrations
from petition.core.database.connection import LOCKS
from petition.core.database.database import open_database
from petition.tally import audit
from tests import releases

KEPT = sorted(releases.FOLDER.glob("schema-*.json.gz"))
# Changes tables, rows and an index, as a later version may.
LATER = """alter table signatures add column region text

update signatures set region = country

create index concurrently signatures_region on signatures (region) -- postgresql
create index signatures_region on signatures (region) -- sqlite
"""


def _released() -> dict[str, str]:
    """The SHA-256 of each released migration."""
    lines = (migrations.MIGRATIONS_FOLDER / "RELEASED").read_text("utf-8").splitlines()
    return {name: sha256 for sha256, name in (line.split() for line in lines if not line.startswith("#"))}


def test_a_released_migration_never_changes() -> None:
    folder = migrations.MIGRATIONS_FOLDER
    real = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in _released()}
    assert real == _released(), "write a new migration: sites have applied this one already"
    files = [file.name for file in sorted(folder.glob("*.sql"))]
    assert files[: len(real)] == sorted(real), "only the newest may be unreleased"


def test_a_database_of_each_release_is_kept() -> None:
    assert [int(file.name[7:11]) for file in KEPT] == [int(name[:4]) for name in sorted(_released())]


@pytest.fixture(params=[*KEPT, None], ids=lambda file: file.name if file else "of today")
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of a release; also one that is made now, of the schema of today."""
    if request.param:
        return Path(request.param)
    async with open_database(f"sqlite:///{tmp_path / 'today.db'}", create=True) as database:
        await migrations.migrate(database, releases.MODE)
        return await releases.make(database, tmp_path)


@pytest.mark.parametrize("later", ["", LATER], ids=["to this version", "and to the next"])
async def test_it_is_upgraded_and_its_numbers_agree(
    later: str, kept: Path, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if later:
        folder = shutil.copytree(migrations.MIGRATIONS_FOLDER, tmp_path / "migrations")
        (folder / f"{migrations.latest_version() + 1:04}_later.sql").write_text(later)
        monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", folder)
    async with open_database(empty_database_url, create=True) as database:
        tables = migrations.table_names(await releases.load(database, kept))
        await migrations.migrate(database, releases.MODE)
        async with database.reading() as c:
            await migrations.check_schema(c, releases.MODE)
            assert await audit.find_disagreements(c) == []
            assert [table for table in LOCKS if table in tables and not await c.count_rows(table)] == []
            assert await c.count_rows("signatures") == releases.SIGNATURES
            if later:
                assert await c.execute("select mailbox from signatures where region is null or region <> country") == []
