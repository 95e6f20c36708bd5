"""Switches: what admins turn at the desk, one row each. What obeys a switch reads it here.

A switch that nobody has turned has no row, and one that was turned back has an empty value.
"""

from dataclasses import dataclass

from petition.core import clock
from petition.core.database.connection import Connection

SIGNING, FIGURES, PROOF, MAILBOXES, DESTRUCTION = "signing", "figures", "proof", "mailboxes", "destruction"
NEWS = "news"  # to those who asked: an organiser sends it from a machine of their own
# Of signing, of news, and of the switches that have the name of a kind of email (sql/queries/mail/outbox.sql).
PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Switch:
    """`version` counts the changes; nickname, changed_at (epoch seconds) and reason are those of the last one."""

    name: str
    value: str = ""
    version: int = 0
    nickname: str = ""
    changed_at: int = 0
    reason: str = ""


async def get(c: Connection, name: str) -> Switch:
    row = await c.one("switches.get", name=name)
    return Switch(**row) if row else Switch(name)


async def get_all(c: Connection) -> dict[str, Switch]:
    """Those that somebody has turned, by their names."""
    return {row["name"]: Switch(**row) for row in await c.all("switches.all")}


async def paused(c: Connection) -> frozenset[str]:
    """The names of all switches with this value."""
    return frozenset(row["name"] for row in await c.all("switches.paused"))


async def change(c: Connection, shown: Switch, value: str, nickname: str, reason: str = "") -> bool:
    """Gives it a value; False, and nothing changes, if somebody has changed it since it was shown."""
    made = Switch(shown.name, value, shown.version + 1, nickname, clock.epoch(), reason)
    row = {name: getattr(made, name) for name in made.__slots__}
    return await c.one("switches.change", shown=shown.version, **row) is not None
