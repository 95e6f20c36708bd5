"""`petition doctor` refuses a database that may lose what it has committed."""

from pathlib import Path

import pytest

from petition.core.database.database import open_database
from tests import postgres
from tests.shell import Shell


def test_the_doctor_refuses_a_careless_postgresql(tmp_path: Path, campaign: Path) -> None:
    with postgres.server() as server:
        url = f"{server.url}/postgres"
        shell = Shell(tmp_path, PETITION_DATABASE_URL=url, PETITION_CAMPAIGN=str(campaign))
        shell.fine("migrate")
        assert "ok    database\n" in shell.run("doctor").stdout
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.stop()
            server.options = ("-c", f"{setting}=off")
            server.start()
            done = shell.run("doctor")
            assert done.returncode == 1
            assert f"fix   database: PostgreSQL has {setting} off: a power cut could lose signatures.\n" in done.stdout


@pytest.mark.parametrize(("level", "said"), [("off", True), ("normal", True), ("full", False), ("extra", False)])
async def test_sqlite_must_sync_fully(sqlite_url: str, level: str, said: bool) -> None:
    async with open_database(sqlite_url, create=True) as database, database._connection() as c:
        assert await c.durability_warning() == "", "as it is opened"
        await c.execute(f"pragma synchronous = {level}")
        assert ("SQLite does not sync fully" in await c.durability_warning()) == said
