"""A bare Debian as one tar, from where this machine gets its own packages, and the wheels of our lock for its Python.

Both are made once, into var/debian, and made again when what they hold has changed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from packaging.requirements import Requirement

from tests import ROOT
from tests.debian import PYTHONS, RELEASES

CACHE = ROOT / "var" / "debian"
APT = Path("/etc/apt")
# Settings of this machine's apt that a root needs too, such as a proxy.
NEEDED = re.compile(r"Acquire::(http|https|Check|Index|Max|Retries)|Proxy", re.I)
BARE = ("systemd-sysv", "dbus", "ca-certificates", "openssl", "iproute2", "libpam-systemd")


def sources(release: str) -> str:
    """Where this machine gets Debian from, for another release, one source per line."""
    lines = []
    for file in sorted([*APT.glob("sources.list"), *APT.glob("sources.list.d/*.list")]):
        lines += [line for line in file.read_text("utf-8").splitlines() if line.startswith("deb ")]
    for file in sorted(APT.glob("sources.list.d/*.sources")):
        for stanza in re.split(r"\n\s*\n", re.sub(r"^#.*\n", "", file.read_text("utf-8"), flags=re.M)):
            lines += _lines(dict(re.findall(r"^([\w-]+): *(.*)$", stanza, re.M)))
    here = re.search(r"VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text("utf-8"))
    assert here, "This machine is no Debian: mmdebstrap needs its sources."
    ours = [line for line in lines if here[1] in line]
    assert ours, "No source of this machine's own release in /etc/apt."
    return "".join(f"{line.replace(here[1], release)}\n" for line in ours)


def _lines(stanza: dict[str, str]) -> Iterator[str]:
    if "deb" not in stanza.get("Types", "").split() or stanza.get("Enabled") == "no":
        return
    options = f"[signed-by={key}] " if (key := stanza.get("Signed-By", "")) else ""
    for address in stanza["URIs"].split():
        for suite in stanza["Suites"].split():
            yield f"deb {options}{address} {suite} {stanza['Components']}"


def _options() -> Iterator[str]:
    """What the apt of a root needs of this machine's settings."""
    for file in sorted((APT / "apt.conf.d").iterdir()):
        for line in file.read_text("utf-8").splitlines():
            if NEEDED.search(line) and not line.lstrip().startswith(("//", "#")) and "{" not in line.split('"')[-1]:
                yield line.strip()


def root(debian: int, installed: Iterable[str] = (), fetched: Iterable[str] = (), variant: str = "important") -> Path:
    """The tar of a bare Debian with some packages installed, and others that its apt installs without a network."""
    release, into = RELEASES[debian], sorted({*(BARE if variant == "important" else ()), *installed})
    later = " ".join(sorted(set(fetched)))
    told = sha256(f"{into} {later} {variant} {sources(release)} 1".encode()).hexdigest()[:12]
    made = CACHE / f"{release}-{told}.tar"
    if made.exists():
        return made
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = made.with_suffix(".unfinished")
    install = f"install -qq -y --download-only -o APT::Install-Recommends=true {later}"
    fetch = f'chroot "$1" apt-get -qq update && chroot "$1" apt-get {install}'
    keep = "Binary::apt::APT::Keep-Downloaded-Packages true;"  # `apt install` would delete what it has fetched
    command = ["mmdebstrap", "--mode=root", f"--variant={variant}", "--format=tar", "--quiet"]
    command += [f"--aptopt={line}" for line in [*_options(), keep, 'APT::Get::Assume-Yes "true";']]
    command += [f"--include={','.join(into)}"]
    command += [f"--customize-hook={fetch}", "--skip=cleanup/apt"] if later else []
    done = subprocess.run(
        [*command, release, unfinished, "-"], input=sources(release), capture_output=True, text=True, check=False,
        timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    unfinished.rename(made)
    return made


@contextmanager
def unpacked(tar: Path) -> Iterator[Path]:
    """A fresh folder with what is in the tar, gone afterwards."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="root-", ignore_cleanup_errors=True) as folder:
        where = Path(folder, "root")
        where.mkdir()
        subprocess.run(["tar", "-xpf", tar, "-C", where, "--numeric-owner"], check=True, timeout=300)
        yield where


def wheels(debian: int, lock: Path = ROOT / "requirements.lock") -> Path:
    """A folder with every wheel of a lock for the Python of a release, with the hashes of the lock."""
    python, text = PYTHONS[debian], lock.read_text("utf-8")
    made = CACHE / f"wheels-{python}-{sha256(text.encode()).hexdigest()[:12]}"
    if made.exists():
        return made
    unfinished = made.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    wanted = unfinished / "wanted.txt"
    wanted.write_text("".join(_wanted(text, python)), "utf-8")
    machine = os.uname().machine
    platforms = [f"--platform=manylinux_2_{n}_{machine}" for n in range(36, 4, -1)] + [
        f"--platform=manylinux{year}_{machine}" for year in (2014, 2010, 1)
    ]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--python-version={python}", *platforms, "--require-hashes", "-d", str(unfinished), "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    wanted.unlink()
    unfinished.rename(made)
    return made


def _wanted(lock: str, python: str) -> Iterator[str]:
    """The entries of a lock that hold for another Python on Linux, without their conditions."""
    about = {"python_version": python, "python_full_version": f"{python}.5"}
    for entry in re.findall(r"^\S.*(?:\n .*)*\n", lock.replace("\\\n", "\n"), re.M):
        first, *hashes = entry.splitlines()
        requirement = Requirement(first.strip())
        if requirement.marker is None or requirement.marker.evaluate({"extra": "", **about}):
            yield f"{requirement.name}{requirement.specifier} {' '.join(line.strip() for line in hashes)}\n"
