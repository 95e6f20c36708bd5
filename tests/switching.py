"""Turns a switch as the desk does."""

from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.core.database.database import Database


async def turn(database: Database, name: str, value: str, reason: str = "why") -> None:
    async def job(c: Connection) -> None:
        assert await switches.change(c, await switches.get(c, name), value, "marta", reason)

    await database.write(job)
