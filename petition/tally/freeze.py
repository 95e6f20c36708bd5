"""A freeze: for the press, the published figures stay as they are for a while. Then they catch up by their own rules.

A figure that is frozen may be too high by what was withdrawn since. So a freeze ends by itself, and there is no second
one before every figure was released again.
"""

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.core.database.switches import Switch

FROZEN = "frozen"
MAX_FREEZE = 3 * DAY
_MAX_SKEW = HOUR  # of the clocks of two machines


async def is_frozen(c: Connection) -> bool:
    return is_on(await switches.get(c, switches.FIGURES))


def is_on(switch: Switch) -> bool:
    """A freeze that seems to begin much later was begun by a clock that was ahead: it is over."""
    return switch.value == FROZEN and -_MAX_SKEW < clock.epoch() - switch.changed_at < MAX_FREEZE


async def begin(c: Connection, countries_window: int) -> None:
    """Call it in the transaction that turns the switch. The first release after a freeze has all figures, at a time of
    the countries: else the total, compared with countries that are released later, would tell when something was
    taken off.
    """
    await c.run("releases.lengthen_windows", window=countries_window)


async def held_until(c: Connection) -> int:
    """No release has this time or an earlier one: so anyone who ends a freeze does not choose when the next comes."""
    switch = await switches.get(c, switches.FIGURES)
    if switch.changed_at - clock.epoch() >= _MAX_SKEW:
        return 0
    return switch.changed_at + (MAX_FREEZE if switch.value == FROZEN else 0)


async def has_caught_up(c: Connection) -> bool:
    """Whether every figure was released since the last freeze began, or ended before its time."""
    oldest = (await c.one("releases.oldest") or {})["released_at"]
    return oldest is None or int(oldest) > (await switches.get(c, switches.FIGURES)).changed_at
