"""Before letters go out: which facts and addresses are old or doubtful, and which organiser stood up for them when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from petition.core import clock
from petition.core.database.connection import Connection
from petition.letters.addressees.directory import Addressee, Source
from petition.letters.editions.drafts import Draft

HOLDS = timedelta(90)  # so long what was seen counts as seen
FACT, ADDRESS = "fact:", "address:"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to look at again, or to leave out: what it is, where it stands, and why it is doubted."""

    id: str
    what: str
    where: str
    why: str


def doubts(draft: Draft) -> list[Doubt]:
    """All that the letters rest on and that is older than 90 days, of low confidence, or not there at all."""
    facts = [_of_fact(draft, id_, source) for id_, source in sorted(draft.rests().items()) if _doubtful(source)]
    return [*facts, *(found for a in draft.book.addressees if (found := _of_address(a)))]


def _of_fact(draft: Draft, id_: str, source: Source) -> Doubt:
    fact = draft.appeal.facts.get(id_)
    number = "" if fact is None else f"{fact.low}, " if fact.high is None else f"{fact.low} to {fact.high}, "
    return Doubt(FACT + id_, f"{id_}: {number}{source.publisher}, {source.date}", source.url, f"of {source.date}")


def _of_address(addressee: Addressee) -> Doubt | None:
    if addressee.address_missing:
        why = "no address: lines are left to fill in by hand"
    elif addressee.confidence == "low":
        why = "low confidence"
    elif _old(addressee.checked):
        why = f"checked in {addressee.checked}"
    else:
        return None
    lines = ", ".join(addressee.lines) or "missing"
    return Doubt(ADDRESS + addressee.key, f"{addressee.key}: {lines}", addressee.source_url, why)


def _doubtful(source: Source) -> bool:
    return _old(source.date) or source.level == "C"


def _old(seen: str) -> bool:
    """Whether a year, a month or a day ended longer ago than what was seen then holds."""
    return clock.today() - _end(seen) > HOLDS


def _end(seen: str) -> date:
    year, month, day = ([*map(int, seen.split("-")), 0, 0])[:3]
    if day:
        return date(year, month, day)
    return date(year + (month in (0, 12)), month % 12 + 1 if month else 1, 1) - timedelta(1)


async def open_doubts(c: Connection, draft: Draft) -> list[Doubt]:
    """Those that no organiser has settled in the last 90 days."""
    last = {row["id"]: date.fromisoformat(row["day"]) for row in await c.all("confirmations.all")}
    fresh = {id_ for id_, day in last.items() if clock.today() - day <= HOLDS}
    return [doubt for doubt in doubts(draft) if doubt.id not in fresh]


async def confirm(c: Connection, ids: Iterable[str], nickname: str) -> None:
    """An organiser has looked today, and what was said is still right."""
    for id_ in ids:
        await c.run("confirmations.put", id=id_, nickname=nickname, day=clock.today().isoformat())


async def by(c: Connection) -> dict[str, tuple[str, str]]:
    """Who stood up for what, and when: (nickname, day) by the id of the doubt."""
    return {row["id"]: (row["nickname"], row["day"]) for row in await c.all("confirmations.all")}
