"""Delivery: emails per second of one process, and how long the first email takes while hundreds of people sign."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from petition.core.email_addresses import EmailAddress
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from tests.bench.crowd import mailbox, schedule
from tests.bench.load import offer, percentile
from tests.bench.report import Report
from tests.bench.stage import Stage, cpu

MAILS, BATCH = 6000, 300
BACKLOG, OUTAGE_SECONDS = 9900, 70
RATES = (350, 500)
SECONDS = 12
SPEED = "`petition deliver`, one process, with a full outbox and a relay that takes everything at once."
RETURN = "The relay was away for 70 seconds while the emails waited; seconds from the moment it listens again."
FIRST = (
    "From the moment somebody signs to the moment the relay has their mail; web server, deliverer and relay at once."
)


class Sink:
    """A relay, as its own process, that only accepts."""

    def __init__(self, file: Path, pause: float = 0.0, port: int = 0) -> None:
        self._file = file
        command = [sys.executable, "-m", "tests.bench.sink", str(file), str(pause), str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"smtp://127.0.0.1:{int(self.process.stdout.readline())}?tls=no"

    def taken(self) -> list[tuple[float, str]]:
        """(seconds since 1970, address) of each email, in the order of arrival."""
        lines = self._file.read_text().splitlines(keepends=True)
        return [(float(line.split()[0]), line.split()[1]) for line in lines if line.endswith("\n")]

    def wait(self, mails: int) -> None:
        """Waits until so many emails have come; raises RuntimeError after two minutes."""
        end = time.monotonic() + 120
        while (come := len(self.taken())) < mails:
            if time.monotonic() > end:
                raise RuntimeError(f"{come} of {mails} mails came")
            time.sleep(0.1)


@contextmanager
def sinking(folder: Path, pause: float = 0.0, port: int = 0) -> Iterator[Sink]:
    """`pause`: seconds that the relay needs for each email; `port`: 0 for a free one."""
    sink = Sink(folder / "taken", pause, port)
    try:
        yield sink
    finally:
        sink.process.terminate()
        sink.process.wait(timeout=30)


def measure(stage: Stage, sink: Sink, kind: str, report: Report) -> None:
    """Measures both; the outbox is empty before and after."""
    asyncio.run(_fill(stage))
    with stage.delivering() as deliverer:
        sink.wait(MAILS // 10)
        before, computed = len(sink.taken()), cpu(deliverer)
        sink.wait(MAILS)
        taken, computed = sink.taken(), cpu(deliverer) - computed
    rate = (len(taken) - before) / (taken[-1][0] - taken[before - 1][0])
    table = report.table("Mails per second", SPEED, "database | per second | CPU µs per mail")
    table.add(kind, rate, computed / (len(taken) - before) * 1e6)
    report.figures[f"mail {kind}"] = rate
    with stage.serving() as web, stage.delivering():
        _waits(web.address, sink, 20, 1)  # waits until the deliverer is up
        for offered in RATES:
            waits = _waits(web.address, sink, offered, SECONDS)
            table = report.table("First mail", FIRST, "database | signs /s | p50 s | p99 s | longest s")
            table.add(kind, offered, percentile(waits, 0.5), percentile(waits, 0.99), max(waits))
            report.figures[f"first mail {kind}"] = percentile(waits, 0.99)


def measure_return(stage: Stage, folder: Path, port: int, kind: str, report: Report) -> None:
    """How long it takes until the last of many emails has left, once a relay is back on its port."""
    asyncio.run(_fill(stage, BACKLOG))
    with stage.delivering():
        time.sleep(OUTAGE_SECONDS)
        with sinking(folder, port=port) as sink:
            back = time.time()
            sink.wait(BACKLOG)
            moments = sorted(moment - back for moment, _ in sink.taken())
    table = report.table("Back again", RETURN, "database | emails | first s | half s | last s")
    table.add(kind, BACKLOG, moments[0], percentile(moments, 0.5), moments[-1])
    report.figures[f"back again {kind}"] = moments[-1]


async def _fill(stage: Stage, mails: int = MAILS) -> None:
    async with stage.site() as site:
        for _ in range(mails // BATCH):
            people = [f"{secrets.token_hex(6)}@example.net" for _ in range(BATCH)]
            signings = [SigningRequest(EmailAddress(one, one), "PL", None, False, "bench", "en") for one in people]
            forms = [submissions.prepare_submission(site.server_keys, signing) for signing in signings]
            await site.database.write(partial(submissions.sign, items=forms))


def _waits(address: str, sink: Sink, rate: float, seconds: float) -> list[float]:
    """Seconds from the moment a person came to sign until the relay had their email."""
    before, run = len(sink.taken()), secrets.token_hex(4)
    _, begun = offer(address, "sign", run, rate, seconds)
    due = {mailbox(run, n): begun + second for second, _, n in schedule(["sign"], run, rate, seconds)}
    sink.wait(before + len(due))
    return [moment - due[to] for moment, to in sink.taken()[before:]]
