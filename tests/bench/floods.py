"""How long honest people wait while others misbehave: they sign from many networks at a fixed rate; all succeed."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.load import offer
from tests.bench.nuisance import NUISANCES
from tests.bench.report import Report, middle
from tests.bench.stage import Stage

CALM, RATE = "nothing", 100
NOTE = (
    f"{RATE} people sign every second, each of whom is answered as ever; waits as under *At an offered rate*. Who "
    "misbehaves runs on the same cores."
)


def measure(stage: Stage, kind: str, rounds: int, seconds: float, report: Report) -> None:
    """Measures each nuisance alone."""
    table = report.table("Misbehaviour", NOTE, "database | meanwhile | p50 ms | p99 ms | p99.9 ms")
    worst = 0.0
    with stage.serving() as web:
        for nuisance in (CALM, *NUISANCES):
            with _suffering(nuisance, web.address):
                loads = [offer(web.address, "sign", _word(), RATE, 2 * seconds)[0]["sign"] for _ in range(rounds)]
            waits = [middle([getattr(load, part) for load in loads]) for part in ("p50", "p99", "p999")]
            table.add(kind, nuisance, *waits)
            worst = max(worst, waits[1])
    report.figures[f"misbehaviour {kind}"] = worst


@contextmanager
def _suffering(nuisance: str, address: str) -> Iterator[None]:
    if nuisance == CALM:
        yield
        return
    command = [sys.executable, "-m", "tests.bench.nuisance", nuisance, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        if running.stdout.readline() != "begun\n":
            raise RuntimeError(f"{nuisance} could not begin")
        try:
            yield
        finally:
            running.kill()


def _word() -> str:
    return secrets.token_hex(4)
