"""Jobs that run beside requests and deliveries, again and again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from petition.core.errors import PetitionError
from petition.core.repeated_errors import COUNT_SECONDS

RARE_SECONDS = 60
log = logging.getLogger(__name__)


async def repeat(seconds: float, job: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Runs a job at once and then every so many seconds. A failure is logged, and the job runs again next time."""
    failures = _Failures(rare=seconds >= RARE_SECONDS)
    while not stopping.is_set():
        failures.note(await _failure(job))
        with suppress(TimeoutError):  # the time is over: once more
            await asyncio.wait_for(stopping.wait(), seconds)


class _Failures:
    """Of one job. Each reason is logged once, until nothing has failed for ten seconds; of a rare job each time."""

    def __init__(self, *, rare: bool) -> None:
        self._rare = rare
        self._said: set[str] = set()
        self._count, self._last_at = 0, 0.0

    def note(self, failure: str) -> None:
        """`failure` is empty if the job worked."""
        if failure:
            if self._rare or failure not in self._said:
                log.warning("%s", failure)
            self._said.add(failure)
            self._count, self._last_at = self._count + 1, time.monotonic()
        elif self._count and time.monotonic() - self._last_at >= COUNT_SECONDS:
            log.warning("A job works again, after %d failures: %s", self._count, " ".join(sorted(self._said)))
            self._said, self._count = set(), 0


async def _failure(job: Callable[[], Awaitable[None]]) -> str:
    try:
        await job()
    except PetitionError as error:
        return str(error)
    except Exception as error:  # its text may quote personal data
        return type(error).__name__
    return ""
