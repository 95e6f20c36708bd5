"""Delivery of one process: as many lanes as there is work for, over one relay each, with one common pace."""

import asyncio
from collections.abc import Callable

from petition.mail.backoff import ProviderBackoff
from petition.mail.delivery import Deliverer

LANES = 8


class Lanes:
    """Deliverers side by side. One always looks; more begin while a batch is full, and end when nothing is due."""

    def __init__(self, lane: Callable[[ProviderBackoff, Callable[[], None]], Deliverer], most: int = LANES) -> None:
        self._lane = lane
        self._most = most
        self._pace = ProviderBackoff()
        self._stopping = False
        self._under_way: dict[Deliverer, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Delivers until stop(), and until every lane has written down what became of the mail in its hand."""
        await self._begin(lasting=True)
        await asyncio.gather(*self._under_way.values())

    async def stop(self) -> None:
        """Ends run(); see Deliverer.stop."""
        self._stopping = True
        await asyncio.gather(*[deliverer.stop() for deliverer in list(self._under_way)])

    def _more(self) -> None:
        if len(self._under_way) < self._most and not self._stopping:
            self._begin(lasting=False)

    def _begin(self, *, lasting: bool) -> "asyncio.Task[None]":
        deliverer = self._lane(self._pace, self._more)
        task = self._under_way[deliverer] = asyncio.create_task(deliverer.run(forever=lasting))
        task.add_done_callback(lambda _: self._under_way.pop(deliverer))
        return task
