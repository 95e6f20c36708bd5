"""Made-up confirmed signatures to try the site with, and for load tests: ten million in minutes."""

import random
import secrets
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import product
from string import ascii_letters, digits

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.errors import DatabaseError
from petition.retention import reorder
from petition.signals import quality
from petition.tally import releases, tally

SignatureRow = tuple[str, str, str, str, int, int, str]  # see _COLUMNS
ROWS_PER_TRANSACTION = 100_000
_CLASSES = {"known": 800, "unknown": 180, "relay": 16, "throw-away": 4}  # how many of a thousand mailboxes
EVEN_DAYS = (0, *[1] * 30)  # weights of today, yesterday, …
# Weights: roughly how a campaign in Europe might spread. ZZ is a country that was not stated.
COUNTRY_WEIGHTS = {
    "PL": 28, "DE": 14, "LT": 11, "ZZ": 8, "FR": 6, "LV": 5, "NL": 4, "CZ": 4, "IT": 4, "SE": 3, "EE": 3, "ES": 3,
    "BE": 2, "AT": 2, "FI": 2, "DK": 2, "IE": 1, "PT": 1, "RO": 1, "SK": 1, "HU": 1, "BG": 1, "GR": 1, "HR": 1,
    "SI": 0.5, "LU": 0.4, "CY": 0.3, "MT": 0.1, "GB": 2, "UA": 3, "US": 2, "GE": 1, "CH": 1, "NO": 1, "CA": 1,
}  # fmt: skip


async def is_empty(database: Database) -> bool:
    """Whether nobody has ever signed here."""
    async with database.reading() as c:
        return await tally.is_empty(c)


async def fill_database(
    database: Database,
    total: int,
    on_progress: Callable[[int], object] = lambda _: None,
    days: Sequence[float] = EVEN_DAYS,
    rng: random.Random | None = None,
) -> None:
    """Puts signatures into an empty database, published too, and calls on_progress(k) after each k rows.

    Raises DatabaseError if the database is not empty.
    """
    await insert_days(database, total, on_progress, days, rng)
    await publish_days(database, days)


async def insert_days(
    database: Database,
    total: int,
    on_progress: Callable[[int], object],
    days: Sequence[float],
    rng: random.Random | None,
) -> None:
    """The same, with nothing published yet."""
    if not await is_empty(database):
        raise DatabaseError("The database has signatures already: demo signatures go into an empty one only.")
    rng = rng or random.Random()  # noqa: S311 (plausible, not secret)
    confirmed: Counter[str] = Counter()
    for first in range(0, total, ROWS_PER_TRANSACTION):
        size = min(ROWS_PER_TRANSACTION, total - first)
        rows = _rows(_mailboxes(first, size, total), days, rng)
        await database.write(partial(insert_signatures, rows=rows))
        confirmed.update(row[3] for row in rows)
        on_progress(size)
    await database.write(reorder.mark_reordered)  # they were inserted in the order of their keys
    await database.write(partial(_insert_pulse, confirmed=confirmed))


async def _insert_pulse(c: Connection, *, confirmed: Mapping[str, int]) -> None:
    """The sums that `petition/signals` would have made of the forms of each day that is over."""
    today = clock.today()
    first = min([today, *map(date.fromisoformat, confirmed)])
    every = [(first + timedelta(n)).isoformat() for n in range((today - first).days)]
    over = {day: confirmed.get(day, 0) for day in every}
    days = [{"day": day, "largest_domain": n // 120, "largest_network": n // 60} for day, n in sorted(over.items())]
    rows = [_pulse_row(day, name, n * share // 1000) for day, n in over.items() for name, share in _CLASSES.items()]
    await c.insert_rows("pulse", [row for row in rows if row["forms"]])
    await c.insert_rows("pulse_days", days)


def _pulse_row(day: str, mailbox_class: str, n: int) -> dict[str, str | int]:
    """`n` were confirmed, of rather more forms."""
    counts = {"forms": n * 128 // 100, "confirmed": n, "quick": n * 7 // 100, "returned": n * 2 // 100}
    return {"day": day, "mailbox_class": mailbox_class, **counts}


async def publish_days(database: Database, days: Sequence[float]) -> None:
    """What a site with these days would have published so far."""
    await releases.rebuild(database, clock.today() - timedelta(len(days) - 1))
    await quality.freeze_week(database)


def _rows(mailboxes: list[str], weights: Sequence[float], rng: random.Random) -> list[SignatureRow]:
    countries = rng.choices(list(COUNTRY_WEIGHTS), list(COUNTRY_WEIGHTS.values()), k=len(mailboxes))
    dates = [(clock.today() - timedelta(ago)).isoformat() for ago in range(len(weights))]
    days = rng.choices(dates, weights, k=len(mailboxes))
    return [signature_row(m, country, day) for m, country, day in zip(mailboxes, countries, days, strict=True)]


def signature_row(mailbox: str, country: str, day: str, *, named: bool = False, updates: bool = False) -> SignatureRow:
    """A signature for insert_signatures(). Both hashes are the same: most mailboxes have one address only."""
    return (mailbox, mailbox, country, day, int(named), int(updates), "demo")


async def insert_signatures(c: Connection, *, rows: list[SignatureRow]) -> None:
    """Inserts signatures of days up to today, with their entries in the journal."""
    await c.bulk_insert("signatures", _COLUMNS, rows)
    by_day = Counter((row[2], row[3]) for row in rows)
    await c.insert_rows("journal", [_journal_row(country, day, n) for (country, day), n in by_day.items()])


_COLUMNS = ("mailbox", "email_hash", "country", "confirmed_on", "named", "updates", "consent")
_KEY_PREFIXES = sorted(a + b for a, b in product(f"-_{ascii_letters}{digits}", repeat=2))


def _mailboxes(first: int, size: int, total: int) -> list[str]:
    """Random hashes, so no address leads to them. Their prefixes rise, so that indexes grow at their end."""
    text = urlsafe_b64encode(secrets.token_bytes(33 * size)).decode()  # 44 characters each
    prefixes = (_KEY_PREFIXES[n * len(_KEY_PREFIXES) // total] for n in range(first, first + size))
    return sorted(f"0.{prefix}{text[44 * n : 44 * n + 41]}" for n, prefix in enumerate(prefixes))


def _journal_row(country: str, day: str, n: int) -> dict[str, str | int]:
    return {"country": country, "day": day, "reason": "confirmed", "n": n}
