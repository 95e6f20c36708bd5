"""Sends crowds to a server and reads their results: wrk at saturation, our own (crowd.py) at a fixed rate."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECTIONS = 256
WRK = shutil.which("wrk")


@dataclass(frozen=True, slots=True)
class Load:
    """The answers a crowd got; latencies in milliseconds."""

    answers: int
    rate: float
    p50: float
    p99: float
    p999: float


def generator() -> str:
    return "wrk" if WRK else "tests/bench/crowd.py, since wrk is missing: it takes half a core from the server"


def saturate(address: str, acts: str, run: str, seconds: float, tokens: Path | None = None) -> Load:
    """As many answers as CONNECTIONS people get who never pause. Raises RuntimeError if a request got no answer."""
    if WRK is None:
        told, times = _crowd(address, acts, run, seconds, tokens, f"--connections={CONNECTIONS}")
        return _load([one for act in times.values() for one in act], seconds)
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds + 1:.0f}s", "--timeout=30s"]
    script = ["-s", str(Path(__file__).with_name("visitors.lua")), address, "--", acts, run, str(seconds)]
    told = _told([WRK, *options, *script, *([str(tokens)] if tokens else [])], seconds)
    return Load(told["answers"], told["answers"] / seconds, told["p50"], told["p99"], told["p999"])


def offer(
    address: str, acts: str, run: str, rate: float, seconds: float, tokens: Path | None = None
) -> tuple[dict[str, Load], float]:
    """Sends `rate` of each act per second, even if the server falls behind. Returns each act's load and the start."""
    told, times = _crowd(address, acts, run, seconds, tokens, f"--rate={rate}")
    return {act: _load(found, seconds) for act, found in times.items()}, told["begun"]


def _crowd(
    address: str, acts: str, run: str, seconds: float, tokens: Path | None, how: str
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    command = [sys.executable, "-m", "tests.bench.crowd", address, acts, run, str(seconds), how]
    told = _told([*command, *(["--tokens", str(tokens)] if tokens else [])], seconds)
    return told, told["times"]


def _told(command: list[str], seconds: float) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 90)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stdout + done.stderr)[-500:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if told["refused"] or told["lost"]:
        raise RuntimeError(f"{told['refused']} were refused and {told['lost']} lost: this run does not count")
    return told


def _load(times: list[float], seconds: float) -> Load:
    return Load(len(times), len(times) / seconds, *(percentile(times, part) for part in (0.5, 0.99, 0.999)))


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of all values does not exceed (nearest rank)."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]
