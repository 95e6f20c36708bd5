"""What a hundred thousand people look at: the appeal and the tally, beside fixed bytes from the same server."""

import urllib.request

from tests.bench.floors import Headers
from tests.bench.load import Load, saturate
from tests.bench.report import Report, middle
from tests.bench.stage import Stage, cpu
from tests.chaos.machines import Web

FIXED, SAME = "fixed bytes", "fixed bytes, all headers"
PAGES = ("appeal", "tally")
NOTE = (
    "*fixed bytes*: the same server with the same settings and an application that sends a body of the appeal's size "
    "under two headers and does nothing else; *all headers*: the same with those that the appeal has, which protect "
    "people and cost the server's time. *CPU* is what the workers compute for one answer."
)


def measure(stage: Stage, kind: str, rounds: int, seconds: float, report: Report) -> None:
    """Measures each page at saturation, in turn with the floor."""
    table = report.table("Pages", NOTE, "database, workers | page | per second | ratio | p50 ms | p99 ms | CPU µs")
    found: dict[str, list[tuple[Load, float]]] = {page: [] for page in (FIXED, SAME, *PAGES)}
    with stage.serving() as web:
        size, headers = _sent(web.address)
        two = [pair for pair in headers if pair[0] in ("content-type", "content-length")]
        with (
            stage.serving("fixed", size=size, headers=two) as fixed,
            stage.serving("fixed", size=size, headers=headers) as same,
        ):
            for _ in range(rounds):
                found[FIXED].append(_costing(fixed, "appeal", seconds))
                found[SAME].append(_costing(same, "appeal", seconds))
                for page in PAGES:
                    found[page].append(_costing(web, page, seconds))
    floors = [load.rate for load, _ in found[FIXED]]
    for page, runs in found.items():
        ratio = middle([load.rate / floor for (load, _), floor in zip(runs, floors, strict=True)])
        loads, costs = [load for load, _ in runs], [cost for _, cost in runs]
        waits = [middle([getattr(load, part) for load in loads]) for part in ("p50", "p99")]
        table.add(f"{kind}, {stage.workers}", page, middle([one.rate for one in loads]), ratio, *waits, middle(costs))
        report.figures[f"page {page} {kind}"] = ratio
    pairs = zip(found["appeal"], found[SAME], strict=True)
    report.figures[f"dressed {kind}"] = middle([ours.rate / floor.rate for (ours, _), (floor, _) in pairs])


def _costing(web: Web, page: str, seconds: float) -> tuple[Load, float]:
    before = cpu(web)
    load = saturate(web.address, page, "", seconds)
    return load, (cpu(web) - before) / load.answers * 1e6


def _sent(address: str) -> tuple[int, Headers]:
    """How the appeal is sent to a browser: its size, and its headers without those that the server adds itself."""
    asked = urllib.request.Request(f"{address}/en/", headers={"Accept-Encoding": "br", "Host": "petition.example"})
    with urllib.request.urlopen(asked) as answer:
        named = [(name.lower(), value) for name, value in answer.getheaders()]
        return len(answer.read()), [pair for pair in named if pair[0] not in ("date", "server", "connection")]
