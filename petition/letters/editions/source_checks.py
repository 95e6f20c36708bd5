"""Source checks before letters are sent: which facts and addresses are old or doubtful, and who checked them when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from petition.core import clock
from petition.core.database.connection import Connection
from petition.letters.addressees.address_book import Addressee, Source
from petition.letters.editions.drafts import Draft

VALIDITY = timedelta(90)  # a check counts for so long; an older date in a source is stale
FACT_PREFIX, ADDRESS_PREFIX = "fact:", "address:"


@dataclass(frozen=True, slots=True)
class StaleSource:
    """A fact or an address that must be checked or left out; `reason` says why."""

    id: str
    description: str
    url: str
    reason: str


def stale_sources(draft: Draft) -> list[StaleSource]:
    """Facts that letters cite and addresses they go to, if older than 90 days, of low confidence, or missing."""
    facts = [
        _stale_fact(draft, id_, source) for id_, source in sorted(draft.cited_sources().items()) if _is_stale(source)
    ]
    return [*facts, *(stale for a in draft.book.addressees if (stale := _stale_address(a)))]


def _stale_fact(draft: Draft, id_: str, source: Source) -> StaleSource:
    fact = draft.appeal.facts.get(id_)
    number = "" if fact is None else f"{fact.low}, " if fact.high is None else f"{fact.low} to {fact.high}, "
    return StaleSource(
        FACT_PREFIX + id_, f"{id_}: {number}{source.publisher}, {source.date}", source.url, f"of {source.date}"
    )


def _stale_address(addressee: Addressee) -> StaleSource | None:
    if addressee.address_missing:
        reason = "no address: lines are left to fill in by hand"
    elif addressee.confidence == "low":
        reason = "low confidence"
    elif _is_old(addressee.checked):
        reason = f"checked in {addressee.checked}"
    else:
        return None
    lines = ", ".join(addressee.lines) or "missing"
    return StaleSource(ADDRESS_PREFIX + addressee.key, f"{addressee.key}: {lines}", addressee.source_url, reason)


def _is_stale(source: Source) -> bool:
    return _is_old(source.date) or source.level == "C"


def _is_old(day_seen: str) -> bool:
    """True if a year, a month or a day ended more than 90 days ago."""
    return clock.today() - _last_day(day_seen) > VALIDITY


def _last_day(day_seen: str) -> date:
    year, month, day = ([*map(int, day_seen.split("-")), 0, 0])[:3]
    if day:
        return date(year, month, day)
    return date(year + (month in (0, 12)), month % 12 + 1 if month else 1, 1) - timedelta(1)


async def unchecked_sources(c: Connection, draft: Draft) -> list[StaleSource]:
    """Stale sources that no organiser has checked in the last 90 days."""
    last_checks = {row["id"]: date.fromisoformat(row["checked_on"]) for row in await c.all("source_checks.all")}
    checked_ids = {id_ for id_, day in last_checks.items() if clock.today() - day <= VALIDITY}
    return [stale for stale in stale_sources(draft) if stale.id not in checked_ids]


async def save_checks(c: Connection, ids: Iterable[str], nickname: str) -> None:
    """Stores that an organiser looked at these sources today and found them right."""
    for id_ in ids:
        await c.run("source_checks.save", id=id_, nickname=nickname, today=clock.today().isoformat())


async def last_checks(c: Connection) -> dict[str, tuple[str, str]]:
    """(nickname, day) of the last check, by the id of the source."""
    return {row["id"]: (row["nickname"], row["checked_on"]) for row in await c.all("source_checks.all")}
