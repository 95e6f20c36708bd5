"""Jobs that run beside requests and deliveries, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from petition.core.errors import PetitionError

RARE_SECONDS = 60
log = logging.getLogger(__name__)


async def repeat(seconds: float, job: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Runs a job at once and then every so many seconds. A failure is logged, and the job runs again next time."""
    before = ""
    while not stopping.is_set():
        failure = await _failure(job)
        if failure and (failure != before or seconds >= RARE_SECONDS):  # not each second of an outage
            log.warning("%s", failure)
        before = failure
        with suppress(TimeoutError):  # the time is over: once more
            await asyncio.wait_for(stopping.wait(), seconds)


async def _failure(job: Callable[[], Awaitable[None]]) -> str:
    try:
        await job()
    except PetitionError as error:
        return str(error)
    except Exception as error:  # its text may quote personal data
        return type(error).__name__
    return ""
