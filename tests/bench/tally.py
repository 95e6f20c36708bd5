"""What publishing the numbers costs with a thousand signatures and with millions: they are counted as they arrive."""

import asyncio
import time

from petition.core.database.connection import Connection
from petition.tally.last_published import LastPublished
from petition.web.http.public_status import read_public_status
from tests.bench.report import Report, middle
from tests.bench.stage import Stage

TIMES = 100
NOTE = "A new snapshot, and reading it for the pages; in turn on both databases, median of a hundred each."


def measure(few: Stage, many: Stage, kind: str, signatures: tuple[int, int], report: Report) -> None:
    costs = asyncio.run(_costs(few, many))
    table = report.table("Tally", NOTE, "database | signatures | ms | signatures, many | ms, many | ratio")
    small, large = (middle(cost) for cost in costs)
    table.add(kind, signatures[0], small, signatures[1], large, large / small)
    report.figures[f"tally {kind}"] = large / small


async def _costs(few: Stage, many: Stage) -> tuple[list[float], list[float]]:
    costs: tuple[list[float], list[float]] = ([], [])
    async with few.site() as small, many.site() as large:
        for _ in range(TIMES):
            for site, cost in zip((small, large), costs, strict=True):
                await site.database.write(_age)
                begun = time.perf_counter()
                await site.take_snapshot()
                async with site.database.reading() as c:
                    await read_public_status(c, LastPublished(None))
                cost.append((time.perf_counter() - begun) * 1000)
    return costs


async def _age(c: Connection) -> None:
    await c.execute("update figures set released_at = 0")
