"""Jobs that run beside requests and deliveries, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from math import inf

from petition.core import clock
from petition.core.errors import PetitionError
from petition.core.repeated_errors import COUNT_SECONDS, MAX_KINDS, OTHER, say_times

RARE_SECONDS = 60
log = logging.getLogger(__name__)


async def repeat(seconds: float, job: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Runs a job at once and then every so many seconds. A failure is logged, and the job runs again next time."""
    failures = _Failures(_name(job), rare=seconds >= RARE_SECONDS)
    while not stopping.is_set():
        failures.note(await _failure(job))
        with suppress(TimeoutError):  # the time is over: once more
            await asyncio.wait_for(stopping.wait(), seconds)


def _name(job: Callable[..., object]) -> str:
    """As in the code, such as `Site.prune`: an error often does not tell which job it stopped."""
    function = job.func if isinstance(job, partial) else job
    return str(getattr(function, "__qualname__", type(function).__name__))


class LastRuns:
    """When each job of this process has last worked, and how often it runs, by its name."""

    def __init__(self) -> None:
        self._worked_at: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    def watch(self, seconds: float, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The same job, under the same name; each time that it has worked is noted."""
        name = _name(job)
        self.seconds[name] = seconds

        async def run() -> None:
            await job()
            self._worked_at[name] = clock.running_seconds()

        run.__qualname__ = name
        return run

    def ages(self) -> dict[str, float]:
        """Seconds since each job has worked; +Inf for one that never has."""
        now = clock.running_seconds()
        return {name: now - self._worked_at[name] if name in self._worked_at else inf for name in self.seconds}


class _Failures:
    """Of one job. Each reason is logged once, until nothing has failed for ten seconds; of a rare job each time."""

    def __init__(self, job: str, *, rare: bool) -> None:
        self._job, self._rare = job, rare
        self._said: set[str] = set()
        self._count, self._first_at, self._last_at = 0, 0, 0

    def note(self, failure: str) -> None:
        """`failure` is empty if the job worked."""
        now = clock.running_seconds()
        if failure:
            self._say(failure if len(self._said) < MAX_KINDS else OTHER)
            self._first_at = self._first_at if self._count else now
            self._count, self._last_at = self._count + 1, now
        elif self._count and now - self._last_at >= COUNT_SECONDS:
            took = now - self._first_at
            log.warning("%s works again: it failed %s in %d s.", self._job, say_times(self._count), took)
            self._said, self._count = set(), 0

    def _say(self, failure: str) -> None:
        if self._rare or failure not in self._said:
            log.warning("%s failed: %s", self._job, failure)
        self._said.add(failure)


async def _failure(job: Callable[[], Awaitable[None]]) -> str:
    try:
        await job()
    except PetitionError as error:
        return str(error)
    except Exception as error:  # its text may quote personal data
        return type(error).__name__
    return ""
