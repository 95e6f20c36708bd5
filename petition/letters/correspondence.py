"""What was sent to each government, when and how, and what it answered. Newspapers link to this record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from petition.core.database.connection import Connection, Row


class Channel(StrEnum):
    UNSTATED = ""
    POST = "post"
    REGISTERED = "registered"
    EMAIL = "email"
    IN_PERSON = "in person"
    WEB_FORM = "web form"


class Stance(StrEnum):
    """What came back. Until it is one of ANSWERS, the addressee owes an answer."""

    NONE = ""
    ACKNOWLEDGED = "acknowledged"
    FORWARDED = "forwarded"
    HOLDING = "holding"
    NO_COMPETENCE = "no-competence"
    SUPPORTS = "supports"
    PARTLY = "partly"
    REFUSES = "refuses"


REPLIES = (Stance.FORWARDED, Stance.HOLDING)
ANSWERS = (Stance.NO_COMPETENCE, Stance.SUPPORTS, Stance.PARTLY, Stance.REFUSES)


RECORDED = "recorded correspondence"  # in the activity log, before the English name of the addressee
OFFICE_TEXTS = ("forwarded_to", "their_reference", "signed_by")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about one addressee. A day is None, and a text empty, until it is known.

    `edition`: the edition of the letter that was sent, 0 if the letter is from no edition. `summaries`: the answer in
    short, by language. `replied`: of a letter that is no answer (REPLIES). `signed_by`: an office, never a person.
    """

    sent: date | None = None
    channel: Channel = Channel.UNSTATED
    edition: int = 0
    acknowledged: date | None = None
    answered: date | None = None
    stance: Stance = Stance.NONE
    link: str = ""
    summaries: Mapping[str, str] = field(default_factory=dict)
    replied: date | None = None
    forwarded_to: str = ""
    their_reference: str = ""
    signed_by: str = ""

    def summary(self, language: str, fallback: str) -> tuple[str, str]:
        """(language, text) in `language`, else in `fallback`, else in any. The text is empty if there is no summary."""
        for code in (language, fallback, *sorted(self.summaries)):
            if text := self.summaries.get(code):
                return code, text
        return language, ""


async def entries(c: Connection) -> dict[str, Entry]:
    """Entries by the addressee's code (`PL`, `eu-commission`). An addressee that never got a letter has no entry."""
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
        replied=_day(row["replied_on"]),
        **{name: row[name] for name in OFFICE_TEXTS},
    )


async def save_entry(c: Connection, code: str, entry: Entry) -> None:
    """Replaces the whole entry, with its summaries."""
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
        replied_on=_iso_day(entry.replied),
        **{name: getattr(entry, name) for name in OFFICE_TEXTS},
    )
    await c.run("correspondence.delete_summaries", code=code)
    for language, summary in entry.summaries.items():
        await c.run("correspondence.insert_summary", code=code, language=language, summary=summary)


def unanswered(entries: Mapping[str, Entry], today: date, days: int) -> list[tuple[str, Entry]]:
    """(code, entry) of those who got a letter `days` or more days ago and did not answer; the longest wait first.

    A receipt, a forwarding and a holding reply are no answer.
    """
    latest_day = today - timedelta(days)
    waiting = [(e.sent, code, e) for code, e in entries.items() if e.sent and e.sent <= latest_day and not e.answered]
    return [(code, entry) for _, code, entry in sorted(waiting, key=lambda item: item[:2])]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _iso_day(day: date | None) -> str:
    return day.isoformat() if day else ""
