"""What a year of the public log costs: `python -m tests.log.bench`. Results: docs/scale.md.

A release each two hours, 30 countries each six hours. Seconds of CPU; the clock is set forward where the log waits.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from petition.commands.demo_data import COUNTRY_WEIGHTS
from petition.core import clock, settings
from petition.core.database.connection import Connection, Row
from petition.log import store
from petition.site import open_site
from petition.tally.tally import TOTAL
from tests.bench.stage import Stage, database
from tests.conftest import LOG_KEY, Clock
from tests.log.conftest import VKEY, Kept

COUNTRIES = sorted(COUNTRY_WEIGHTS.keys() - {"ZZ"})[:30]
HOURS = 365 * 24
SIGNED = 601  # seconds after which an entry is signed
IDLE = 100  # steps


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.log.bench", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    print("| database | what | figure |\n| --- | --- | ---: |")
    for kind in parser.parse_args().databases.split(","):
        with tempfile.TemporaryDirectory(prefix="petition-bench-") as folder, database(kind, Path(folder)) as url:
            asyncio.run(_measure(Stage(Path(folder), url), kind))


async def _measure(stage: Stage, kind: str) -> None:
    stopped = Clock()
    clock.time_source, clock.running_source = stopped.seconds, lambda: stopped.running
    given = replace(settings.from_environment(stage.shell.environment), log_keys=(LOG_KEY,), var=stage.folder / "var")
    async with open_site(given, migrate=True) as site:
        await site.database.own_transaction(lambda c: store.begin(c, given))
        await site.database.write(_publish_a_year)
        kept = Kept(site, stopped)
        await _step(kept, kind, "the year is logged at once")
        stopped.advance(seconds=SIGNED)
        await _step(kept, kind, "it is signed, all files are written")
        await site.database.write(lambda c: c.insert_rows("releases", [_row(TOTAL, clock.epoch(), HOURS * 10)]))
        stopped.advance(seconds=61)
        await _step(kept, kind, "one more release is logged")
        stopped.advance(seconds=SIGNED)
        await _step(kept, kind, "it is signed")
        await _step(kept, kind, "a step in which nothing is new", IDLE)
        entries = await kept.entries()
        async with site.database.reading() as c:
            sizes = await c.execute("select sum(length(entry)) as n from log_entries")
    files = [file.stat().st_size for file in kept.folder.rglob("*") if file.is_file()]
    print(f"| {kind} | entries | {len(entries):,}, {int(sizes[0]['n']):,} bytes |")
    print(f"| {kind} | files | {len(files):,}, {sum(files):,} bytes |")
    _verify(kept.folder, kind)


async def _publish_a_year(c: Connection) -> None:
    """Until an hour ago."""
    first = int((clock.now() - timedelta(hours=HOURS + 1)).timestamp())
    rows: list[Row] = []
    for hour in range(2, HOURS, 2):
        rows.append(_row(TOTAL, first + hour * 3600, hour * 10))
        if hour % 6 == 0:
            rows += [_row(code, first + hour * 3600, hour // 3) for code in COUNTRIES]
    await c.insert_rows("releases", rows)


def _row(name: str, released_at: int, figure: int) -> Row:
    return {"name": name, "released_at": released_at, "figure": figure // 10 * 10}


async def _step(kept: Kept, kind: str, what: str, times: int = 1) -> None:
    begun = time.process_time()
    for _ in range(times):
        await kept.work()
    print(f"| {kind} | {what} | {(time.process_time() - begun) / times:.3f} s |", flush=True)


def _verify(folder: Path, kind: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "petition", "log", "verify", str(folder), "--vkey", VKEY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"| {kind} | `petition log verify`, with the start of Python | {seconds:.2f} s |")
    print(done.stdout, file=sys.stderr)


if __name__ == "__main__":
    main()
