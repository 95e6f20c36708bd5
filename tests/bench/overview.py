"""`python -m tests.bench.overview`: what the first page of the desk costs, with a million signatures and with watchers.

Writes docs/overview.md. Figures change with what else the machine does.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx2

from petition.core.database.connection import Connection
from petition.core.email_addresses import EmailAddress
from petition.core.settings import from_environment
from petition.organisers import accounts, sessions
from petition.organisers.accounts import Role
from petition.web.app import create_app
from petition.web.desk.overview import REFRESH_SECONDS
from tests import ROOT
from tests.bench.stage import Stage, cpu, database, memory

PAGE, LIVE = "/organisers/", "/organisers/live"
RESULTS = ROOT / "docs" / "overview.md"


@dataclass
class Found:
    kind: str
    first: float = 0.0  # seconds to the first byte after a start
    kept: float = 0.0  # the same, median of the next ones
    queries: tuple[int, int] = (0, 0)  # of the first page, and of one after it
    size: tuple[int, int] = (0, 0)  # bytes of the page and of its live part
    cpu: float = 0.0  # seconds in each second, with all watchers less without any
    megabytes: tuple[float, float] = (0.0, 0.0)  # before and with watchers
    slowest: float = 0.0  # seconds that a watcher waited


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.overview", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=90)
    given = parser.parse_args()
    found = [_measure(kind, given) for kind in given.databases.split(",")]
    RESULTS.write_text(_markdown(found, given), "utf-8")


def _measure(kind: str, given: argparse.Namespace) -> Found:
    with tempfile.TemporaryDirectory(prefix="petition-bench-") as folder, database(kind, Path(folder)) as url:
        stage, found = Stage(Path(folder), url), Found(kind)
        stage.workers = 1
        stage.fill(given.rows)
        headers = {"Cookie": f"__Host-session={asyncio.run(_log_in(stage))}", "Host": "petition.example"}
        found.queries = asyncio.run(_count_queries(stage, headers))
        with stage.serving() as web:
            client = httpx2.Client(base_url=web.address, headers=headers, timeout=60)
            found.first, size = _first_byte(client, PAGE)
            found.kept = median(_first_byte(client, PAGE)[0] for _ in range(20))
            found.size = size, _first_byte(client, LIVE)[1]
            time.sleep(10)  # until the old and doubtful sources of the letters are found
            idle, begun = _used(web, given.seconds)
            found.slowest = asyncio.run(_watch(web.address, headers, given.watchers, given.seconds))
            busy = cpu(web) - begun[1]
            found.cpu = busy / given.seconds - idle
            found.megabytes = begun[0], memory(web)
        print(found, flush=True)
        return found


async def _log_in(stage: Stage) -> str:
    """The secret of a session of an admin."""
    async with stage.site() as site:
        keys, address = site.server_keys, EmailAddress("marta@example.org", "marta@example.org")
        await site.database.write(lambda c: accounts.add_organiser(c, keys, "marta", address, Role.ADMIN))
        return await site.database.write(lambda c: sessions._create_session(c, "marta", authenticated=True))


async def _count_queries(stage: Stage, headers: dict[str, str]) -> tuple[int, int]:
    """Of the first page and of the cheapest of some more: the jobs of the site ask too."""
    app, counts = create_app(from_environment(stage.shell.environment)), []
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="https://petition.example", headers=headers
    )
    async with app.router.lifespan_context(app), client:
        await asyncio.sleep(3)  # until the jobs have run once
        for _ in range(6):
            with _counting() as count:
                (await client.get(PAGE)).raise_for_status()
            counts.append(count[0])
    return counts[0], min(counts[1:])


@contextmanager
def _counting() -> Iterator[list[int]]:
    count, execute = [0], Connection.execute

    async def executed(c: Connection, sql: str, *values: object, **options: object) -> object:
        count[0] += sql.startswith("select")
        return await execute(c, sql, *values, **options)  # type: ignore[arg-type]  # passed on as they came

    Connection.execute = executed  # type: ignore[method-assign,assignment]  # counts
    try:
        yield count
    finally:
        Connection.execute = execute  # type: ignore[method-assign]  # counts


def _first_byte(client: httpx2.Client, path: str) -> tuple[float, int]:
    """(seconds to the first byte, bytes of the body)."""
    begun = time.perf_counter()
    with client.stream("GET", path) as answer:
        parts = answer.iter_raw()
        first = next(parts)
        seconds = time.perf_counter() - begun
        answer.raise_for_status()
        return seconds, len(first) + sum(map(len, parts))


def _used(web: object, seconds: int) -> tuple[float, tuple[float, float]]:
    """CPU in each second while nobody watches; then (megabytes, CPU so far)."""
    before = cpu(web)  # type: ignore[arg-type]  # its processes are found in the same way
    time.sleep(seconds / 3)
    idle = (cpu(web) - before) / (seconds / 3)  # type: ignore[arg-type]  # its processes are found in the same way
    return idle, (memory(web), cpu(web))  # type: ignore[arg-type]  # its processes are found in the same way


async def _watch(address: str, headers: dict[str, str], watchers: int, seconds: int) -> float:
    """Each asks for the live part as the script of the page does, from a random moment on. The longest wait."""
    waits: list[float] = []
    async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        await asyncio.gather(*[_ask(client, seconds, waits) for _ in range(watchers)])
    return max(waits)


async def _ask(client: httpx2.AsyncClient, seconds: int, waits: list[float]) -> None:
    end = time.perf_counter() + seconds
    await asyncio.sleep(random.uniform(0, REFRESH_SECONDS))
    while time.perf_counter() < end:
        begun = time.perf_counter()
        (await client.get(LIVE)).raise_for_status()
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(REFRESH_SECONDS)


def _markdown(found: list[Found], given: argparse.Namespace) -> str:
    load = os.getloadavg()[1]
    rows = "\n".join(
        f"| {one.kind} | {one.first * 1000:,.0f} | {one.kept * 1000:,.0f} | {one.queries[0]} | {one.queries[1]} | "
        f"{one.size[0]:,} | {one.size[1]:,} | {one.cpu:.2f} | {one.megabytes[0]:,.0f} | {one.megabytes[1]:,.0f} | "
        f"{one.slowest * 1000:,.0f} |"
        for one in found
    )
    return TEXT.format(
        rows=rows,
        day=datetime.now(UTC).date(),
        load=load,
        cores=os.cpu_count(),
        rows_given=given.rows,
        watchers=given.watchers,
        seconds=given.seconds,
    )


TEXT = f"""# The overview, measured

`python -m tests.bench.overview` on {{day}}: {{rows_given:,}} signatures, one worker, production mode; {{cores}} cores
with a load of {{load:.0f}}, most of it other work. *First*: the first page after a start; *kept*: the next ones,
while the figures are kept. *Watchers*: {{watchers}} ask for the live part every
{REFRESH_SECONDS} seconds, for {{seconds}} seconds; CPU is what they add, in cores. Bytes are not compressed, and filled
up to a full step, as those of all pages for one person are.

| database | first, ms | kept, ms | queries | kept | bytes | live | CPU | MB before | MB with | slowest, ms |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{{rows}}

That the cost grows neither with signatures nor with watchers is a test: `test_many_who_watch_cost_four_queries_each`.

## The projection

The pace is the average of the last 14 whole days; the range is that of the slowest and the fastest seven days in a row
of the last 28. Days are those of the published figures. Before 14 whole days there is none. It is no forecast: a
campaign that has just begun slows down, and a newspaper makes it faster; the range says how far both went lately.
"""


if __name__ == "__main__":
    main()
