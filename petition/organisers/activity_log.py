"""The record of what organisers and the server did: by nickname, append-only, read by everybody at the desk."""

from petition.core import clock
from petition.core.database.connection import Connection, Row

SERVER = "the server"  # who did it, if it was a command; no nickname has a space
PAGE = 50
_ALL = 2**62


async def write(c: Connection, who: str, action: str, detail: str = "") -> None:
    """One line more, in the transaction of what it tells about. Counts in `detail` are rounded by tally.rounding."""
    await c.run("record.lock")
    await c.run("record.write", moment=clock.iso(clock.now()), nickname=who, action=action, detail=detail)


async def page(c: Connection, before: int | None = None, most: int = PAGE) -> list[Row]:
    """The newest lines, or those before a number."""
    return await c.all("record.page", before=before or _ALL, most=most)


async def whole(c: Connection) -> list[Row]:
    """Every line, for a restore to keep."""
    return await page(c, most=_ALL)
