"""Plausible confirmed signatures for trying out and for load tests: `petition demo`."""

import random
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import islice

from petition import clock, tally
from petition.db import Connection, Database
from petition.errors import DatabaseError

CHUNK = 10_000
DAYS = 30
# Roughly how a campaign in Europe might spread; ZZ = not said.
WEIGHTS = {
    "PL": 28, "DE": 14, "LT": 11, "ZZ": 8, "FR": 6, "LV": 5, "NL": 4, "CZ": 4, "IT": 4, "SE": 3, "EE": 3, "ES": 3,
    "BE": 2, "AT": 2, "FI": 2, "DK": 2, "IE": 1, "PT": 1, "RO": 1, "SK": 1, "HU": 1, "BG": 1, "GR": 1, "HR": 1,
    "SI": 0.5, "LU": 0.4, "CY": 0.3, "MT": 0.1, "GB": 2, "UA": 3, "US": 2, "GE": 1, "CH": 1, "NO": 1, "CA": 1,
}  # fmt: skip


async def fill(database: Database, n: int, done: Callable[[int], object] = lambda _: None) -> None:
    """Puts n signatures into an empty database; done(k) after each k. Raises DatabaseError if it is not empty."""
    async with database.reading() as c:
        if await c.all("tally.counts"):
            raise DatabaseError("The database has signatures already: demo signatures go into an empty one only.")
    await database.write(tally.reopen_history)  # days that are over get signatures after all
    countries = iter(random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=n))  # noqa: S311 (plausible, not secret)
    while chunk := list(islice(countries, CHUNK)):
        await database.write(partial(_put, countries=chunk))
        done(len(chunk))


async def _put(c: Connection, *, countries: list[str]) -> None:
    days = [(clock.today() - timedelta(d)).isoformat() for d in range(1, DAYS + 1)]
    rows = [_row(country, random.choice(days)) for country in countries]  # noqa: S311 (as above)
    await c.load("signatures", rows)
    by_day = Counter((str(row["country"]), str(row["day"])) for row in rows)
    by_country = Counter(countries)
    await c.load("journal", [_entry(country, day, n) for (country, day), n in by_day.items()])
    hours = Counter(f"{row['day']}T12Z" for row in rows)
    await c.load("journal_hours", [{"hour": hour, "n": n} for hour, n in hours.items()])
    counts = [{"country": country, "n": n, "changes": n} for country, n in sorted(by_country.items())]
    await c.run("tally.count", rows=counts)


def _row(country: str, day: str) -> dict[str, str | int]:
    """A signature of nobody: its hashes are random, so no address leads to it."""
    mailbox, address = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    values: dict[str, str | int] = {"mailbox": f"0.{mailbox}", "address": f"0.{address}", "country": country}
    return {**values, "day": day, "named": 0, "updates": 0, "consent": "demo"}


def _entry(country: str, day: str, n: int) -> dict[str, str | int]:
    return {"country": country, "day": day, "reason": "confirmed", "n": n}
