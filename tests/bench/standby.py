"""`python -m tests.bench.standby`: what reads of the desk and a backup cost the primary, without and with a standby.

CPU is that of all processes of each PostgreSQL, so it holds whatever else the machine does.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

from petition.commands import demo_data
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.database.migrations import migrate
from petition.core.settings import Mode
from petition.retention.backup import write_backup
from petition.signing import form_counts, printed_names
from tests import postgres
from tests.conftest import make_settings
from tests.postgres import Server

_TICKS = os.sysconf("SC_CLK_TCK")
Job = Callable[[Database, Path], Awaitable[object]]


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.standby", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with postgres.server("-c", "max_wal_size=1GB") as primary, postgres.folder() as folder:
        primary.ask("create database petition")
        asyncio.run(_fill(f"{primary.url}/petition", given.rows))
        standby = Server(folder)
        standby.follow(primary)
        standby.start()
        try:
            asyncio.run(_measure(primary, standby, given.rounds))
        finally:
            standby.stop()


async def _fill(url: str, rows: int) -> None:
    async with open_database(url) as database:
        await migrate(database, Mode.DEMO)
        await demo_data.fill_database(database, rows)
        async with database.autocommit() as c:
            await c.execute("vacuum analyze", within=3600)
            await c.execute("checkpoint", within=3600)


async def _measure(primary: Server, standby: Server, rounds: int) -> None:
    print("| job | standby | primary, CPU s | standby, CPU s | seconds |\n| --- | --- | ---: | ---: | ---: |")
    for name, job in JOBS.items():
        found: dict[bool, list[tuple[float, float, float]]] = {False: [], True: []}
        for _ in range(rounds):
            for named in (False, True):  # in turn: both have the same neighbours
                found[named].append(await _run(job, primary, standby, named=named))
        for named, rows in found.items():
            figures = " | ".join(f"{median(column):.2f}" for column in zip(*rows, strict=True))
            print(f"| {name} | {'yes' if named else 'no'} | {figures} |", flush=True)


async def _run(job: Job, primary: Server, standby: Server, *, named: bool) -> tuple[float, float, float]:
    loop, url = asyncio.get_running_loop(), f"{standby.url}/petition" if named else ""
    with tempfile.TemporaryDirectory(prefix="petition-bench-") as folder:
        before, begun = (_cpu(primary), _cpu(standby)), loop.time()
        async with open_database(f"{primary.url}/petition", standby_url=url) as database:
            await job(database, Path(folder))
        seconds = loop.time() - begun
        await asyncio.sleep(1)  # until the processes of its connections have ended
        return _cpu(primary) - before[0], _cpu(standby) - before[1], seconds


def _cpu(server: Server) -> float:
    """Seconds of all its processes, also of those that have ended."""
    assert server.process is not None
    own = server.process.pid
    return sum(_ticks(pid, 15 if pid == own else 13) for pid in (own, *server.children())) / _TICKS


def _ticks(pid: int, last: int) -> int:
    """utime and stime of a process; with the 15 those of its children that have ended: see proc(5)."""
    with suppress(FileNotFoundError):  # it has ended since, and its parent has its time
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:last]))
    return 0


async def _backup(database: Database, folder: Path) -> object:
    return await write_backup(database, make_settings("", folder), folder / "backup")


async def _export(database: Database, _: Path) -> object:
    return await database.heavy_read(printed_names.export_rows)


async def _counts(database: Database, _: Path) -> object:
    for _n in range(20):
        await database.heavy_read(_figures)
    return None


async def _figures(c: Connection) -> object:
    return await form_counts.get_form_counts(c), await printed_names.count_by_country(c, "new")


JOBS: dict[str, Job] = {"backup": _backup, "export of names": _export, "20 times the figures of the desk": _counts}

if __name__ == "__main__":
    main()
