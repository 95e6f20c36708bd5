"""People who asked to be named in the letters, or for news. Of all others nothing is stored here."""

import hashlib
from collections.abc import Collection
from datetime import date, timedelta

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.signing.signatures import NEW

APPROVED, REJECTED = "approved", "rejected"
STATES = (NEW, APPROVED, REJECTED)
COOLING_OFF_HOURS = 72  # from confirmation to the first letter: three days to change one's mind
# Tables whose rows lead to a mailbox or a network.
PERSONAL_TABLES = (
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
PAGE_SIZE = 100  # names that an organiser sees at once


async def export_rows(c: Connection) -> list[Row]:
    """For the organisers' own machine: country, name and sealed address of people who asked to be named or for news.

    Nobody whose first three days are not over, and no day: it would be finer than what is published.
    """
    return await c.all("printed_names.export", last_day=_last_printable_day())


async def list_printable(c: Connection, country: str, today: date | None = None) -> list[str]:
    """Names for a country's annex: approved by an organiser, and old enough on a day (without one: today)."""
    return [
        row["name"]
        for row in await c.all("printed_names.list_printable", country=country, last_day=_last_printable_day(today))
    ]


async def count_printable(c: Connection) -> dict[str, int]:
    return {
        row["country"]: int(row["n"])
        for row in await c.all("printed_names.count_printable", last_day=_last_printable_day())
    }


async def count_by_country(c: Connection, state: str) -> dict[str, int]:
    """Only names that are old enough to be printed: an organiser looks at no others."""
    rows = await c.all("printed_names.count_by_country", state=state, last_day=_last_printable_day())
    return {row["country"]: int(row["n"]) for row in rows}


async def count_new(c: Connection) -> int:
    """How many names that are old enough nobody has looked at, in all countries."""
    return int((await c.one("printed_names.count_new", last_day=_last_printable_day()) or {})["n"])


async def list_names(c: Connection, country: str, state: str) -> list[tuple[str, str]]:
    """(handle, name) of one page of names. The handle is a hash, not the key, and leads nowhere without the key."""
    return [(_name_handle(row), row["name"]) for row in await _rows_in_state(c, country, state, PAGE_SIZE)]


async def move_names(c: Connection, country: str, handles: Collection[str], old: str, new: str) -> int:
    """Moves names that an organiser has seen to another state; how many. Names that have changed since then stay."""
    rows = await _rows_in_state(c, country, old, 2 * PAGE_SIZE)  # twice: new names may have come in between
    mailboxes = [row["mailbox"] for row in rows if _name_handle(row) in handles]
    return len(await c.all("printed_names.set_state", mailboxes=mailboxes, old=old, new=new))


async def _rows_in_state(c: Connection, country: str, state: str, limit: int) -> list[Row]:
    return await c.all(
        "printed_names.list_in_state", country=country, state=state, last_day=_last_printable_day(), limit=limit
    )


def _name_handle(row: Row) -> str:
    return hashlib.sha256(f"{row['mailbox']} {row['name']}".encode()).hexdigest()[:16]


def _last_printable_day(today: date | None = None) -> str:
    """The last day of confirmation of which every hour is 72 hours ago."""
    return ((today or clock.today()) - timedelta(COOLING_OFF_HOURS // 24 + 1)).isoformat()


async def delete_keyed_hashes(c: Connection) -> None:
    """Deletes every keyed hash, with names and contacts. The tally and its journal stay."""
    await c.delete_all(PERSONAL_TABLES)


async def list_named_or_contactable(c: Connection) -> list[Row]:
    """Signatures with name or contact: what may be kept when the keyed hashes are destroyed."""
    return await c.all("printed_names.named_or_contactable")


async def insert_with_new_keys(c: Connection, rows: list[Row]) -> None:
    """Stores such rows again; the caller has given them new keys."""
    await c.run("signatures.insert", rows=rows)
    await c.run("printed_names.insert", rows=[row for row in rows if row["name"] is not None])
    await c.run("contacts.insert", rows=[row for row in rows if row["sealed"] is not None])
