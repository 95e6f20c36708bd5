"""The letters: all of them as PDF in one ZIP; an edition of them in every format."""

import asyncio
import io
import random
import resource
import time
import zipfile
from dataclasses import replace

from petition.letters.editions import annexes, editions, source_checks
from petition.letters.editions import files as bundles
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Decisions
from petition.letters.formats import pdf, volume
from petition.letters.writing import annex
from petition.site import Site
from tests.bench.report import Report
from tests.bench.stage import Stage

NOTE = (
    "One process; its memory at the most. Two volumes of an annex are set at once, each in a process of its own. "
    "Goals: PDF 1.5 s; ZIP 5 s, 300 MB; annex 5 s, 400 MB."
)


def measure(stage: Stage, report: Report) -> None:
    """Seconds, sizes and memory."""
    table = report.table("Letters", NOTE, "what | files | seconds | MB | MB of memory")
    for row in asyncio.run(_drawn(stage)):
        table.add(*row)


async def _drawn(stage: Stage) -> list[tuple[str, int, float, float, float]]:
    async with stage.site() as site:
        await site.take_snapshot()
        async with site.database.reading() as c:
            draft = await site.current_draft(c)
        return [_letters(draft), await _edition(site, draft), await _annex(draft)]


def _letters(draft: Draft) -> tuple[str, int, float, float, float]:
    begun = time.perf_counter()
    made = list(pdf.render_all(map(draft.letter, draft.book.addressees)))
    return "PDF", len(made), time.perf_counter() - begun, sum(map(len, made)) / 1e6, _memory()


async def _edition(site: Site, draft: Draft) -> tuple[str, int, float, float, float]:
    choice = Decisions(frozenset(doubt.id for doubt in source_checks.stale_sources(draft)), frozenset())
    n = await editions.issue_edition(site.database, draft, choice, "bench")
    begun, content = time.perf_counter(), bytearray()
    edition, letters = await bundles.find_edition(site.database, str(n))
    async for chunk in bundles.stream_zip(site.database, edition, letters, site.index_signer):
        content += chunk
    files = len(zipfile.ZipFile(io.BytesIO(content)).namelist())
    return "ZIP of an edition", files, time.perf_counter() - begun, len(content) / 1e6, _memory()


async def _annex(draft: Draft) -> tuple[str, int, float, float, float]:
    """An annex of 100,000 names. Each volume is set in its own process: the memory is that of the largest one."""
    dice = random.Random(1)
    names = [" ".join("".join(dice.choices("aąbcćdeęioóuwyzźż", k=n)).title() for n in (6, 9)) for _ in range(100_000)]
    begun = time.perf_counter()
    whole = annex.compose_annex(draft.appeal, draft.text_folders, draft.book.find("PL"), names, draft.moment)
    checked = replace(whole, check_url="https://ultimatum.example.org/pl/letters/PL-1-names-1")  # so it is no preview
    made = await volume.render_volumes(list(annex.split_into_volumes(checked, annexes.NAMES_PER_VOLUME)))
    seconds = time.perf_counter() - begun
    return "annex of 100,000 names", len(made), seconds, sum(map(len, made)) / 1e6, _memory(resource.RUSAGE_CHILDREN)


def _memory(who: int = resource.RUSAGE_SELF) -> float:
    return resource.getrusage(who).ru_maxrss / 1024
