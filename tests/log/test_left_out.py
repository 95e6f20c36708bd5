"""Without its folders the log is simply not there: the site starts, shows all pages, and no page leads to it."""

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
        assert features.features() == ()
        assert len(pages) > 500, len(pages)
        assert not [path for path in pages if path.endswith("/log")]
        linked = [path for path, page in pages.items() if b'/log"' in page.body]
        assert linked == [], linked[:3]
        assert not [route for route in routes(demo=True) if "/log/" in getattr(route, "path", "")]

asyncio.run(main())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree as a checkout has it, without the log."""
    for name in ("petition", "templates", "static", "sql", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in LEFT_OUT:
        found = tmp_path / name
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    return tmp_path


def test_without_its_folders_the_site_works(copy: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PETITION_", "COV"))}
    environment |= {"PYTHONPATH": str(copy), "PETITION_VAR": str(copy / "var")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    assert "petition" in run("-c", "import petition; print(petition.__file__)")
    helped = run("-m", "petition", "--help")
    assert "audit" in helped
    assert "the public log" not in helped
    run("-c", _RENDER)
    run("-m", "petition", "audit")
    run("-m", "petition", "mirror", str(copy / "mirror"))
    assert not (copy / "mirror/log").exists()
