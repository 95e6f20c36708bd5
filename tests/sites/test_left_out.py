"""Without its folder an installation has one campaign, and all its commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import ROOT


def test_without_its_folder_the_commands_work(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("petition", "sql", "templates", "static"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(copy / "petition/sites")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PETITION_", "COV"))}
    environment = kept | {"PYTHONPATH": str(copy), "PETITION_VAR": str(tmp_path / "var")}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "petition", *words]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "--site" not in run("audit", "--help")
    assert "current schema" in run("migrate")
    assert "All numbers agree." in run("audit")
