"""Delivers the email of all campaigns in one process. One whose database is away keeps no other one waiting."""

import asyncio
import logging
from collections.abc import Sequence

from petition.commands.mail import deliver_until, set_by_signal
from petition.core.errors import PetitionError
from petition.core.safe_logging import describe_error
from petition.sites import said
from petition.sites.folder import NamedSite

RETRY_SECONDS = 5.0
log = logging.getLogger(__name__)


async def deliver_all(sites: Sequence[NamedSite]) -> None:
    stopping = set_by_signal()
    await asyncio.gather(*[_keep_delivering(site, stopping) for site in sites])


async def _keep_delivering(site: NamedSite, stopping: asyncio.Event) -> None:
    with said.about(site.name):
        told = False
        while not stopping.is_set():
            try:
                await deliver_until(site.settings, stopping)
            except (PetitionError, OSError) as error:
                if not told:
                    log.error("email waits: %s", error if isinstance(error, PetitionError) else describe_error(error))
                told = True
                await pause(stopping)


async def pause(stopping: asyncio.Event) -> None:
    """Until it is time for another try, or the process stops."""
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({stop}, timeout=RETRY_SECONDS)
    stop.cancel()
