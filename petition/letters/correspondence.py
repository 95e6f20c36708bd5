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
        texts.setdefault(row["code"], {})[row["language"]] = row["summary"]
    return {row["code"]: _entry(row, texts.get(row["code"], {})) for row in await c.all("correspondence.all")}


def _entry(row: Row, summaries: dict[str, str]) -> Entry:
    return Entry(
        sent=_day(row["sent_on"]),
        channel=Channel(row["channel"]),
        edition=int(row["edition"]),
        acknowledged=_day(row["acknowledged_on"]),
        answered=_day(row["answered_on"]),
        stance=Stance(row["stance"]),
        link=row["link"],
        summaries=summaries,
    )


async def save_entry(c: Connection, code: str, entry: Entry) -> None:
    """What is known of one addressee now, in place of what was recorded before."""
    await c.run(
        "correspondence.save",
        code=code,
        sent_on=_iso_day(entry.sent),
        channel=entry.channel.value,
        edition=entry.edition,
        acknowledged_on=_iso_day(entry.acknowledged),
        answered_on=_iso_day(entry.answered),
        stance=entry.stance.value,
        link=entry.link,
    )
    await c.run("correspondence.delete_summaries", code=code)
    for language, summary in entry.summaries.items():
        await c.run("correspondence.insert_summary", code=code, language=language, summary=summary)


def unanswered(entries: Mapping[str, Entry], today: date, days: int) -> list[tuple[str, Entry]]:
    """Those who were written to at least so many days ago and have not answered, the longest wait first."""
    latest_day = today - timedelta(days)
    waiting = [(e.sent, code, e) for code, e in entries.items() if e.sent and e.sent <= latest_day and not e.answered]
    return [(code, entry) for _, code, entry in sorted(waiting, key=lambda item: item[:2])]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso_day(day: date | None) -> str:
    return day.isoformat() if day else ""
