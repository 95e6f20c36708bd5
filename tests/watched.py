"""A writer over a real database that writes down what it does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.writer import Acts, Writer


class Watched(Connection):
    """A real connection that writes down its calls; nothing begins until its gate is open."""

    def __init__(self, real: Connection, ledger: "Ledger") -> None:
        super().__init__(real._raw, real.dialect)
        self.ledger = ledger

    async def begin(self) -> None:
        """Waits until the gate is open."""
        await self.ledger.gate.wait()
        self.ledger.asked.append("begin")
        await super().begin()

    async def commit(self) -> None:
        self.ledger.asked.append("commit")
        await super().commit()


class Ledger:
    """A writer over a real database, and what it did."""

    def __init__(self, database: Database) -> None:
        self.asked: list[str] = []
        self.connected = 0
        self.bad: set[int] = set()  # items whose statement the database refuses
        self.gate = asyncio.Event()
        self.gate.set()
        self._database = database
        self._act = Acts("noting")("noting")(self._note)
        self.writer = Writer(self._connect)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Watched]:
        self.connected += 1
        async with self._database._connection() as real:
            yield Watched(real, self)

    async def job(self, n: int) -> int:
        """Writes one job of its own."""

        async def run(c: Watched) -> int:
            self.asked.append(str(n))
            await c.execute("select 1")
            return n

        return await self.writer.write(run)

    async def item(self, n: int) -> int:
        """Writes one item of an act."""
        return await self.writer.join(self._act, n)

    async def _note(self, c: Watched, items: list[int]) -> list[int]:
        self.asked += map(str, items)
        await c.execute("insert into nowhere values (1)" if self.bad & {*items} else "select 1")
        return items


@asynccontextmanager
async def watched(database: Database) -> AsyncIterator[Ledger]:
    """A writer that is watched; its gate is opened at the end."""
    found = Ledger(database)
    try:
        yield found
    finally:
        found.gate.set()
        await found.writer.close()
