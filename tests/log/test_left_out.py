"""Without its folders the log is simply not there: the site starts, shows all pages, and no page leads to it."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

LEFT_OUT = ("petition/log", "templates/web/public/log", "static/log.js", "tests/log")
_RENDER = """
import asyncio, os, sys
from petition import features
from petition.core.settings import from_environment
from petition.site import open_site
from petition.web import prerender
from petition.web.http.public_state import read_public_state
from petition.web.routes import routes

async def main():
    async with open_site(from_environment(os.environ), migrate=True) as site:
        pages = prerender.prerender_all(site, await read_public_state(site), {})
        assert "log" not in [feature.name for feature in features.features()]
        assert len(pages) > 500, len(pages)
        assert not [path for path in pages if path.endswith("/log")]
        linked = [path for path, page in pages.items() if b'/log"' in page.body]
        assert linked == [], linked[:3]
        assert not [route for route in routes(demo=True) if "/log/" in getattr(route, "path", "")]

asyncio.run(main())
"""


# Tests elsewhere that look at what the log adds: pages, statements, words, files, addresses, the names of its tests.
QUICK = (
    *("tests/project/test_layout.py", "tests/project/test_threats.py", "tests/core/test_languages.py"),
    "tests/core/database/test_locks.py",
    "tests/project/test_deploy.py::test_it_sends_the_public_log_itself_where_the_folder_is",
)
# With `make test-without-log`: all that `make test` runs.
OTHERS = ("tests/chaos", "tests/handbook", "tests/packages", "tests/project/test_package.py")
ALL = ("tests", *(f"--ignore={name}" for name in OTHERS), "-n", "4", "--maxschedchunk", "8")
NEIGHBOURS = ALL if os.environ.get("PETITION_TEST_WITHOUT_LOG") else QUICK


class Copy:
    """The tree as a checkout has it, without the log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(("PETITION_", "COV", "PYTEST"))}
        self._environment |= {"PYTHONPATH": str(folder), "PETITION_VAR": str(folder / "var")}

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    folder = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__", ".git", ".venv", "var", ".*_cache", ".coverage*", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / ".venv").symlink_to(ROOT / ".venv")  # where the HTML checker is
    for name in LEFT_OUT:
        found = folder / name
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    return Copy(folder)


def test_without_its_folders_the_site_works(copy: Copy) -> None:
    assert str(copy.folder) in copy.run("-c", "import petition; print(petition.__file__)")
    helped = copy.run("-m", "petition", "--help")
    assert "audit" in helped
    assert "the public log" not in helped
    copy.run("-c", _RENDER)
    copy.run("-m", "petition", "audit")
    copy.run("-m", "petition", "mirror", str(copy.folder / "mirror"))
    assert not (copy.folder / "mirror/log").exists()


@pytest.mark.slow
def test_without_its_folders_all_other_tests_are_found_and_those_beside_it_hold(copy: Copy) -> None:
    for words in (("init", "-q"), ("add", "-A", ":!.venv")):  # one of them asks which files there are
        subprocess.run(["git", *words], cwd=copy.folder, check=True)
    assert " tests collected" in copy.run("-m", "pytest", "-q", "--collect-only", "tests")
    assert " passed" in copy.run("-m", "pytest", "-q", "-m", "not slow", "-k", "not postgresql", *NEIGHBOURS)


def test_no_test_elsewhere_imports_it() -> None:
    files = [file for file in (ROOT / "tests").rglob("*.py") if not file.is_relative_to(ROOT / "tests/log")]
    assert len(files) > 300
    assert [file for file in files if _imported(file) & {"petition.log", "tests.log"}] == []


def _imported(file: Path) -> set[str]:
    """The first two parts of the name of each module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {".".join(name.split(".")[:2]) for name in found}
