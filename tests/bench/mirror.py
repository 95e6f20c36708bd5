"""Seconds from a change that is published until the nginx of a mirror serves it: `python -m tests.bench.mirror`.

All languages; `petition mirror --watch` is a process of its own, and writes into the folder of a real nginx on this
machine. What rsync over a network takes comes on top. Results: docs/scale.md.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from petition.campaign import edits
from petition.campaign.places import GOAL
from petition.site import Site
from tests.bench.stage import Stage, database
from tests.project.mirror_nginx import MirrorNginx
from tests.project.nginx import request
from tests.shell import wait_for

CHANGES = 20


def main() -> None:
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory(prefix="petition-bench-") as name, database(kind, Path(name)) as url:
            folder = Path(name)
            seconds = asyncio.run(_measure(Stage(folder, url), folder))
        print(f"| {kind} | {statistics.median(seconds):.1f} s | {max(seconds):.1f} s |", flush=True)


async def _measure(stage: Stage, folder: Path) -> list[float]:
    async with stage.site() as site:
        await site.take_snapshot()
        command = [*stage.shell.command, "mirror", str(folder / "pages"), "--watch"]
        watcher = subprocess.Popen(command, cwd=stage.shell.cwd, env=stage.shell.environment)  # noqa: ASYNC220 (a bench waits)
        try:
            await asyncio.to_thread(wait_for, (folder / "pages" / "en" / "feed.xml").exists)
            nginx = MirrorNginx(folder / "nginx", folder / "pages")
            (folder / "pages").chmod(0o755)
            with nginx.running():
                return [await _one_change(site, nginx, n) for n in range(CHANGES)]
        finally:
            watcher.send_signal(signal.SIGTERM)
            watcher.wait()


async def _one_change(site: Site, nginx: MirrorNginx, n: int) -> float:
    """From the end of its transaction."""
    goal = 1_000_000 + n * 10_000
    await asyncio.sleep(int.from_bytes(os.urandom(1)) / 128)  # at any moment between two looks
    await site.database.write(partial(edits.save, changes={GOAL: (n, str(goal))}, nickname="bench"))
    start = time.perf_counter()
    while f"{goal:,}" not in await nginx.say(request("GET", "/en/")):  # noqa: ASYNC110 (another process serves it)
        await asyncio.sleep(0.02)  # as somebody who reloads the page
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
