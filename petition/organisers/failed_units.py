"""Units of systemd that have failed, for the desk and the metrics: names and minutes, until they work again."""

from petition.core import clock
from petition.core.clock import from_epoch
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.languages import N_
from petition.core.sentences import Sentence

_PREFIX = "failed unit "  # in `site_state`, a row for each: two may fail at the same moment
_FAILED = N_(
    "%(unit)s failed at %(time)s UTC. On the server, journalctl -u %(unit)s says why; once that is fixed, "
    "petition alert --over %(unit)s takes this line away."
)


async def record(c: Connection, unit: str) -> None:
    await state.put(c, _PREFIX + unit, str(clock.epoch() // 60 * 60))


async def take_back(c: Connection, unit: str) -> bool:
    """It works again; whether it had failed."""
    return await state.delete(c, _PREFIX + unit)


async def list_failed(c: Connection) -> dict[str, int]:
    """When each of them failed, in epoch seconds; by name."""
    rows = await c.all("failed_units.all")
    return {str(row["name"]).removeprefix(_PREFIX): int(row["value"]) for row in rows}


async def describe(c: Connection) -> list[Sentence]:
    """A sentence for each."""
    failed = await list_failed(c)
    return [Sentence(_FAILED, unit=unit, time=f"{from_epoch(at):%Y-%m-%d %H:%M}") for unit, at in failed.items()]


async def forget(c: Connection) -> None:
    """After a restore: another machine may have written them."""
    for unit in await list_failed(c):
        await take_back(c, unit)
