"""Which government was written to, when, by what, and what it answered: the record that newspapers link to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from petition.core.database.connection import Connection, Row


class Channel(StrEnum):
    """By what a letter went out."""

    UNSAID = ""
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
    channel: Channel = Channel.UNSAID
    edition: int = 0
    acknowledged: date | None = None
    answered: date | None = None
    stance: Stance = Stance.NONE
    link: str = ""
    summaries: Mapping[str, str] = field(default_factory=dict)

    def summary(self, language: str, otherwise: str) -> tuple[str, str]:
        """(language, text) for a reader; in the other language, or any there is, where theirs has none."""
        for code in (language, otherwise, *sorted(self.summaries)):
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


async def record(c: Connection, key: str, entry: Entry) -> None:
    """What is known of one addressee now, in place of what was recorded before."""
    await c.run(
        "correspondence.set",
        key=key,
        sent=_text(entry.sent),
        channel=entry.channel.value,
        edition=entry.edition,
        acknowledged=_text(entry.acknowledged),
        answered=_text(entry.answered),
        stance=entry.stance.value,
        link=entry.link,
    )
    await c.run("correspondence.forget_summaries", key=key)
    for language, summary in entry.summaries.items():
        await c.run("correspondence.add_summary", key=key, language=language, summary=summary)


def silent(entries: Mapping[str, Entry], today: date, days: int) -> list[tuple[str, Entry]]:
    """Those who were written to at least so many days ago and have not answered, whoever waits longest first."""
    late = today - timedelta(days)
    found = [(e.sent, key, e) for key, e in entries.items() if e.sent and e.sent <= late and not e.answered]
    return [(key, entry) for _, key, entry in sorted(found, key=lambda item: item[:2])]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
