"""/opt/petition as the packages have it: made in a bare Debian with its own Python, from the lock and our wheel."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import ROOT
from tests.debian import PYTHONS, roots

VENV = "/opt/petition/.venv"
BUILT_WITH = ("python3", "python3-venv")
# What the handbook copies, at the places where it looks.
BESIDE = ("docs/deploy", "docs/handbook.md", "requirements.lock", "CHANGELOG.md", "LICENSE")
SCRIPT = f"""
set -e
python3 -m venv --without-pip {VENV}
python3 -m venv /tmp/installer
pip="/tmp/installer/bin/python -m pip --python {VENV}/bin/python"
install() {{ $pip install --quiet --no-compile --no-index "$@"; }}
install --find-links /srv/wheels --require-hashes -r /srv/requirements.lock
install --find-links /srv/ours --no-deps petition
rm -r /tmp/installer
find {VENV} -name __pycache__ -prune -exec rm -r {{}} +
PYTHONHASHSEED=0 {VENV}/bin/python -m compileall -q -j 1 --invalidation-mode unchecked-hash {VENV}/lib
"""


def epoch() -> int:
    """The moment of the commit: every date in a package is this one."""
    told = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(os.environ.get("SOURCE_DATE_EPOCH") or told.stdout)


def build(folder: Path) -> Path:
    """Wheel and sdist of this checkout, in a folder; returns the wheel."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch())}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    return next(folder.glob("petition-*.whl"))


@contextmanager
def installed(debian: int, wheel: Path) -> Iterator[Path]:
    """A folder whose opt/petition is what a package for this release has."""
    lock, wheels = ROOT / "requirements.lock", roots.wheels(debian)
    with roots.unpacked(roots.root(debian, installed=BUILT_WITH)) as root:
        shutil.copytree(wheels, root / "srv" / "wheels")
        shutil.copy(lock, root / "srv")
        (root / "srv" / "ours").mkdir()
        shutil.copy(wheel, root / "srv" / "ours")
        _put_beside(root / "opt" / "petition", PYTHONS[debian])
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
        subprocess.run(["chroot", root, "bash", "-c", SCRIPT], env=clean, check=True, timeout=600)
        yield root


def _put_beside(folder: Path, python: str) -> None:
    folder.mkdir(parents=True)
    for name in BESIDE:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copy(ROOT / name, target)
    (folder / "petition").symlink_to(f".venv/lib/python{python}/site-packages/petition")
