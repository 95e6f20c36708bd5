"""Backup, restore, close and prune, as processes of their own."""

import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import IDENTITY
from tests.shell import Shell, production_settings, serving
from tests.web.tools import campaign


def test_backup_and_restore(migrated: Shell, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    assert "rows" in migrated.fine("backup", backup)
    assert "exists" in migrated.fails("backup", backup)
    assert "restored" in migrated.fine("restore", backup)
    assert "cannot be read" in migrated.fails("restore", backup, "--identity", str(tmp_path / "nowhere"))
    assert migrated.run("restore").returncode == 2
    assert migrated.run("restore", backup, "--new-key").returncode == 2


def test_what_was_left_out_of_a_restore_is_said(migrated: Shell, tmp_path: Path) -> None:
    backup, database = str(tmp_path / "backup"), migrated.folder / "var" / "petition.db"
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    migrated.fine("backup", backup)
    for file in database.parent.glob("petition.db*"):
        file.unlink()
    output = migrated.fine("restore", backup)
    assert "1 organisers of the backup were left out: --organisers restores them" in output
    assert "There is no organiser here: add one with `petition organiser add`" in output
    output = migrated.fine("restore", backup, "--organisers")
    assert "left out" not in output
    assert "no organiser" not in output
    assert migrated.fine("organiser", "list").startswith("marta\t")


def test_no_organisers_key_ever_touches_a_production_server(tmp_path: Path) -> None:
    """The way of the handbook: a one-time key there, the organiser's own machine here, the file back."""
    server = Shell(tmp_path / "server", **_production(tmp_path))
    organiser = Shell(tmp_path / "organiser", PETITION_MODE="production")  # no settings, no database
    identity, backup = tmp_path / "petition.key", str(tmp_path / "backup")
    identity.write_text(f"# created by age-keygen\n{IDENTITY}\n")
    server.fine("migrate")
    server.fine("backup", backup)

    assert "petition restore --new-key" in server.fails("restore", backup, "--identity", str(identity))
    assert "There is no one-time key here" in server.fails("restore", backup)
    done = server.run("restore", "--new-key")
    key = done.stdout.strip()
    assert "petition reseal FILE" in done.stderr
    assert "does not open with this key" in server.fails("restore", backup)
    assert "--to holds something" in organiser.fails("reseal", backup, "--identity", str(identity), "--to", "age1x")
    assert "cannot be read" in organiser.fails("reseal", backup, "--identity", str(tmp_path / "no"), "--to", key)
    resealed = str(tmp_path / "resealed")
    organiser.fine("reseal", backup, "--identity", str(identity), "--to", key, "--output", resealed)
    assert Path(resealed).stat().st_mode & 0o777 == 0o600
    assert "rows restored" in server.fine("restore", resealed)
    assert "There is no one-time key here" in server.fails("restore", resealed), "it was for one restore"
    assert not [file for file in (tmp_path / "keys").iterdir() if file.suffix == ".restore"]


def _production(folder: Path) -> dict[str, str]:
    return {
        **production_settings(folder),
        "PETITION_MODE": "production",
        "PETITION_CAMPAIGN": str(campaign(folder / "campaign")),
        "PETITION_DATABASE_URL": f"sqlite:///{folder / 'petition.db'}",
    }


def test_closing_destroys_the_key_too(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "30")
    key = shell.folder / "var" / "secrets" / "email_key"
    before = key.read_text()
    assert "ended" in shell.fine("close", "--yes")
    assert key.read_text() != before
    assert shell.fine("audit") == "All numbers agree.\n"
    shell.fine("close", "--yes")
    shell.fine("prune")
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/en/") as page:
        assert "Signing has ended" in page.read().decode()


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["the year", "the clock"])
def test_a_restart_with_a_wrong_year_or_clock_erases_nothing(wrong: str, tmp_path: Path) -> None:
    shell = Shell(tmp_path, PETITION_CAMPAIGN=str(campaign(tmp_path / "right", deadline="2026-05-01")))
    shell.fine("demo", "--signatures", "30")
    shell.fine("prune")
    if wrong == "the year":
        days = {"deadline": "2025-05-01", "destruction": "2025-06-01"}
        shell.environment["PETITION_CAMPAIGN"] = str(campaign(tmp_path / "wrong", **days))
    else:
        shell.command = (sys.executable, "-m", "tests.clock_ahead", "3000")
    done = shell.run("prune")
    assert "so nothing is erased by itself" in done.stderr
    assert shell.fine("audit") == "All numbers agree.\n"
    assert "10+ signatures" in shell.fine("close", "--dry-run")
