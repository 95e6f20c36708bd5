"""What a signature costs with one, two and three app processes on this machine: `python -m tests.bench.processes`.

The same forms a second are offered to all of them, each email is delivered, and each link is used. Every process is a
machine of its own: it serves, delivers, and has its own outbox keys. They share one PostgreSQL. A run counts only if
the relay, the database and the answers agree. Results: docs/scale.md.
"""

import argparse
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres, relay
from tests.bench.load import Load, offer
from tests.bench.signing import FORMS, SIGNATURES
from tests.bench.stage import Stage, cpu
from tests.chaos.crowd import link, until
from tests.chaos.machines import Web
from tests.postgres import Server
from tests.relay import Relay
from tests.shell import Shell

REST_SECONDS = 10
HEAD = "processes | signatures | CPU µs per signature | ratio | PostgreSQL µs | at rest, ms/s | p99 ms: sign | confirm"


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU of all app processes and of PostgreSQL for all signatures; `rest`: of the apps, in a second."""

    signatures: int
    apps: float
    database: float
    rest: float
    sign: float  # p99, milliseconds
    confirm: float


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.processes", description=__doc__)
    parser.add_argument("--rate", type=float, default=120, help="forms a second, then confirmations a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--most", type=int, default=3, help="processes")
    given = parser.parse_args()
    print(f"| {HEAD} |\n| {' | '.join(['---:'] * len(HEAD.split(' | ')))} |", flush=True)
    first = 0.0
    for n in range(1, given.most + 1):
        cost = _measure(n, given.rate, given.seconds)
        each = cost.apps / cost.signatures * 1e6
        first = first or each
        figures = (
            f"{each:.0f} | {each / first:.2f} | {cost.database / cost.signatures * 1e6:.0f} | {cost.rest * 1e3:.0f}"
        )
        print(f"| {n} | {cost.signatures} | {figures} | {cost.sign:.0f} | {cost.confirm:.0f} |", flush=True)


def _measure(processes: int, rate: float, seconds: float) -> Cost:
    with (
        tempfile.TemporaryDirectory(prefix="petition-bench-") as name,
        postgres.server() as server,
        relay.running() as smtp,
        _running(Path(name), f"{server.url}/postgres", smtp, processes) as (stage, webs),
    ):
        _visit(stage, webs, smtp, rate, 2)  # everything is loaded, every connection is open
        before = _apps(webs)
        time.sleep(REST_SECONDS)
        rest = (_apps(webs) - before) / REST_SECONDS
        signed, apps, database = stage.ask(SIGNATURES), _apps(webs), _cpu(server)
        sign, confirm = _visit(stage, webs, smtp, rate, seconds)
        return Cost(
            stage.ask(SIGNATURES) - signed, _apps(webs) - apps, _cpu(server) - database, rest, sign.p99, confirm.p99
        )


@contextmanager
def _running(folder: Path, url: str, smtp: Relay, processes: int) -> Iterator[tuple[Stage, list[Web]]]:
    """All are ready."""
    stage = Stage(folder, url, smtp.url)
    same = {name: value for name, value in stage.shell.environment.items() if name.startswith("PETITION_")}
    with ExitStack() as stack:
        webs = []
        for n in range(processes):
            own = folder / str(n)
            own.mkdir()
            web = Web(
                Shell(own, **same | {"PETITION_VAR": str(own / "var"), "PETITION_OUTBOX_KEYS": str(own / "keys")})
            )
            stack.callback(web.stop)
            web.start()
            webs.append(web)
        yield stage, webs


def _visit(stage: Stage, webs: list[Web], smtp: Relay, rate: float, seconds: float) -> tuple[Load, Load]:
    """Everybody signs, gets the email, and confirms. The loads of the slowest process."""
    begun, forms, signed = len(smtp.mails), stage.ask(FORMS), stage.ask(SIGNATURES)
    sign = _offer(webs, "sign", rate, seconds, [])
    answers = sum(load.answers for load in sign)
    until(lambda: len(smtp.mails) >= begun + answers, "all emails", 300)
    tokens = [link(mail).rpartition("/")[2] for mail in smtp.mails[begun:]]
    confirm = _offer(webs, "confirm", rate, seconds, tokens)
    found = (len(tokens), stage.ask(FORMS) - forms, stage.ask(SIGNATURES) - signed)
    if found != (answers,) * 3 or sum(load.answers for load in confirm) != answers:
        raise RuntimeError(f"{answers} forms were taken; emails, rows, signatures: {found}: this run does not count")
    return max(sign, key=lambda load: load.p99), max(confirm, key=lambda load: load.p99)


def _offer(webs: list[Web], act: str, rate: float, seconds: float, tokens: list[str]) -> list[Load]:
    """At all processes at once, each its part. Links are used at any process, wherever the form was taken."""
    share = rate / len(webs)
    at_each = int(share * seconds)

    def one(n: int) -> Load:
        file = webs[n].shell.folder / "tokens"
        file.write_text("\n".join(tokens[n * at_each : (n + 1) * at_each]))
        return offer(webs[n].address, act, secrets.token_hex(4), share, seconds, file)[0][act]

    with ThreadPoolExecutor(len(webs)) as apart:
        return list(apart.map(one, range(len(webs))))


def _apps(webs: list[Web]) -> float:
    return sum(map(cpu, webs))


def _cpu(server: Server) -> float:
    """Seconds of CPU of PostgreSQL so far, with the processes that have ended."""
    assert server.process is not None
    pids = [server.process.pid, *server.children()]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    ended = sum(int(part) for part in fields[0][13:15])
    return (ended + sum(int(each[11]) + int(each[12]) for each in fields)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
