"""A command that runs as another account than its HOME: it opens a PostgreSQL all the same."""

import os
import sys
from pathlib import Path

import pytest

from petition.core import home
from petition.core.settings import Settings
from tests import ROOT
from tests.shell import Shell

# What root may open beside the modes of files. Without it, root is as any other account.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
PLAIN = WITHOUT_RIGHTS if os.geteuid() == 0 else ()


class PlainShell(Shell):
    """A person whose HOME belongs to somebody else."""

    command = (*PLAIN, sys.executable, "-m", "petition")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A home folder that nobody may open."""
    (folder := tmp_path / "home").mkdir(mode=0o000)
    return folder


def _all_commands(shell: Shell, folder: Path) -> None:
    shell.fine("migrate")
    assert "ok    database\n" in shell.run("doctor").stdout
    assert "rows, sealed to" in shell.fine("backup", str(folder / "backup"))
    shell.fine("destroy", "all", "--yes")


@pytest.mark.slow
async def test_commands_reach_postgresql_with_a_home_of_somebody_else(
    closed: Path, postgresql_settings: Settings, tmp_path: Path
) -> None:
    shell = PlainShell(tmp_path, HOME=str(closed), PETITION_DATABASE_URL=postgresql_settings.database_url)
    _all_commands(shell, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the rights that setpriv takes away")
async def test_the_command_for_root_leaves_the_home_of_root(
    closed: Path, postgresql_settings: Settings, tmp_path: Path
) -> None:
    """docs/deploy/petition, with a setpriv that changes no account; the program does nothing about its HOME."""
    (tmp_path / "env").write_text(f"PETITION_MODE=demo\nPETITION_VAR={tmp_path / 'var'}\n")
    (secrets := tmp_path / "secrets").mkdir()
    (secrets / "database_url").write_text(postgresql_settings.database_url)
    (bin_ := tmp_path / "bin").mkdir()
    program = f"import sys; from petition.core import home; home.leave_closed_home = lambda: None\n{MAIN}"
    (tmp_path / "main.py").write_text(program)
    scripts = {"setpriv": f'shift 3; exec /usr/bin/{" ".join(WITHOUT_RIGHTS)} "$@"'}
    scripts["program"] = f'exec {sys.executable} {tmp_path / "main.py"} "$@"'
    for name, text in scripts.items():
        (bin_ / name).write_text(f"#!/bin/sh\n{text}\n")
        (bin_ / name).chmod(0o755)
    for name in ("secret_key", "desk_key", "letters_key", "smtp_url", "metrics_token", "bounce_token"):
        (secrets / name).touch()
    own = {"ENV": tmp_path / "env", "SECRETS": secrets, "PROGRAM": bin_ / "program"}
    shell = Shell(tmp_path, HOME=str(closed), PATH=f"{bin_}:/usr/bin:/bin", PYTHONPATH=str(ROOT))
    shell.environment.pop("PETITION_VAR")
    shell.environment |= {f"PETITION_{name}": str(value) for name, value in own.items()}
    shell.command = ("sh", str(ROOT / "docs" / "deploy" / "petition"))
    _all_commands(shell, tmp_path)


MAIN = "from petition.__main__ import main; sys.exit(main())"


def test_a_home_that_is_open_or_unknown_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home.leave_closed_home()
    assert os.environ["HOME"] == str(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    home.leave_closed_home()
    assert os.environ["HOME"] == "/"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 9)  # an account without an entry
    home.leave_closed_home()
    assert "HOME" not in os.environ
