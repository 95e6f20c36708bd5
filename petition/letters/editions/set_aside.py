"""What organisers have set aside since a letter was drawn up, of signatures that it may count."""

from dataclasses import dataclass
from datetime import date

from petition.core.database.connection import Connection
from petition.signing import batches
from petition.tally import history


@dataclass(frozen=True, slots=True)
class SetAside:
    """`n`: as it was published, in tens, on the day of the release."""

    day: date
    reason: str
    n: int


async def set_aside_since(c: Connection, as_of: str) -> list[SetAside]:
    """Since the numbers of a moment (ISO), of batches that had signatures by then; the newest last."""
    day, published = as_of[:10], await history.list_removals(c)
    found = set()
    for batch in await batches.list_done(c):
        later = [row for row in published if row[1] == batch["reason"] and row[0] > max(batch["done_on"], day)]
        if later and batch["first_day"] <= day:
            found.add(later[0])
    return [SetAside(date.fromisoformat(released), reason, n) for released, reason, n in sorted(found)]
