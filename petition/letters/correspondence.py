"""Which government was written to, when, by what, and what it answered: the record that newspapers link to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from petition.core.database.connection import Connection, Row


class Channel(StrEnum):
    """By what a letter went out."""

    UNSTATED = ""
    POST = "post"
    REGISTERED = "registered"
    EMAIL = "email"
    IN_PERSON = "in person"
    WEB_FORM = "web form"


class Stance(StrEnum):
    """What an answer came to."""

    NONE = ""
    SUPPORTS = "supports"
    PARTLY = "partly"
    REFUSES = "refuses"


@dataclass(frozen=True, slots=True)
class Entry:
    """One government or institution: days are None until they have come, texts empty.

    `edition` is that of the letter which was sent, 0 if it was none of ours; `summaries` of the answer, by language.
    """

    sent: date | None = None
    channel: Channel = Channel.UNSTATED
    edition: int = 0
    acknowledged: date | None = None
    answered: date | None = None
    stance: Stance = Stance.NONE
    link: str = ""
    summaries: Mapping[str, str] = field(default_factory=dict)

    def summary(self, language: str, fallback: str) -> tuple[str, str]:
        """(language, text) for a reader; in the other language, or any there is, where theirs has none."""
        for code in (language, fallback, *sorted(self.summaries)):
            if text := self.summaries.get(code):
                return code, text
        return language, ""


async def entries(c: Connection) -> dict[str, Entry]:
    """By the addressee's code (`PL`, `eu-commission`); those never written to are missing."""
    texts: dict[str, dict[str, str]] = {}
    for row in await c.all("correspondence.summaries"):
        texts.setdefault(row["key"], {})[row["language"]] = row["summary"]
    return {row["key"]: _entry(row, texts.get(row["key"], {})) for row in await c.all("correspondence.all")}


def _entry(row: Row, summaries: dict[str, str]) -> Entry:
    return Entry(
        sent=_day(row["sent"]),
        channel=Channel(row["channel"]),
        edition=int(row["edition"]),
        acknowledged=_day(row["acknowledged"]),
        answered=_day(row["answered"]),
        stance=Stance(row["stance"]),
        link=row["link"],
        summaries=summaries,
    )


async def save_entry(c: Connection, code: str, entry: Entry) -> None:
    """What is known of one addressee now, in place of what was recorded before."""
    await c.run(
        "correspondence.set",
        key=code,
        sent=_iso_day(entry.sent),
        channel=entry.channel.value,
        edition=entry.edition,
        acknowledged=_iso_day(entry.acknowledged),
        answered=_iso_day(entry.answered),
        stance=entry.stance.value,
        link=entry.link,
    )
    await c.run("correspondence.forget_summaries", key=code)
    for language, summary in entry.summaries.items():
        await c.run("correspondence.add_summary", key=code, language=language, summary=summary)


def unanswered(entries: Mapping[str, Entry], today: date, days: int) -> list[tuple[str, Entry]]:
    """Those who were written to at least so many days ago and have not answered, whoever waits longest first."""
    latest_day = today - timedelta(days)
    waiting = [(e.sent, key, e) for key, e in entries.items() if e.sent and e.sent <= latest_day and not e.answered]
    return [(key, entry) for _, key, entry in sorted(waiting, key=lambda item: item[:2])]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso_day(day: date | None) -> str:
    return day.isoformat() if day else ""
