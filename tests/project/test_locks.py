"""The check of the locks finds a pin that pip accepts only because of today's releases."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import locks

COVERAGE = "coverage|iniconfig|packaging|pluggy|pygments|pytest|pytest-cov"  # pytest-cov and all that it needs


@pytest.mark.slow
def test_a_pin_without_its_extra_is_refused_on_the_day_of_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, wheels = tmp_path / "requirements.lock", tmp_path / "wheels"
    pins = re.findall(rf"^(?:{COVERAGE})(?:\[\w+\])?==.*(?:\n .*)+", locks.LOCKS[1].read_text("utf-8"), re.MULTILINE)
    lock.write_text("\n".join(pins), "utf-8")
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes", "-r", str(lock)]
    subprocess.run([*download, "-d", str(wheels)], check=True)
    python = locks.old_pip(tmp_path / "venv")
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # from here on nothing newer exists
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    assert locks.refusal(python, lock) == ""
    lock.write_text(lock.read_text("utf-8").replace("coverage[toml]", "coverage"), "utf-8")
    assert "coverage[toml]" in locks.refusal(python, lock)
