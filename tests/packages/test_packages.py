"""Every package is built twice with the same bytes, is installed into a clean Debian, and signs once there."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from tests.debian import RELEASES, roots
from tests.debian.machine import Machine, booted
from tests.handbook.blocks import blocks, packages
from tests.packages import image
from tests.packages.__main__ import SUMS, make_all
from tests.packages.deb import TO_DO, news

AS_PETITION = "setpriv --reuid petition --regid petition --init-groups"
SIGN = Path(__file__).with_name("sign_once.py")
UNITS = "petition.socket petition.service petition-backup.timer petition-bounce.path"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all packages of this checkout."""
    folder = tmp_path_factory.mktemp("packages")
    make_all(folder)
    return folder


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_two_builds_are_the_same_bytes(made: Path, tmp_path: Path) -> None:
    make_all(tmp_path)
    assert _hashes(tmp_path) == _hashes(made)
    lines = [line.split() for line in (made / SUMS).read_text("utf-8").splitlines()]
    sums = {name: digest for digest, name in lines}
    assert sums == {name: digest for name, digest in _hashes(made).items() if name != SUMS}


def test_each_package_has_a_list_of_what_is_in_it(made: Path) -> None:
    lists = list(made.glob("*.cdx.json"))
    assert len(lists) == len(RELEASES) + 1
    for file in lists:
        bill = json.loads(file.read_text("utf-8"))
        assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
        found = {one["name"]: one for one in bill["components"] if one["purl"].startswith("pkg:pypi/")}
        assert {"petition", "starlette", "cryptography"} <= set(found)
        assert [name for name, one in found.items() if not one.get("hashes")] == []
        without = [name for name, one in found.items() if not one.get("licenses")]
        assert without == ["pyrage"], "its licence is a file and no line"
        debian = [one for one in bill["components"] if one["purl"].startswith("pkg:deb/")]
        assert bool(debian) == (".oci.tar" in file.name)


@contextmanager
def _clean(debian: int, made: Path) -> Iterator[Machine]:
    tar = roots.root(debian, installed=("python3",), fetched=packages(blocks()))
    with booted(tar, {made: "/srv/made", SIGN.parent: "/mnt/sign"}) as machine:
        machine.fine("ip link set lo up")
        yield machine


@pytest.mark.parametrize("debian", RELEASES)
def test_a_deb_is_installed_signs_once_and_is_upgraded(debian: int, made: Path) -> None:
    with _clean(debian, made) as machine:
        run, deb = machine.fine, next(made.glob(f"*+deb{debian}_*.deb")).name
        run(f"apt-get install --no-install-recommends -y /srv/made/{deb}", timeout=600)
        states = machine.run(f"systemctl is-active {UNITS}; systemctl is-enabled {UNITS}").stdout.split()
        assert states == ["inactive"] * 4 + ["disabled"] * 4, "what was never set up does not start"
        assert run("stat -c %U:%a /var/lib/petition /var/lib/petition-keys").split() == ["petition:700"] * 2
        run("systemd-analyze verify /usr/lib/systemd/system/petition.service")
        run("cd /opt/petition && cp docs/deploy/petition.env petition/data/campaign.toml docs/deploy/nginx.conf /tmp")
        run(f"{AS_PETITION} python3 /mnt/sign/sign_once.py /var/lib/petition/demo")
        run(f"apt-get install --reinstall --no-install-recommends -y /srv/made/{deb}", timeout=600)
        kept = run("apt-get purge -y petition && ls /var/lib/petition")
        assert "Kept, with everything in them: /etc/petition" in kept
        assert "demo" in kept


def test_the_image_signs_once_without_root_on_a_root_that_cannot_be_written(made: Path, tmp_path: Path) -> None:
    root, var = tmp_path / "root", tmp_path / "var"
    root.mkdir()
    var.mkdir()
    started = image.unpack(next(made.glob("*.oci.tar")), root)
    uid, gid = map(int, started["User"].split(":"))
    os.chown(var, uid, gid)
    environment = dict(one.split("=", 1) for one in started["Env"]) | {"PETITION_MODE": "demo"}
    command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--read-only"]
    command += [f"--machine=petition-{os.getpid()}", "-D", str(root), f"--bind={var}:/var/lib/petition", "--tmpfs=/tmp"]
    command += [f"--bind-ro={SIGN.parent}:/mnt", "--console=pipe", "--as-pid2"]
    command += [f"--setenv={name}={value}" for name, value in environment.items()]
    command += ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
    signs = ["/usr/bin/python3", "/mnt/sign_once.py", "/var/lib/petition", *started["Entrypoint"]]
    done = subprocess.run([*command, *signs], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    refused = environment | {"PETITION_MODE": "production"}
    command = [one for one in command if not one.startswith("--setenv=PETITION_MODE")]
    command[1:1] = [f"--setenv=PETITION_MODE={refused['PETITION_MODE']}"]
    done = subprocess.run(
        [*command, *started["Entrypoint"], *started["Cmd"]], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode != 0
    assert "PETITION_" in done.stdout + done.stderr, "production does not start before it is set up"


CHANGELOG = f"""
## [0.3.0] - 2027-02-01

### {TO_DO}

- Run `petition migrate`.

### Added

- A thing.

## [0.2.0] - 2027-01-01

### Added

- Another.

## [0.1.0] - 2026-12-01

### {TO_DO}

- {"Nothing at all " * 12}
"""


def test_the_notes_of_a_deb_are_what_an_operator_has_to_do() -> None:
    text = news(CHANGELOG, "0.3.0+deb13", "trixie", 0)
    assert text.startswith("petition (0.3.0+deb13) trixie; urgency=medium\n\n  * Run `petition migrate`.\n\n -- ")
    assert "petition (0.1.0+deb13)" in text
    assert "0.2.0" not in text
    assert max(len(line) for line in text.splitlines() if not line.startswith(" -- ")) <= 80
