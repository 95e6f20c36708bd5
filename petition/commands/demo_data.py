"""Plausible confirmed signatures for trying out and for load tests: `petition demo`, ten million in minutes."""

import random
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import product
from string import ascii_letters, digits

from petition.core import clock
from petition.core.database.database import Connection, Database
from petition.core.errors import DatabaseError
from petition.retention import reorder
from petition.tally import tally

CHUNK = 100_000  # rows of one transaction
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
    for first in range(0, n, CHUNK):
        size = min(CHUNK, n - first)
        await database.write(partial(_put, mailboxes=_mailboxes(first, size, n)))
        done(size)
    await database.write(reorder.remember)  # they were put in the order of their keys


async def _put(c: Connection, *, mailboxes: list[str]) -> None:
    countries = random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=len(mailboxes))  # noqa: S311 (plausible, not secret)
    past = [(clock.today() - timedelta(d)).isoformat() for d in range(1, DAYS + 1)]
    days = random.choices(past, k=len(mailboxes))  # noqa: S311 (as above)
    # As at most providers: one mailbox has one address.
    rows = [(m, m, country, day, 0, 0, "demo") for m, country, day in zip(mailboxes, countries, days, strict=True)]
    await c.pour("signatures", _COLUMNS, rows)
    by_day = Counter(zip(countries, days, strict=True))
    await c.load("journal", [_entry(country, day, n) for (country, day), n in by_day.items()])
    await c.load("journal_hours", [{"hour": f"{day}T12Z", "n": n} for day, n in Counter(days).items()])
    counts = [{"country": country, "n": n, "changes": n} for country, n in sorted(Counter(countries).items())]
    await c.run("tally.count", rows=counts)


_COLUMNS = ("mailbox", "address", "country", "day", "named", "updates", "consent")
_BEGINNINGS = sorted(a + b for a, b in product(f"-_{ascii_letters}{digits}", repeat=2))


def _mailboxes(first: int, size: int, of: int) -> list[str]:
    """Hashes of nobody: random, so no address leads to them; their beginnings rise, so that indexes grow at the end."""
    text = urlsafe_b64encode(secrets.token_bytes(33 * size)).decode()  # 44 characters each
    begin = (_BEGINNINGS[n * len(_BEGINNINGS) // of] for n in range(first, first + size))
    return sorted(f"0.{beginning}{text[44 * n : 44 * n + 41]}" for n, beginning in enumerate(begin))


def _entry(country: str, day: str, n: int) -> dict[str, str | int]:
    return {"country": country, "day": day, "reason": "confirmed", "n": n}
