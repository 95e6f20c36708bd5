"""This process's copy of what pages need of the database, so that a page with a number on it asks no database."""

import asyncio
import time

from petition.errors import DatabaseError
from petition.site import Board, Site

KEPT = 5.0  # seconds; the snapshot itself is made once a minute


class Published:
    """Reads the board at most every few seconds; one reader, the others get the copy meanwhile."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._copy: Board | None = None
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def board(self) -> Board:
        """The copy. An old one outlives a database that is away. Raises DatabaseError without any."""
        copy = self._copy
        if copy is not None and (time.monotonic() < self._until or self._turn.locked()):
            return copy
        async with self._turn:
            if self._copy is None or time.monotonic() >= self._until:
                self._copy = await self._read()
            return self._copy

    async def _read(self) -> Board:
        self._until = time.monotonic() + KEPT
        try:
            return await self._site.board()
        except DatabaseError:
            if self._copy is None:
                raise
            return self._copy

    def forget(self) -> None:
        """The next reader asks the database."""
        self._until = 0.0
