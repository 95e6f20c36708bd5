"""Signing, confirming and reading: at saturation beside the same route that stores nothing, and at a fixed rate.

A run counts only if the database agrees with the answers: as many submissions as 303s to /sign, as many signatures as
303s to /confirm.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.load import Load, offer, saturate
from tests.bench.report import Report, middle
from tests.bench.stage import Stage, cpu, memory
from tests.chaos.machines import Web

MIX = ("sign", "confirm", "tally")
FORMS, SIGNATURES = "select count(*) as n from submissions", "select coalesce(sum(n), 0) as n from journal"


@dataclass
class Rounds:
    """The results of several short rounds, in their order."""

    nothing: list[Load] = field(default_factory=list)
    sign: list[Load] = field(default_factory=list)
    mix: list[Load] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)  # CPU of the web workers per signature, microseconds
    offered: dict[str, list[Load]] = field(default_factory=lambda: {act: [] for act in MIX})
    memory: float = 0

    @property
    def ratio(self) -> float:
        """The rate of signing divided by the rate without writing; the median of the rounds."""
        return middle([s.rate / n.rate for s, n in zip(self.sign, self.nothing, strict=True)])


SATURATION = (
    "256 people who never rest, on kept connections, from a thousand networks. *nothing* is the same server and route "
    "that stores nothing; the ratio is taken round by round. *mix*: sign, confirm and tally.json in turn. *CPU* is "
    "what the web workers compute for one signature.",
    "database | signatures | nothing /s | sign /s | ratio | p50 ms | p99 ms | p99.9 ms | CPU µs | mix /s | mix p99 ms "
    "| MB per worker",
)
OFFERED = (
    "As many of each act every second, at random moments fixed beforehand; waits are counted from that moment, which "
    "corrects for coordinated omission.",
    "database | signatures | act | offered /s | p50 ms | p99 ms | p99.9 ms",
)
WAITS = ("p50", "p99", "p999")


def measure(stage: Stage, kind: str, signatures: int, rounds: int, seconds: float, rate: float, report: Report) -> None:
    """Measures all over a database that already holds so many signatures."""
    found = Rounds()
    with stage.serving() as web:
        with stage.serving("nothing") as floor:
            for _ in range(rounds):
                _saturated(stage, web, floor, seconds, found)
        tokens: list[str] = []
        for _ in range(rounds):
            _mixed(stage, web, seconds, found, tokens)
        for _ in range(rounds):
            _offered(stage, web, 2 * seconds, rate, found, tokens)
        found.memory = memory(web)
    _tell(found, kind, signatures, rate, report)


def _saturated(stage: Stage, web: Web, floor: Web, seconds: float, found: Rounds) -> None:
    before = stage.ask(FORMS)
    found.nothing.append(saturate(floor.address, "sign", _word(), seconds))
    _same(stage.ask(FORMS), before, "forms that nobody stored")
    computed = cpu(web)
    done = saturate(web.address, "sign", _word(), seconds)
    found.cost.append((cpu(web) - computed) / done.answers * 1e6)
    _same(stage.ask(FORMS), before + done.answers, "forms")
    found.sign.append(done)


def _mixed(stage: Stage, web: Web, seconds: float, found: Rounds, tokens: list[str]) -> None:
    file = _file(stage, tokens)
    forms, signed = stage.ask(FORMS), stage.ask(SIGNATURES)
    done = saturate(web.address, ",".join(MIX), _word(), seconds, file)
    pressed = (done.answers + 2) // 3  # confirm is the second of three acts in turn, and the first to start
    _same(stage.ask(FORMS), forms + done.answers // 3, "forms")
    _same(stage.ask(SIGNATURES), signed + pressed, "signatures")
    del tokens[:pressed]
    found.mix.append(done)


def _offered(stage: Stage, web: Web, seconds: float, rate: float, found: Rounds, tokens: list[str]) -> None:
    file = _file(stage, tokens)
    forms, signed = stage.ask(FORMS), stage.ask(SIGNATURES)
    done, _ = offer(web.address, ",".join(MIX), _word(), rate, seconds, file)
    _same(stage.ask(FORMS), forms + done["sign"].answers, "forms")
    _same(stage.ask(SIGNATURES), signed + done["confirm"].answers, "signatures")
    del tokens[: done["confirm"].answers]
    for act, load in done.items():
        found.offered[act].append(load)


def _word() -> str:
    """A word that makes the mailboxes of a run new."""
    return secrets.token_hex(4)


def _file(stage: Stage, tokens: list[str]) -> Path:
    """A file of the tokens that nobody has used yet, with the newest."""
    tokens += stage.tokens()
    file = stage.folder / "tokens"
    file.write_text("\n".join(tokens))
    return file


def _same(stored: int, expected: int, what: str) -> None:
    if stored != expected:
        raise RuntimeError(f"{stored} {what} are stored, {expected} were answered: this run does not count")


def _tell(found: Rounds, kind: str, signatures: int, rate: float, report: Report) -> None:
    rates = [middle([load.rate for load in loads]) for loads in (found.nothing, found.sign)]
    mixed = [middle([load.rate for load in found.mix]), middle([load.p99 for load in found.mix])]
    figures = [*rates, found.ratio, *_waits(found.sign), middle(found.cost), *mixed, found.memory]
    report.table("Signing at saturation", *SATURATION).add(kind, signatures, *figures)
    for act, loads in found.offered.items():
        report.table("At an offered rate", *OFFERED).add(kind, signatures, act, rate, *_waits(loads))
        report.figures[f"p99 {act} {kind}"] = _waits(loads)[1]
    report.figures[f"memory {kind}"] = max(found.memory, report.figures.get(f"memory {kind}", 0))
    report.figures.setdefault(f"sign {kind}", rates[1])  # the one with the fewest signatures, which comes first
    report.figures.setdefault(f"sign ratio {kind}", found.ratio)


def _waits(loads: list[Load]) -> list[float]:
    return [middle([getattr(load, part) for load in loads]) for part in WAITS]
