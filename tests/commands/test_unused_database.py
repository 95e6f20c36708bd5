"""An empty database beside a full one is said by `doctor` and `serve`: nobody moved what was signed."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition.commands import demo_data
from petition.commands.doctor import check_installation
from petition.commands.unused_database import find_unused
from petition.core.settings import Settings
from petition.site import open_site
from tests.conftest import make_settings
from tests.shell import Shell, serving


@pytest.fixture
async def beside(settings: Settings) -> Settings:
    """Settings over an empty database; the file that is used by default has signatures."""
    file = settings.var / "petition.db"
    async with open_site(make_settings(f"sqlite:///{file}", settings.var.parent), migrate=True) as full:
        await demo_data.fill_database(full.database, 10)
    return settings


async def _said(settings: Settings) -> str:
    async with open_site(settings) as site:
        return await find_unused(settings, site.database)


async def test_a_full_one_beside_an_empty_one_is_said(beside: Settings) -> None:
    said = await _said(beside)
    assert said.startswith("nobody has signed in the database of PETITION_DATABASE_URL, but ")
    assert f"{beside.var / 'petition.db'} holds signatures" in said
    (finding,) = [found async for found in check_installation(beside) if found.subject == "one database"]
    assert finding.warning == said
    assert await _said(replace(beside, database_url=f"sqlite:///{beside.var / 'petition.db'}")) == ""
    async with open_site(beside) as site:
        await demo_data.fill_database(site.database, 10)
    assert await _said(beside) == "", "somebody has signed here too"


async def test_an_empty_or_strange_file_beside_it_is_nothing(settings: Settings) -> None:
    assert await _said(settings) == ""
    file = settings.var / "petition.db"
    async with open_site(make_settings(f"sqlite:///{file}", settings.var.parent), migrate=True):
        pass
    assert await _said(settings) == ""
    for name in ("petition.db", "petition.db-wal", "petition.db-shm"):
        (settings.var / name).unlink(missing_ok=True)
    file.write_text("no database")
    assert await _said(settings) == ""


@pytest.mark.slow
def test_the_server_says_it(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("demo", "--signatures", "10")
    shell.environment["PETITION_DATABASE_URL"] = f"sqlite:///{tmp_path / 'other.db'}"
    with serving(shell) as (_, server):
        assert server.stdout is not None
        assert server.stdout.readline().startswith(
            "Warning: nobody has signed in the database of PETITION_DATABASE_URL"
        )
