"""Wheel and sdist: what is in them, that one makes the other, and that the site runs from a wheel alone."""

import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from pypdf import PdfReader

from tests import ROOT
from tests.mail.delivering import until
from tests.shell import Shell, serving

pytestmark = pytest.mark.slow
BESIDE = ("templates/", "static/", "sql/", "docs/deploy/")  # beside the package in a checkout, inside it in a wheel


def _python(*arguments: str, python: str | Path = sys.executable, cwd: Path = ROOT) -> None:
    command, environment = [python, "-m", *arguments], {**os.environ, "SOURCE_DATE_EPOCH": "1800000000"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _build(tree: Path, to: Path) -> Path:
    """Builds the wheel of a tree with the packages installed here, without the network."""
    _python("pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(to), ".", cwd=tree)
    return next(to.glob("petition-*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return _build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    _python("hatchling", "build", "-t", "sdist", "-d", str(folder))
    return next(folder.glob("petition-*.tar.gz"))


def _tracked() -> set[str]:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {file for file in files.splitlines() if (ROOT / file).exists()}


def test_the_wheel_holds_the_package_and_what_is_beside_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {file for file in _tracked() if file.startswith("petition/")} - {"petition/hatch_build.py"}
    inside |= {f"petition/{file}" for file in _tracked() if file.startswith(BESIDE)}
    assert inside <= names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"petition"}
    licences = {name.rpartition("/")[2] for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NotoSans-OFL.md", "SourceSans3-OFL.md", "SourceSerif4-OFL.md"}


def test_the_licence_is_the_one_that_is_named() -> None:
    published = "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"  # gnu.org/licenses/agpl-3.0.txt
    assert sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == published


def test_the_sdist_holds_the_tree_and_makes_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    files = {file.relative_to(tree).as_posix() for file in tree.rglob("*") if file.is_file()}
    assert _tracked() <= files
    assert {file.split("/")[0] for file in files} == {file.split("/")[0] for file in _tracked()} | {"PKG-INFO"}
    assert _build(tree, tmp_path / "again").read_bytes() == wheel.read_bytes()


class Installed(Shell):
    """A person who has the wheel and an empty folder, no checkout, and sets no more than they must."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        super().__init__(folder, PETITION_MODE="demo")
        self.environment = {k: v for k, v in self.environment.items() if k not in ("PETITION_VAR", "PYTHONPATH")}
        made, self.cwd = folder / "venv", folder / "empty"
        venv.create(made, with_pip=True)
        install = ("pip", "install", "--quiet", "--disable-pip-version-check")
        _python(*install, "--require-hashes", "-r", str(ROOT / "requirements.lock"), python=made / "bin" / "python")
        _python(*install, "--no-deps", "--no-index", str(wheel), python=made / "bin" / "python")
        self.command = (str(made / "bin" / "petition"),)
        self.cwd.mkdir()


def _open(address: str, form: dict[str, str] | None = None) -> tuple[str, str]:
    """Sends a form, or opens a page, as a browser on our own page does. Returns the last path and its text."""
    data = None if form is None else urlencode(form).encode()
    asked = urllib.request.Request(address, data, {"Sec-Fetch-Site": "same-origin"})
    with urllib.request.urlopen(asked) as answer:
        return urlsplit(answer.url).path, answer.read().decode()


def _set_up(shell: Installed) -> str:
    """`petition setup`, which needs the files of docs/deploy."""
    from petition.commands.setup.answers import answers_text
    from tests.commands.setup.conftest import ANSWERS

    answers = shell.folder / "answers.toml"
    answers.write_text(answers_text(ANSWERS), "utf-8")
    return shell.fine("setup", "--root", str(shell.folder / "machine"), "--answers", str(answers))


async def test_the_site_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    shell = Installed(tmp_path, wheel)
    assert shell.fine("--version") == Shell(tmp_path).fine("--version")
    with serving(shell) as (address, _):
        assert "Białorusi" in _open(f"{address}/pl/")[1]
        form = {"email": "anna@example.net", "country": "PL", "consent": "on"}
        assert _open(f"{address}/en/sign", form)[0] == "/en/check-inbox#main"
        link = re.compile(rf"{address}/en/confirm/[\w.-]+")
        await until(lambda: link.search(_open(f"{address}/dev/outbox")[1]) is not None)
        found = link.search(_open(f"{address}/dev/outbox")[1])
        assert found
        assert _open(found[0], {})[0] == "/en/thanks"
    assert shell.fine("audit") == "All numbers agree.\n"
    with closing(sqlite3.connect(shell.cwd / "var" / "petition.db")) as database:
        assert database.execute("select country from signatures").fetchall() == [("PL",)]
    assert "wrote  /etc/nginx/sites-available/petition" in _set_up(shell)
    assert "server_name signatures.example;" in (tmp_path / "machine/etc/nginx/sites-available/petition").read_text()
    shell.fine("letters", "--output", "letters", "PL")
    assert "Prezes Rady Ministrów" in PdfReader(shell.cwd / "letters" / "PL.pdf").pages[0].extract_text()
    assert {file.name for file in shell.cwd.iterdir()} == {"var", "letters"}
