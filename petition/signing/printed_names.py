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
PAGE_SIZE = 40  # names that an organiser sees at once: as many as somebody really reads
_ALL = 2**62


async def export_rows(c: Connection) -> list[Row]:
    """For the organisers' own machine: country, name and sealed address of people who asked to be named or for news.

    Nobody whose first three days are not over, and no day: it would be finer than what is published.
    """
    return await c.all("printed_names.export", last_day=_last_printable_day())


async def sealed_for_news(c: Connection) -> list[str]:
    """Sealed addresses of people who asked for news, without country or name; of those whose three days are over."""
    rows = await c.all("printed_names.sealed_for_news", last_day=_last_printable_day())
    return [row["sealed"] for row in rows]


async def count_for_news(c: Connection) -> int:
    """How many sealed_for_news() would return."""
    row = await c.one("printed_names.count_for_news", last_day=_last_printable_day())
    return int(row["n"]) if row else 0


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


async def list_names(c: Connection, country: str, state: str, page: int = 1) -> tuple[list[tuple[str, str]], bool]:
    """(handle, name) of one page of names, and whether there is a next page. The handle is a hash, not the key, and
    leads nowhere without the key.
    """
    rows = await _rows_in_state(c, country, state, PAGE_SIZE + 1, (page - 1) * PAGE_SIZE)
    return [(_name_handle(row), row["name"]) for row in rows[:PAGE_SIZE]], len(rows) > PAGE_SIZE


async def move_names(c: Connection, country: str, handles: Collection[str], old: str, new: str) -> list[str]:
    """Moves names that an organiser has seen to another state; the handles of those that moved.

    Names that have changed since then, or that somebody else has moved, stay.
    """
    if not handles:
        return []
    rows = await _rows_in_state(c, country, old, _ALL)  # all: a handle does not tell on which page its name is now
    found = {row["mailbox"]: handle for row in rows if (handle := _name_handle(row)) in handles}
    moved = await c.all("printed_names.set_state", mailboxes=list(found), old=old, new=new)
    return [found[row["mailbox"]] for row in moved]


async def _rows_in_state(c: Connection, country: str, state: str, limit: int, skip: int = 0) -> list[Row]:
    values = {"country": country, "state": state, "last_day": _last_printable_day()}
    return await c.all("printed_names.list_in_state", **values, limit=limit, skip=skip)


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
