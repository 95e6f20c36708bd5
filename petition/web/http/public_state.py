"""What this process publishes: one moment of the database, and all that was made of it beforehand.

Visitors get it without asking the database. It is looked at anew every few seconds, and made anew if it changed.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from petition.campaign.campaign import State
from petition.core import clock
from petition.core.errors import DatabaseError
from petition.letters import correspondence
from petition.letters.correspondence import Entry
from petition.site import Board, Site
from petition.tally import history
from petition.web.http.prerendered import Made, Stock

Make = Callable[[Site, "Moment", Mapping[str, Made]], Mapping[str, Made]]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that public pages show and that can change."""

    board: Board
    state: State
    today: date  # UTC: countdowns move at midnight
    entries: dict[str, Entry]  # what governments answered
    hours: list[tuple[str, int]]
    days: list[tuple[str, str, int]]


class Published:
    """The moment, and the stock of what was made of it."""

    def __init__(self, site: Site, make: Make, stock: Stock, moment: Moment) -> None:
        self._site, self._make, self._stock, self._moment = site, make, stock, moment
        self._turn = asyncio.Lock()
        self._begun = 0

    @property
    def board(self) -> Board:
        """The published numbers and the form's rules, a few seconds behind at most."""
        return self._moment.board

    async def renew(self) -> None:
        """Looks at the database and makes everything anew if something changed; the old is served meanwhile.

        There is one maker. Whoever calls while it works waits for one more round, shared by all who wait: what
        they have just written may have come too late for this one. While the database is away the old stays.
        """
        called = self._begun
        async with self._turn:
            if self._begun == called:
                self._begun += 1
                with suppress(DatabaseError):
                    await self._renew()

    async def _renew(self) -> None:
        moment = await read(self._site, self._moment)
        if moment != self._moment:
            await _fill(self._stock, self._make, self._site, moment)
            self._moment = moment


async def first(site: Site, make: Make, stock: Stock) -> Published:
    """Fills the stock for the first time. Raises DatabaseError if the database is away."""
    moment = await read(site)
    await _fill(stock, make, site, moment)
    return Published(site, make, stock, moment)


async def _fill(stock: Stock, make: Make, site: Site, moment: Moment) -> None:
    stock.made = await asyncio.to_thread(make, site, moment, stock.made)  # a thread: visitors do not wait for it


async def read(site: Site, before: Moment | None = None) -> Moment:
    """What the database has to show now; the history of the moment before, if it is the same still."""
    async with site.database.reading() as c:
        board, entries = await site.board(c), await correspondence.entries(c)
        if before is not None and before.board.snapshot == board.snapshot:
            hours, days = before.hours, before.days  # long, and written only with a snapshot
        else:
            hours, days = await history.history(c)
    return Moment(board, site.state(), clock.today(), entries, hours, days)
