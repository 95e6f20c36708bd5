"""What a hundred thousand people look at: the appeal and the numbers, beside fixed bytes of the same server."""

import urllib.request

from tests.bench.load import Load, saturate
from tests.bench.report import Report, middle
from tests.bench.stage import Stage, cpu
from tests.chaos.machines import Web

PAGES = ("appeal", "tally")
NOTE = (
    "*fixed bytes*: the same server with the same settings and an application that sends a body of the appeal's size "
    "and does nothing else. *CPU* is what the workers compute for one answer."
)


def measure(stage: Stage, kind: str, rounds: int, seconds: float, report: Report) -> None:
    """Each page at saturation, in turn with the floor."""
    table = report.table("Pages", NOTE, "database, workers | page | per second | ratio | p50 ms | p99 ms | CPU µs")
    found: dict[str, list[tuple[Load, float]]] = {page: [] for page in ("fixed bytes", *PAGES)}
    with stage.serving() as web, stage.serving("fixed", size=_size(web.address)) as floor:
        for _ in range(rounds):
            found["fixed bytes"].append(_costing(floor, "appeal", seconds))
            for page in PAGES:
                found[page].append(_costing(web, page, seconds))
    floors = [load.rate for load, _ in found["fixed bytes"]]
    for page, runs in found.items():
        ratio = middle([load.rate / floor for (load, _), floor in zip(runs, floors, strict=True)])
        loads, costs = [load for load, _ in runs], [cost for _, cost in runs]
        waits = [middle([getattr(load, part) for load in loads]) for part in ("p50", "p99")]
        table.add(f"{kind}, {stage.workers}", page, middle([one.rate for one in loads]), ratio, *waits, middle(costs))
        report.figures[f"{page} {kind}"] = ratio


def _costing(web: Web, page: str, seconds: float) -> tuple[Load, float]:
    before = cpu(web)
    load = saturate(web.address, page, "", seconds)
    return load, (cpu(web) - before) / load.answers * 1e6


def _size(address: str) -> int:
    """Of the appeal as it is sent to a browser."""
    asked = urllib.request.Request(f"{address}/en/", headers={"Accept-Encoding": "br", "Host": "petition.example"})
    with urllib.request.urlopen(asked) as answer:
        return len(answer.read())
