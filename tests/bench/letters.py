"""The letters: all of them, drawn as PDF into one ZIP."""

import asyncio
import io
import time
import zipfile

from petition import drafts
from tests.bench.report import Report
from tests.bench.stage import Stage

NOTE = "All letters as PDF in one ZIP, in one process."


def measure(stage: Stage, report: Report) -> None:
    """Seconds and size."""
    seconds, content = asyncio.run(_drawn(stage))
    letters = len(zipfile.ZipFile(io.BytesIO(content)).namelist())
    report.table("Letters", NOTE, "files | seconds | MB of ZIP").add(letters, seconds, len(content) / 1e6)


async def _drawn(stage: Stage) -> tuple[float, bytes]:
    async with stage.site() as site:
        await site.publish()
        async with site.database.reading() as c:
            draft = await drafts.draw_up(c, site.appeal, site.book, site.settings.base_url)
        begun, file = time.perf_counter(), io.BytesIO()
        drafts.archive(draft, {}, file)
        return time.perf_counter() - begun, file.getvalue()
