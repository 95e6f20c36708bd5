"""Jobs that run beside requests and deliveries, again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from petition.core.errors import PetitionError

log = logging.getLogger(__name__)


async def repeat(seconds: float, job: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Runs a job at once and then every so many seconds. A failure is logged, and the job runs again next time."""
    while not stopping.is_set():
        try:
            await job()
        except PetitionError as error:
            log.warning("%s", error)
        except Exception as error:  # its text may quote personal data
            log.error("%s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
