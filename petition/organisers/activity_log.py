"""The activity log: what organisers and the server did, by nickname; append-only, read by everybody at the desk."""

from petition.core import clock
from petition.core.database.connection import Connection, Row

SERVER = "the server"  # stands for a command; no nickname has a space
PAGE_SIZE = 50
BACKUP, RESTORED = "made a backup", "restored a backup"
_NO_LIMIT = 2**62


async def append(c: Connection, who: str, action: str, detail: str = "") -> None:
    """Call it in the transaction of the action it is about. Counts in `detail` are rounded by tally.rounding."""
    await c.run("activity_log.lock")
    await c.run("activity_log.append", logged_at=clock.iso(clock.now()), nickname=who, action=action, detail=detail)


async def list_lines(c: Connection, before: int | None = None, limit: int = PAGE_SIZE) -> list[Row]:
    """The newest lines, or those before a line number."""
    return await c.all("activity_log.list_lines", before=before or _NO_LIMIT, limit=limit)


async def list_all_lines(c: Connection) -> list[Row]:
    """Every line: a restore keeps them."""
    return await list_lines(c, limit=_NO_LIMIT)


async def last_backup(c: Connection) -> str | None:
    """When the newest backup was made (ISO), here or of the site that was restored here; None if there is none."""
    row = await c.one("activity_log.last_backup", made=BACKUP, restored=RESTORED)
    return row["made_at"] if row else None


async def last_days(c: Connection, action: str) -> dict[str, str]:
    """The day of the newest line of an action (UTC, ISO), by its detail."""
    return {row["detail"]: row["day"] for row in await c.all("activity_log.last_days", action=action)}


async def append_restored(c: Connection, made_at: str, more: str) -> None:
    """last_backup() reads the moment in this line: a backup does not know of itself."""
    await append(c, SERVER, RESTORED, f"made {made_at}{more}")
