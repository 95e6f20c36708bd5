"""A .deb for one release of Debian: /opt/petition, the units, the command `petition`, and notes for an upgrade."""

import gzip
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import petition
from tests import ROOT
from tests.debian import PYTHONS, RELEASES

SCRIPTS = Path(__file__).parent / "debian"
DEPLOY = ROOT / "docs" / "deploy"
UNITS = ("*.service", "*.socket", "*.timer", "*.path")
AUTHORS = "the authors of Petition <petition@petition.invalid>"
TO_DO = "What an operator has to do"


def make(root: Path, debian: int, moment: int, into: Path) -> Path:
    """The package of what is installed in a root, with every date set to one moment."""
    version = f"{petition.__version__}+deb{debian}"
    machine = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    folder, architecture = root / "package", machine.stdout.strip()
    (root / "opt" / "petition").rename(_parent(folder / "opt" / "petition"))
    _add_files(folder, debian, version, moment)
    _add_control(folder, debian, version, architecture)
    _same_for_all(folder)
    made = into / f"petition_{version}_{architecture}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build", str(folder), str(made)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=600)
    return made


def _parent(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _add_files(folder: Path, debian: int, version: str, moment: int) -> None:
    units = _parent(folder / "usr/lib/systemd/system/unit").parent
    for pattern in UNITS:
        for unit in DEPLOY.glob(pattern):
            shutil.copy(unit, units)
    shutil.copy(DEPLOY / "petition", _parent(folder / "usr/sbin/petition"))
    (folder / "usr/sbin/petition").chmod(0o755)
    docs = _parent(folder / "usr/share/doc/petition/copyright").parent
    shutil.copy(ROOT / "LICENSE", docs / "copyright")
    notes = news((ROOT / "CHANGELOG.md").read_text("utf-8"), version, RELEASES[debian], moment)
    (docs / "NEWS.Debian.gz").write_bytes(gzip.compress(notes.encode(), mtime=0))


def news(changelog: str, version: str, release: str, moment: int) -> str:
    """NEWS.Debian, which apt-listchanges shows before an upgrade: what an operator has to do, version by version."""
    found = []
    for chapter in re.split(r"^## ", changelog, flags=re.M)[1:]:
        told = re.search(rf"^### {TO_DO}\n+(.*?)(?=^###? |\Z)", chapter, re.M | re.S)
        number = re.match(r"\[([\d.]+)\]", chapter)
        if told and number:
            lines = [_wrapped(line) for line in re.findall(r"^- (.*)$", told[1], re.M)]
            head = f"petition ({number[1]}{version[version.index('+') :]}) {release}; urgency=medium\n\n"
            date = format_datetime(datetime.fromtimestamp(moment, UTC))
            found.append(f"{head}{''.join(lines)}\n -- {AUTHORS}  {date}\n")
    return "\n".join(found)


def _wrapped(line: str) -> str:
    words = re.sub(r"(.{1,74})(?: +|$)", r"    \1\n", line)
    return f"  * {words.lstrip()}"


def _add_control(folder: Path, debian: int, version: str, architecture: str) -> None:
    control = _parent(folder / "DEBIAN" / "control").parent
    python = PYTHONS[debian]
    below = f"3.{int(python.partition('.')[2]) + 1}"
    size = sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) // 1024
    text = (SCRIPTS / "control").read_text("utf-8")
    for name, value in {
        "VERSION": version,
        "ARCHITECTURE": architecture,
        "PYTHON": python,
        "BELOW": below,
        "SIZE": str(size),
        "AUTHORS": AUTHORS,
    }.items():
        text = text.replace(f"@{name}@", value)
    (control / "control").write_text(text, "utf-8")
    for script in ("postinst", "prerm", "postrm"):
        shutil.copy(SCRIPTS / script, control)
        (control / script).chmod(0o755)


def _same_for_all(folder: Path) -> None:
    """Modes that do not depend on the umask of the one who builds."""
    for file in folder.rglob("*"):
        if not file.is_symlink():
            file.chmod(0o755 if file.is_dir() or file.stat().st_mode & 0o100 else 0o644)
