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
