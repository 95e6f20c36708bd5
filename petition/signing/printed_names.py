"""Who has signed, as far as anything is kept of them: those who asked to be named or for news. Of nobody else a row."""

import hashlib
from collections.abc import Collection
from datetime import date, timedelta

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.signing.signatures import NEW

PASSED, ASIDE = "passed", "aside"
STATES = (NEW, PASSED, ASIDE)
HOURS_KEPT_BACK = 72  # from confirmation to the first letter: whoever changes their mind has three days
# Where a row leads to a mailbox or a network.
PERSONAL = (
    "daily_keys",
    "email_counts",
    "submissions",
    "never_write",
    "signatures",
    "contacts",
    "names",
    "links",
    "token_buckets",
)
PAGE = 100  # names that an organiser looks at in one go


async def export(c: Connection) -> list[Row]:
    """For the organisers' own machine: who asked to be named or for news, with country, name and sealed address.

    Of nobody a day: that would be finer than what is published.
    """
    return await c.all("signatures.export")


async def names(c: Connection, country: str, today: date | None = None) -> list[str]:
    """The names to be printed in the annex for one country: passed by an organiser, and old enough on a day (now)."""
    return [row["name"] for row in await c.all("signatures.names", country=country, day=_ripe(today))]


async def named(c: Connection) -> dict[str, int]:
    """How many names are to be printed, by country."""
    return {row["country"]: int(row["n"]) for row in await c.all("signatures.named", day=_ripe())}


async def by_country(c: Connection, state: str) -> dict[str, int]:
    """How many names an organiser may look at that are in a state, by country."""
    rows = await c.all("signatures.names_by_country", state=state, day=_ripe())
    return {row["country"]: int(row["n"]) for row in rows}


async def listed(c: Connection, country: str, state: str) -> list[tuple[str, str]]:
    """(handle, name) of a page of names; the handle is not the key, and leads nowhere without it."""
    return [(_handle(row), row["name"]) for row in await _in_state(c, country, state, PAGE)]


async def judge(c: Connection, country: str, handles: Collection[str], old: str, new: str) -> int:
    """Moves names that an organiser has seen from one state to another; how many. What changed meanwhile stays."""
    rows = await _in_state(c, country, old, 2 * PAGE)  # twice: somebody may have come between
    keys = [row["mailbox"] for row in rows if _handle(row) in handles]
    return len(await c.all("signatures.judge", mailboxes=keys, old=old, new=new))


async def _in_state(c: Connection, country: str, state: str, most: int) -> list[Row]:
    return await c.all("signatures.names_in_state", country=country, state=state, day=_ripe(), most=most)


def _handle(row: Row) -> str:
    return hashlib.sha256(f"{row['mailbox']} {row['name']}".encode()).hexdigest()[:16]


def _ripe(today: date | None = None) -> str:
    """The last day of confirmation whose every hour is 72 hours ago."""
    return ((today or clock.today()) - timedelta(HOURS_KEPT_BACK // 24 + 1)).isoformat()


async def close(c: Connection) -> None:
    """Every keyed hash goes, and with it names and contacts; the tally and its journal stay."""
    await c.delete_all(PERSONAL)


async def chosen(c: Connection) -> list[Row]:
    """Signatures with a name to be printed or an address for news, and these: what outlives the keyed hashes."""
    return await c.all("signatures.chosen")


async def put_back(c: Connection, rows: list[Row]) -> None:
    """Such rows, under other keys."""
    await c.run("signatures.put", rows=rows)
    await c.run("signatures.put_names", rows=[row for row in rows if row["name"] is not None])
    await c.run("signatures.put_contacts", rows=[row for row in rows if row["sealed"] is not None])
