"""Backup, restore, close and prune, as processes of their own."""

import urllib.parse
import urllib.request
from pathlib import Path

from tests.shell import Shell, serving


def test_backup_and_restore(migrated: Shell, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    assert "rows" in migrated.fine("backup", backup)
    assert "exists" in migrated.fails("backup", backup)
    assert "restored" in migrated.fine("restore", backup)
    assert "cannot be read" in migrated.fails("restore", backup, "--identity", str(tmp_path / "nowhere"))


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


def test_closing_destroys_the_key_too(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "30")
    key = shell.folder / "var" / "secrets" / "email_key"
    before = key.read_text()
    assert "ended" in shell.fine("close")
    assert key.read_text() != before
    assert shell.fine("audit") == "All numbers agree.\n"
    shell.fine("close")
    shell.fine("prune")
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/en/") as page:
        assert "Signing has ended" in page.read().decode()
