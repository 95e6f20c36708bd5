"""The commit that a copy of Petition names as its version."""

import re
import subprocess
from pathlib import Path

import pytest

from petition.version import WRITTEN, commit


def _git(folder: Path, *arguments: str) -> str:
    named = ["-c", "user.name=Anna", "-c", "user.email=anna@example.org"]
    return subprocess.run(
        ["git", *named, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one commit that has a tag."""
    _git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("one")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "one")
    _git(tmp_path, "tag", "v1")
    return tmp_path


def test_a_checkout_is_asked(checkout: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{7,}", commit(checkout))
    assert _git(checkout, "rev-parse", "HEAD").startswith(commit(checkout))


def test_a_changed_file_is_told(checkout: Path) -> None:
    clean = commit(checkout)
    (checkout / "file").write_text("two")
    assert commit(checkout) == f"{clean}-dirty"


def test_what_was_built_has_it_written_down(checkout: Path) -> None:
    inside = checkout / "site-packages"  # git would name the commit of the folder around it
    (inside / WRITTEN).parent.mkdir(parents=True)
    (inside / WRITTEN).write_text("0123abc")
    assert commit(inside) == "0123abc"


def test_nobody_knows(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "copied").mkdir()
    assert commit(checkout / "copied") == ""
    monkeypatch.setenv("PATH", str(checkout))  # no git on this machine
    assert commit(checkout) == ""
    monkeypatch.undo()
    (checkout / ".git" / "HEAD").write_text("broken")
    assert commit(checkout) == ""
