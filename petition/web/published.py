"""This process's copy of the published numbers, so that a page with a number on it asks no database."""

import asyncio
import time

from petition.errors import DatabaseError
from petition.site import Site
from petition.tally import Snapshot

KEPT = 5.0  # seconds; the snapshot itself is made once a minute


class Published:
    """Reads the snapshot at most every few seconds; one reader, the others get the copy meanwhile."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._copy: Snapshot | None = None
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def snapshot(self) -> Snapshot:
        """The numbers. An old copy outlives a database that is away. Raises DatabaseError without any."""
        copy = self._copy
        if copy is not None and (time.monotonic() < self._until or self._turn.locked()):
            return copy
        async with self._turn:
            if self._copy is None or time.monotonic() >= self._until:
                self._copy = await self._read()
            return self._copy

    async def _read(self) -> Snapshot:
        self._until = time.monotonic() + KEPT
        try:
            return await self._site.snapshot()
        except DatabaseError:
            if self._copy is None:
                raise
            return self._copy

    def forget(self) -> None:
        """The next reader asks the database."""
        self._until = 0.0
