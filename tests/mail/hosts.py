"""Several machines on one database: each with a folder of keys, and processes that do what `petition serve` does."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database, open_database
from petition.core.encryption import ServerKeys
from petition.mail import key_rotation, outbox
from petition.mail.machines import Machine
from tests.conftest import Clock
from tests.mail.test_outbox import EMAIL_KEY, claim, make_server_keys, put


class Host:
    """One process on a machine; `given_back`: the submissions of emails that were dropped."""

    def __init__(self, database: Database, folder: Path, email_key: str = EMAIL_KEY) -> None:
        self.database, self.folder, self.email_key = database, folder, email_key
        self.given_back: list[str] = []
        self.start()

    def start(self) -> None:
        """A new process with the same folder."""
        self.keys: ServerKeys = make_server_keys(self.folder, self.email_key)
        self.machine = Machine(self.database, self.keys, self._give_back)
        self.name = self.keys.outbox.machine

    async def _give_back(self, _: Connection, *, ids: list[str]) -> None:
        self.given_back += ids

    async def put(self, *people: str) -> None:
        """Each of the people signs here."""
        for person in people:
            await put(self.database, self.keys, f"{person}@example.org")

    async def hourly(self) -> None:
        """What `petition serve` does every hour."""
        await key_rotation.rotate_keys(self.database, self.keys, self._give_back)
        await self.machine.drop_unreadable()

    async def deliver(self, arrived: Counter[str]) -> None:
        """Sends all that is due and that this machine can open."""
        while emails := await claim(self.database, self.keys):
            for email in emails:
                arrived[email.to.partition("@")[0]] += 1
                await self.database.join(outbox.mark_sent, email.id)

    async def claim_and_fail(self) -> int:
        """The relay takes nothing."""
        emails = await claim(self.database, self.keys)
        for email in emails:
            await self.database.write(partial(outbox.retry_later, email=email))
        return len(emails)

    def burn(self) -> None:
        """The disk is gone."""
        shutil.rmtree(self.folder)


@asynccontextmanager
async def hosts(url: str, folder: Path, n: int) -> AsyncIterator[list[Host]]:
    """So many machines, each with its own connection to the database."""
    async with AsyncExitStack() as stack:
        yield [Host(await stack.enter_async_context(open_database(url)), folder / f"host{k}") for k in range(n)]


async def table(database: Database, name: str) -> list[Row]:
    """All rows of a table."""
    async with database.reading() as c:
        return await c.execute(f"select * from {name}")


async def pass_minutes(time: Clock, minutes: int, *living: Host) -> None:
    """Lets time pass on the machines that live."""
    for _ in range(minutes):
        time.advance(minutes=1)
        for host in living:
            await host.machine.refresh()


async def pass_hours(time: Clock, hours: int, *living: Host, step: int = 1) -> None:
    """As pass_minutes, with one look in `step` hours."""
    for _ in range(hours // step):
        time.advance(hours=step)
        for host in living:
            await host.machine.refresh()
            await host.hourly()
