"""Source checks before letters are sent: which facts and addresses are old or doubtful, and who checked them when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from petition.campaign.campaign import CampaignState
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.languages import N_, SOURCE_LANGUAGE
from petition.core.sentences import Sentence
from petition.letters.addressees.address_book import COPY_PREFIX, CROSSING_PREFIX, Addressee, Source
from petition.letters.editions.drafts import Draft
from petition.letters.writing.citations import citable_sources
from petition.letters.writing.document import Letter
from petition.letters.writing.quotations import sentences_citing

VALIDITY = timedelta(90)  # a check counts for so long; an older date in a source is stale
# Most governments last four years at most, and a new one renames and moves its offices. After three years one change
# is more likely than none, so an address that was right on its page is asked about again.
ADDRESS_SOURCE_YEARS = 3
FACT_PREFIX, ADDRESS_PREFIX = "fact:", "address:"
NOT_MET = "not-met"
_DOUBTS = {"low": N_("low confidence"), "medium": N_("medium confidence")}
_SOURCE_OF = N_("its source is of %(day)s")


@dataclass(frozen=True, slots=True)
class StaleSource:
    """A fact, a crossing or an address that must be checked or left out; `reason` says why.

    `sentences`: those of one letter that cite it. `missing`: an address that is not known. `corrected_at`: the key of
    the addressee whose address it is, empty for all else.
    """

    id: str
    description: Sentence
    url: str
    reason: Sentence
    sentences: tuple[str, ...] = ()
    missing: bool = False
    corrected_at: str = ""


def stale_sources(draft: Draft) -> list[StaleSource]:
    """Facts and crossings that letters cite, and addresses they go to, if old, of low confidence, or missing."""
    citations = sorted(_stale_citations(draft), key=lambda citation: citation.id)
    addresses: dict[str, StaleSource] = {}
    for stale in filter(None, map(_stale_address, _addresses(draft))):
        addresses.setdefault(stale.id, stale)  # all languages of a state are one question
    return [*_not_met(draft), *_quoted(draft, citations), *addresses.values()]


def _not_met(draft: Draft) -> Iterator[StaleSource]:
    """After the deadline: the gravest sentence of the campaign is said by a person, with each edition."""
    if draft.state is CampaignState.PASSED:
        deadline = draft.appeal.campaign.deadline
        description = Sentence(N_("The demand was not met by %(deadline)s."), deadline=deadline)
        yield StaleSource(NOT_MET, description, "", Sentence(N_("letters say so in your name")))


def _addresses(draft: Draft) -> Iterator[Addressee]:
    """All addressees, then each ministry that gets a copy, once."""
    yield from draft.book.addressees
    copies = [copy for a in draft.book.addressees for ministry in a.copies if (copy := a.copy_to(ministry))]
    yield from {copy.key: copy for copy in copies}.values()


@dataclass(frozen=True, slots=True)
class _Citation:
    """A source that letters cite, and one addressee of each role whose letter does."""

    id: str
    source: Source
    addressees: list[Addressee]


def _stale_citations(draft: Draft) -> Iterator[_Citation]:
    for id_, addressees in draft.citing_addressees().items():
        source = citable_sources(draft.appeal, addressees[0])[id_]
        if _is_old(source.date) or source.level == "C":
            yield _Citation(id_, source, addressees)


def _quoted(draft: Draft, stale: list[_Citation]) -> Iterator[StaleSource]:
    """With each, the sentences that rest on it, in English."""
    citing = {addressee.key: addressee for citation in stale for addressee in citation.addressees}
    letters = {key: draft.letter_in(SOURCE_LANGUAGE, addressee) for key, addressee in citing.items()}
    for one in stale:
        sentences = [s for a in one.addressees for s in _sentences_citing(one, letters[a.key])]
        name = one.id.removeprefix(CROSSING_PREFIX)
        yield StaleSource(
            one.id if name != one.id else FACT_PREFIX + one.id,
            Sentence("%(publisher)s, %(day)s", publisher=one.source.publisher, day=one.source.date),
            one.source.url,
            Sentence(_SOURCE_OF, day=one.source.date),
            tuple(dict.fromkeys(sentences)),
        )


def _sentences_citing(citation: _Citation, letter: Letter) -> tuple[str, ...]:
    """Of a crossing only its own line: others stand on the same page."""
    names = [
        crossing.names.get("en", crossing.name)
        for addressee in citation.addressees
        for crossing in addressee.crossings
        if crossing.source.id == citation.id
    ]
    sentences = sentences_citing(letter, citation.source)
    return tuple(s for s in sentences if s.startswith(tuple(names))) if names else sentences


def _stale_address(addressee: Addressee) -> StaleSource | None:
    is_copy = addressee.key.startswith(COPY_PREFIX)
    return (
        StaleSource(
            addressee.key if is_copy else ADDRESS_PREFIX + addressee.code,
            _describe_address(addressee, is_copy=is_copy),
            addressee.source_url,
            reason,
            missing=addressee.address_missing,
            corrected_at="" if is_copy else addressee.key,
        )
        if (reason := _doubt_about_address(addressee))
        else None
    )


def _describe_address(addressee: Addressee, *, is_copy: bool) -> Sentence:
    name, lines = addressee.name_en, ", ".join(addressee.lines) or Sentence(N_("missing"))
    return Sentence(N_("%(name)s, a copy: %(lines)s") if is_copy else "%(name)s: %(lines)s", name=name, lines=lines)


def _doubt_about_address(addressee: Addressee) -> Sentence | None:
    if addressee.address_missing:
        return Sentence(N_("no address: lines are left to fill in by hand"))
    if addressee.confidence != "high":
        return Sentence(_DOUBTS[addressee.confidence])
    if not addressee.source_date:
        return Sentence(N_("its source has no date"))
    if _is_older_than(addressee.source_date, ADDRESS_SOURCE_YEARS):
        return Sentence(_SOURCE_OF, day=addressee.source_date)
    return Sentence(N_("checked in %(day)s"), day=addressee.checked) if _is_old(addressee.checked) else None


def _is_old(day_seen: str) -> bool:
    """True if the day, or the first day of the year or month, is more than 90 days ago."""
    return clock.today() - _first_day(day_seen) > VALIDITY


def _is_older_than(day_seen: str, years: int) -> bool:
    first_day = _first_day(day_seen)
    return (first_day.year + years, first_day.month, first_day.day) < clock.today().timetuple()[:3]


def _first_day(day_seen: str) -> date:
    """Of a year or a month: what happened in it may have happened then."""
    return date.fromisoformat(day_seen + "-01-01"[len(day_seen) - 4 :] if len(day_seen) < 10 else day_seen)


async def unchecked_sources(c: Connection, draft: Draft) -> list[StaleSource]:
    """Stale sources that no organiser has checked in the last 90 days; and if the demand was not met, each time."""
    checked_ids = await valid_checks(c)
    return [stale for stale in stale_sources(draft) if stale.id not in checked_ids]


async def valid_checks(c: Connection) -> set[str]:
    """The ids of sources that an organiser has checked in the last 90 days."""
    last_checks = {row["id"]: date.fromisoformat(row["checked_on"]) for row in await c.all("source_checks.all")}
    return {id_ for id_, day in last_checks.items() if clock.today() - day <= VALIDITY} - {NOT_MET}


async def save_checks(c: Connection, ids: Iterable[str], nickname: str) -> None:
    """Stores that an organiser looked at these sources today and found them right."""
    for id_ in ids:
        await c.run("source_checks.save", id=id_, nickname=nickname, today=clock.today().isoformat())


async def forget_checks(c: Connection, ids: Iterable[str]) -> None:
    """They are asked about again with the next edition."""
    for id_ in ids:
        await c.run("source_checks.forget", id=id_)


async def last_checks(c: Connection) -> dict[str, tuple[str, str]]:
    """(nickname, day) of the last check, by the id of the source."""
    return {row["id"]: (row["nickname"], row["checked_on"]) for row in await c.all("source_checks.all")}
