"""What concerns one process and its machine, in steps that tell nothing about one person who signs."""

import os
import resource
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from petition.core.background import LastRuns

DISK_STEP = 64 << 20  # bytes: those of some ten thousand signatures
MEMORY_STEP = 8 << 20
CPU_STEP = 10  # seconds: those of thousands of visits
LAG_STEP = 0.1  # seconds
LAG_INTERVAL = 1.0
_STARTED = int(time.time())


class LoopLag:
    """How late the event loop wakes up who wants to be woken after LAG_INTERVAL."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last = 0.0
        self._lags: deque[float] = deque(maxlen=60)

    async def measure(self) -> None:
        """Runs every LAG_INTERVAL."""
        now = self._monotonic()
        if self._last:
            self._lags.append(now - self._last - LAG_INTERVAL)
        self._last = now

    def longest(self) -> float:
        return round(max(self._lags, default=0.0) // LAG_STEP * LAG_STEP, 1)


def free_bytes(folder: Path) -> int:
    """On the disk that the folder is on, or would be on."""
    folder = folder.resolve()
    return in_steps(shutil.disk_usage(next(p for p in (folder, *folder.parents) if p.is_dir())).free, DISK_STEP)


def bytes_in(folder: Path) -> int:
    """Of the database and its log, which lie in this folder."""
    return in_steps(sum(file.stat().st_size for file in folder.glob("petition.db*")), DISK_STEP)


def figures() -> Iterator[Metric]:
    """Under the names that all programs have for them."""
    cpu = CounterMetricFamily("process_cpu_seconds", "Processor time of this process, in steps.")
    cpu.add_metric([], in_steps(int(time.process_time()), CPU_STEP))
    yield cpu
    gauge = GaugeMetricFamily
    yield gauge("process_start_time_seconds", "When this process has started.", _STARTED)
    yield gauge("process_resident_memory_bytes", "Memory of this process, in steps.", in_steps(_memory(), MEMORY_STEP))
    yield gauge("process_open_fds", "Open files and connections, in tens.", in_steps(_open_files(), 10))
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield gauge("process_max_fds", "How many this process may have open.", most)


def job_figures(runs: LastRuns) -> Iterator[Metric]:
    """Of the jobs that run beside the requests of this process."""
    age = "Time since a job of this process has worked; +Inf if it never has."
    ages = GaugeMetricFamily("petition_task_age_seconds", age, labels=("task",))
    intervals = GaugeMetricFamily("petition_task_interval_seconds", "How often it runs.", labels=("task",))
    for name, seconds in runs.ages().items():
        ages.add_metric([name], seconds)
        intervals.add_metric([name], runs.seconds[name])
    yield from (ages, intervals)


def _memory() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def in_steps(n: int, step: int) -> int:
    return n // step * step
