"""What needs the real clock: a stranger times a real server, and their own emails from a real deliverer.

`python -m tests.adversary [TRIALS]`, or `make adversary`. In each trial the stranger fills in the form for their first
mailbox, three times for a person, and for their second mailbox. Half of the persons have used up their quota.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.protection.proof_of_work import ProofMode
from tests.adversary.distinguisher import Event, Observation, distinguish
from tests.bench.mail import Sink, sinking
from tests.bench.stage import Stage, database

TRIALS = 2000  # of each world; half of them are judged
PER_SECOND = 8
RELAY_SECONDS = 0.005  # for each email, as a relay that syncs its disk


@dataclass
class Trial:
    name: str
    signed: bool
    begun: float = 0.0
    answers: list[float] = field(default_factory=list)  # milliseconds of the answers about the person

    def forms(self) -> list[str]:
        return [f"first-{self.name}", *[f"person-{self.name}"] * 3, f"second-{self.name}"]


async def _post(address: str, name: str) -> float:
    """Sends the form from a network of its own. Returns the milliseconds of the answer."""
    host, _, port = address.removeprefix("http://").partition(":")
    n = random.Random(name).randrange(2**22)
    body = f"email={name}%40m{n % 1000}.example.net&country=PL&consent=on"  # no domain gets more than its share
    head = [
        "POST /en/sign HTTP/1.1",
        "Host: petition.example",
        f"X-Forwarded-For: 10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
        "X-Forwarded-Proto: https",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    reader, writer = await asyncio.open_connection(host, int(port))
    begun = time.perf_counter()
    writer.write("\r\n".join([*head, "", body]).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    took = (time.perf_counter() - begun) * 1000
    writer.close()
    if b" 303 " not in answer:
        raise RuntimeError(answer.decode("latin-1").splitlines()[0])
    return took


async def _attack(address: str, trials: list[Trial]) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    under_way = []
    for n, trial in enumerate(trials):
        await asyncio.sleep(max(0.0, start + n / PER_SECOND - loop.time()))
        under_way.append(asyncio.create_task(_try(address, trial)))
    await asyncio.gather(*under_way)


async def _try(address: str, trial: Trial) -> None:
    trial.begun = time.time()
    for name in trial.forms():
        took = await _post(address, name)
        if name.startswith("person"):
            trial.answers.append(took)


async def _use_up_quotas(address: str, trials: list[Trial]) -> None:
    for trial in trials:
        if trial.signed:
            await asyncio.gather(*[_post(address, f"person-{trial.name}") for _ in range(3)])


async def _ask_for_no_work(c: Connection) -> None:
    await switches.change(c, await switches.get(c, switches.PROOF), ProofMode.OFF, "marta")


@contextmanager
def _running(kind: str) -> Iterator[tuple[str, Sink, Stage]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = stack.enter_context(sinking(folder, RELAY_SECONDS))
        stage = Stage(folder, stack.enter_context(database(kind, folder)), sink.url)
        asyncio.run(_write(stage))
        web = stack.enter_context(stage.serving())
        stack.enter_context(stage.delivering())
        yield web.address, sink, stage


async def _write(stage: Stage) -> None:
    async with stage.site() as site:
        await site.database.write(_ask_for_no_work)


def _observe(trials: list[Trial], sink: Sink) -> Iterator[tuple[Trial, Observation, Observation]]:
    """What the stranger sees in each trial: the times of their own emails, and of the answers about the person."""
    came = {to.partition("@")[0]: moment for moment, to in sink.taken()}
    for trial in trials:
        own = sorted((came[f"{kind}-{trial.name}"], kind) for kind in ("first", "second"))
        emails: list[Event] = [(moment - trial.begun, kind, 0) for moment, kind in own]
        yield trial, emails, [(took, "answer", 0) for took in trial.answers]


def _measure(kind: str, n: int, seed: int) -> None:
    chance = random.Random(seed)
    trials = [Trial(f"{seed}x{k}", signed=k % 2 == 0) for k in range(2 * n)]
    chance.shuffle(trials)
    with _running(kind) as (address, sink, _):
        asyncio.run(_use_up_quotas(address, trials))
        sink.wait(3 * n)
        asyncio.run(_attack(address, trials))
        sink.wait(3 * n + 2 * 2 * n + 3 * n)  # two of the stranger's in each trial, three to each fresh person
        seen = list(_observe(trials, sink))
    for title, views in (("own emails", [one[1] for one in seen]), ("answers", [one[2] for one in seen])):
        fresh = [view for (trial, _, _), view in zip(seen, views, strict=True) if not trial.signed]
        signed = [view for (trial, _, _), view in zip(seen, views, strict=True) if trial.signed]
        verdict = distinguish(fresh, signed)
        print(f"| {kind} | {title} | {verdict.feature} | {verdict.auc:.3f} | {verdict.n} | {seed} |", flush=True)


if __name__ == "__main__":
    print("| database | what | best feature | AUC | n of each world | seed |\n| --- | --- | --- | --- | --- | --- |")
    for kind in ("sqlite", "postgresql"):
        _measure(kind, int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS, seed=random.randrange(10**6))
