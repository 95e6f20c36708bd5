"""`petition upgrade` from an older schema, a restart in its middle, while people sign: nothing is lost or doubled."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from petition.core.database import migrations
from tests import ROOT, postgres
from tests.chaos.conftest import Staging, Tell
from tests.chaos.crowd import until
from tests.chaos.machines import Machine
from tests.chaos.stage import Stage
from tests.web import tools

pytestmark = pytest.mark.slow

MORE = "alter table signatures add column region text\n\nupdate signatures set region = country"
SIGNATURES = 100  # before the upgrade begins
# Stands for systemd, which no test may ask to restart anything: it knows the process and may not restart it.
SYSTEMCTL = '#!/bin/sh\ntest "$2" = show && cat "$(dirname "$0")/process"\n'


@pytest.fixture(scope="module")
def campaign(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It has no placeholders, which the doctor would say must be fixed first."""
    dates = {"deadline": "2090-01-01", "destruction": "2091-01-01"}
    folder = tools.campaign(tmp_path_factory.mktemp("whole") / "campaign", **dates)
    shutil.copytree(campaign, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("campaign.toml"))
    file = folder / "campaign.toml"
    file.write_text(re.sub("^id = .*", 'id = "one-language"', file.read_text("utf-8"), flags=re.M), "utf-8")
    return folder


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A checkout of the next version: it has one migration more."""
    folder = tmp_path / "newer"
    for name in ("petition", "sql", "static", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "sql" / "migrations" / f"{migrations.latest_version() + 1:04}_more.sql").write_text(MORE, "ascii")
    return folder


@pytest.fixture
def held() -> Iterator[socket.socket]:
    """The socket that systemd holds during every restart."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(500)
        yield held


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, staged: Staging, held: socket.socket, tmp_path: Path) -> Iterator[Stage]:
    """A running site of the version before, on each database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield staged(f"sqlite:///{tmp_path}/petition.db", held=held)
        else:
            server = stack.enter_context(postgres.server())
            for statement in ("create role site login", "create database site owner site"):
                server.ask(statement)
            yield staged(f"postgresql://site@127.0.0.1:{server.port}/site", held=held, workers=2)


@pytest.fixture
def systemctl(tmp_path: Path, older: Stage) -> Path:
    """A program on the path of all that starts from now on."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL, "ascii")
    program.chmod(0o755)
    older.shell.environment["PATH"] = f"{program.parent}:{older.shell.environment['PATH']}"
    return program


def test_an_upgrade_under_load_loses_and_doubles_nothing(
    older: Stage, newer: Path, systemctl: Path, tell: Tell
) -> None:
    crowd = older.crowd
    with crowd.about():
        until(lambda: len(crowd.confirmed) > SIGNATURES, "the first signatures")
        older.shell.cwd = newer
        _note_process(older, systemctl)
        upgrade = Machine(older.shell, "upgrade", "--ready", f"{older.web.address}/readyz")
        crowd.pause = 0
        upgrade.begin()
        until(lambda: "Now run, as root" in upgrade.said(), "backup and migration")
        meanwhile, crowd.pause = crowd.pause, 0
        older.web.stop()
        older.web.begin()
        _note_process(older, systemctl)
        upgrade.finish()
        older.recovered()
        older.settle()
    found = older.reckoning()
    other = ", ".join(f"{answer} {n}" for answer, n in crowd.answers.items() if answer != "303")
    tell(f"upgraded on {older.dialect}", f"before the restart {meanwhile:.1f} s, {other or 'all answered'}", found)


def _note_process(stage: Stage, systemctl: Path) -> None:
    """For systemctl: the process that serves now."""
    assert stage.web.process
    systemctl.with_name("process").write_text(f"{stage.web.process.pid}\n", "ascii")
