"""Without its folder nobody looks whether signing works: all other commands are there, and no page leads to it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import ROOT

_RENDER = """
import asyncio, os, sys
from petition.core.settings import from_environment
from petition import __main__
from petition.site import open_site
from petition.web import prerender
from petition.web.http.public_state import read_public_state

async def main():
    assert "petition.probe" not in sys.modules
    async with open_site(from_environment(os.environ), migrate=True) as site:
        pages = prerender.prerender_all(site, await read_public_state(site), {})
        assert "/en/help" in pages
        assert not [path for path in pages if path.endswith("/status")]
        assert not [path for path, page in pages.items() if b'/status"' in page.body]
    help = __main__._parser().format_help()
    assert " audit " in help and " probe " not in help

asyncio.run(main())
sys.exit(__main__.main(["audit"]))
"""


def test_without_its_folder_the_commands_and_pages_work(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("petition", "sql", "templates", "static"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("petition/probe", "templates/web/public/probe"):
        shutil.rmtree(copy / name)
    for folder in (copy / "templates/appeal").glob("*.md"):
        if folder.stem not in {"en", "be"}:  # two languages are enough, and quick
            folder.unlink()
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PETITION_", "COV"))}
    environment = kept | {"PYTHONPATH": str(copy), "PETITION_VAR": str(tmp_path / "var")}
    environment["PETITION_PROBE_EMAIL"] = "k3xq7v2m@petition.example"

    command = [sys.executable, "-c", _RENDER]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "All numbers agree." in done.stdout
