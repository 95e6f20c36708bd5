"""Which government was written to, when, and what it answered: the record that newspapers link to."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from petition.db import Connection


class Stance(StrEnum):
    """What an answer came to."""

    NONE = ""
    SUPPORTS = "supports"
    PARTLY = "partly"
    REFUSES = "refuses"


@dataclass(frozen=True, slots=True)
class Entry:
    """One government or institution: days are None until they have come, texts empty."""

    sent: date | None = None
    answered: date | None = None
    stance: Stance = Stance.NONE
    summary: str = ""
    link: str = ""


async def entries(c: Connection) -> dict[str, Entry]:
    """By the addressee's code (`PL`, `eu-commission`); those never written to are missing."""
    return {
        row["key"]: Entry(_day(row["sent"]), _day(row["answered"]), Stance(row["stance"]), row["summary"], row["link"])
        for row in await c.all("correspondence.all")
    }


async def record(c: Connection, key: str, entry: Entry) -> None:
    """What is known of one addressee now, in place of what was recorded before."""
    await c.run(
        "correspondence.set",
        key=key,
        sent=entry.sent.isoformat() if entry.sent else "",
        answered=entry.answered.isoformat() if entry.answered else "",
        stance=entry.stance.value,
        summary=entry.summary,
        link=entry.link,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
