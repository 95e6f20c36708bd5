"""Facts about the whole database, each a text with a name: its mode, its schema, whether signing has ended."""

from petition.core.database.connection import Connection


async def get(c: Connection, name: str) -> str | None:
    row = await c.one("state.get", name=name)
    return None if row is None else str(row["value"])


async def put(c: Connection, name: str, value: str) -> None:
    """Inserts the fact, or replaces its value."""
    await c.run("state.put", name=name, value=value)


async def delete(c: Connection, name: str) -> None:
    await c.run("state.delete", name=name)


async def is_closed(c: Connection) -> bool:
    """Whether signing has ended for good."""
    return await get(c, "closed") is not None
