"""Removals: what organisers set aside or restore is taken off, or added again, at the next midnight, and published.

At midnight all figures are released together, so no two of them can be compared to find out when it was done. Of the
number, only tens are published, with the reason; until midnight the figures may be too high by it.
"""

from petition.core.database.connection import Connection
from petition.tally.tally import Change

RESTORED = "restored"  # a reason in the journal, and the name of a release
_ASIDE = "aside"


def set_aside(country: str, reason: str) -> Change:
    """One signature less, for the reason of its batch."""
    return Change(country, name_of(reason), -1)


def restored(country: str) -> Change:
    return Change(country, RESTORED, 1)


def name_of(reason: str) -> str:
    """Under which a reason to set aside stands in the journal and among the releases."""
    return f"{_ASIDE} {reason}"


def reason_of(name: str) -> str:
    return name.removeprefix(f"{_ASIDE} ")


async def removal_days(c: Connection) -> set[str]:
    """The days on which something was set aside or restored: only after such a day may a figure fall on no Monday."""
    return {row["day"] for row in await c.all("removals.days")}


async def sum_removals(c: Connection, first: str, before: str) -> dict[str, int]:
    """How many were set aside, by reason, and restored, from one day to another."""
    return {row["reason"]: int(row["n"]) for row in await c.all("removals.sums", first=first, before=before)}
