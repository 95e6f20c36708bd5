"""Facts about the whole database, each a text with a name: its mode, its schema, whether signing has ended."""

from petition.core import tokens
from petition.core.database.connection import Connection, Row
from petition.core.errors import Moved

# While a site is copied, the new database has ARRIVING; once it is there, the old one has MOVED. The value is the same
# random number.
ARRIVING, MOVED = "arriving", "moved"
_SENTENCES = {
    "moving": "This site is being moved to another database: try again in some minutes.",
    MOVED: "This site has moved to another database: set PETITION_DATABASE_URL to that one, and restart.",
    ARRIVING: (
        "This database is a copy that is not complete: set PETITION_DATABASE_URL to the old one, and run `petition "
        "move` again."
    ),
}


async def get(c: Connection, name: str) -> str | None:
    row = await c.one("state.get", name=name)
    return None if row is None else str(row["value"])


async def put(c: Connection, name: str, value: str) -> None:
    """Inserts the fact, or replaces its value."""
    await c.run("state.put", name=name, value=value)


async def insert(c: Connection, name: str, value: str) -> bool:
    """Stores the fact if there is none of this name; whether it was stored."""
    return await c.one("state.insert", name=name, value=value) is not None


async def replace(c: Connection, name: str, value: str) -> bool:
    """Replaces the value if there is such a fact; whether there is."""
    return await c.one("state.replace", name=name, value=value) is not None


async def exchange(c: Connection, name: str, old: str, new: str) -> bool:
    """Replaces one value by another; false if there is another value by now."""
    return await c.one("state.exchange", name=name, old=old, value=new) is not None


async def delete(c: Connection, name: str) -> bool:
    """Whether there was such a fact."""
    return await c.one("state.delete", name=name) is not None


async def write_and_delete(c: Connection) -> None:
    """Writes a new fact and deletes it, since SQLite writes nothing for an update that changes nothing."""
    name = f"touch {tokens.new_secret()}"
    await put(c, name, "")
    await delete(c, name)


async def is_closed(c: Connection) -> bool:
    """Whether signing has ended for good."""
    return await get(c, "closed") is not None


async def hold_in_place(c: Connection) -> None:
    """Until this transaction ends, the site does not move to another database. Raises Moved if it does already."""
    _refuse_mark(await c.one("state.hold_in_place"))


async def refuse_if_moved(c: Connection) -> None:
    """Raises Moved."""
    _refuse_mark(await c.one("state.mark_of_move"))


def _refuse_mark(row: Row | None) -> None:
    if mark := row and row["mark"]:
        raise Moved(_SENTENCES[str(mark)])
