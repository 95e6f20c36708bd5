"""Delivery in one process: as many deliverers as there is work for, each with its own connection, with one back-off."""

import asyncio
from collections.abc import Callable

from petition.mail.backoff import ProviderBackoff
from petition.mail.delivery import Deliverer

MAX_DELIVERERS = 8


class DeliveryPool:
    """Several deliverers. One always runs; others start while batches are full, and end when nothing is due."""

    def __init__(
        self,
        make_deliverer: Callable[[ProviderBackoff, Callable[[], None]], Deliverer],
        max_deliverers: int = MAX_DELIVERERS,
    ) -> None:
        self._make_deliverer = make_deliverer
        self._max_deliverers = max_deliverers
        self._backoff = ProviderBackoff()
        self._stopping = False
        self._tasks: dict[Deliverer, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Delivers until stop(), and until every deliverer has recorded the result of its last email."""
        await self._start_deliverer(forever=True)
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        self._stopping = True
        await asyncio.gather(*[deliverer.stop() for deliverer in list(self._tasks)])

    def _on_full_batch(self) -> None:
        if len(self._tasks) < self._max_deliverers and not self._stopping:
            self._start_deliverer(forever=False)

    def _start_deliverer(self, *, forever: bool) -> "asyncio.Task[None]":
        deliverer = self._make_deliverer(self._backoff, self._on_full_batch)
        task = self._tasks[deliverer] = asyncio.create_task(deliverer.run(forever=forever))
        task.add_done_callback(lambda _: self._tasks.pop(deliverer))
        return task
