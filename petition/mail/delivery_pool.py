"""Delivery in one process: as many deliverers as there is work for, each with its own connection.

`watch` runs every WATCH_SECONDS beside them.
"""

import asyncio
from collections.abc import Awaitable, Callable

from petition.core.background import repeat
from petition.mail.delivery import Deliverer

MAX_DELIVERERS = 8
WATCH_SECONDS = 1  # between two looks at the relays


class DeliveryPool:
    """Several deliverers. One always runs; others start while batches are full, and end when nothing is due."""

    def __init__(
        self,
        make_deliverer: Callable[[Callable[[], None]], Deliverer],
        watch: Callable[[], Awaitable[None]],
        max_deliverers: int = MAX_DELIVERERS,
    ) -> None:
        self._make_deliverer, self._watch = make_deliverer, watch
        self._max_deliverers = max_deliverers
        self._stopping = asyncio.Event()
        self._tasks: dict[Deliverer, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Delivers until stop(), and until every deliverer has recorded the result of its last email."""
        watching = asyncio.create_task(repeat(WATCH_SECONDS, self._watch, self._stopping))
        await self._start_deliverer(forever=True)
        await asyncio.gather(*self._tasks.values())
        await watching

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.gather(*[deliverer.stop() for deliverer in list(self._tasks)])

    def _on_full_batch(self) -> None:
        if len(self._tasks) < self._max_deliverers and not self._stopping.is_set():
            self._start_deliverer(forever=False)

    def _start_deliverer(self, *, forever: bool) -> "asyncio.Task[None]":
        deliverer = self._make_deliverer(self._on_full_batch)
        task = self._tasks[deliverer] = asyncio.create_task(deliverer.run(forever=forever))
        task.add_done_callback(lambda _: self._tasks.pop(deliverer))
        return task
