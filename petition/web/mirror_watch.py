"""`petition mirror --watch`: looks every two seconds, and makes the folder what the site publishes now."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from petition.core.background import repeat
from petition.site import Site
from petition.web import mirror
from petition.web.http import public_state
from petition.web.http.public_state import PublicState
from petition.web.mirror_folder import MirrorFolder

SECONDS = 2.0


class MirrorWatch:
    """It only reads the database: publishing is for the web server."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site, self._folder = site, MirrorFolder(folder)
        self._state: PublicState | None = None
        self._pages: dict[str, bytes] = {}

    async def look(self) -> int:
        """How many files were written or deleted. Raises PetitionError; nothing is lost, the next look does it all."""
        state = await public_state.read_public_state(self._site, self._state)
        if state != self._state:
            self._pages = await asyncio.to_thread(mirror.render_files, self._site, state)
            self._state = state
        of_features = await asyncio.to_thread(mirror.feature_files, self._site)
        return await asyncio.to_thread(self._folder.update, self._pages | of_features)

    async def look_again(self) -> None:
        await self.look()

    def close(self) -> None:
        self._folder.close()


async def watch(site: Site, folder: Path, started: Callable[[int], None]) -> None:
    """Until SIGTERM or SIGINT; what is being written then is written to its end. Raises DataError at the start."""
    watched, stopping = MirrorWatch(site, folder), asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    try:
        started(await watched.look())
        await repeat(SECONDS, watched.look_again, stopping)
    finally:
        watched.close()
