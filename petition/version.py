"""Finds the commit of this copy of Petition. It imports no module of Petition: hatch_build.py runs it alone."""

import subprocess
from pathlib import Path

WRITTEN = "petition/commit.txt"  # in a built wheel or sdist
_COMMAND = ["git", "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*"]


def commit(root: Path) -> str:
    """Commit of the folder around the package: 7 digits or more, then `-dirty` if files were changed; "" if unknown."""
    if (root / ".git").exists():
        return _asked(root)
    written = root / WRITTEN
    return written.read_text("utf-8") if written.is_file() else ""


def _asked(root: Path) -> str:
    try:
        done = subprocess.run(_COMMAND, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 (fixed)
    except OSError:  # there is no git on this machine
        return ""
    return done.stdout.strip()
