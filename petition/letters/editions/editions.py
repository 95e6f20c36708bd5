"""Editions: all letters of one moment, stored. An edition always gives the same bytes.

Before an edition is issued, its letters are drafts. A letter goes out in the addressee's language only if that text was
reviewed; else it is in English. The courtesy translation beside it is marked as a translation. A state gets one letter
(see versions.py).
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import tee
from typing import Any

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import ngettext
from petition.letters.addressees.address_book import Addressee
from petition.letters.editions import source_checks
from petition.letters.editions.drafts import Draft
from petition.letters.editions.log_head import newest_logged_edition
from petition.letters.editions.source_checks import ADDRESS_PREFIX, FACT_PREFIX, NOT_MET
from petition.letters.editions.versions import Version, envelopes, list_versions
from petition.letters.formats import pdf
from petition.letters.writing import stored_document
from petition.letters.writing.document import IssueDetails, Letter, NotMet
from petition.organisers import activity_log

_NOT_MET_UNCONFIRMED = N_(
    "After the deadline letters say that the demand was not met: confirm it, with the count of that day and its "
    "source; if it was met, write met into campaign.toml."
)


@dataclass(frozen=True, slots=True)
class Edition:
    """`issued_at`: ISO 8601, UTC; `nickname`: who issued it; `basis`: the numbers it quotes, and who checked what."""

    number: int
    issued_at: str
    nickname: str
    basis: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IssuedLetter:
    """A letter of an edition, or an enclosure of it; `key` is the code of its addressee, `sha256` that of its PDF."""

    reference: str
    edition: int
    key: str
    courtesy: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What an organiser decided about stale sources, by id: `checked` are still right, `omitted` are left out.

    `forms`: "she" or "he" by the code of an addressee; without one, a letter has both forms of address.
    `not_met`: needed after the deadline, see source_checks.NOT_MET.
    """

    checked: frozenset[str]
    omitted: frozenset[str]
    forms: Mapping[str, str] = field(default_factory=dict)
    not_met: NotMet | None = None


async def issue_edition(database: Database, draft: Draft, decisions: Decisions, nickname: str) -> int:
    """Issues the next edition in one transaction and returns its number.

    Raises LetterError if a stale source has no decision, there is no letter to send, or somebody else has issued an
    edition since this one was begun.
    """
    async with database.reading() as c:
        stale_ids = {stale.id for stale in await source_checks.unchecked_sources(c, draft)}
        stored, logged = await c.one("editions.next_number") or {}, await newest_logged_edition(c)
    number = max(int(stored["number"]), logged + 1)  # one that ministries have is never given again
    if undecided := stale_ids - decisions.checked - decisions.omitted:
        raise LetterError(_say_undecided(len(undecided)))
    if NOT_MET in stale_ids and (NOT_MET in decisions.omitted or decisions.not_met is None):
        raise LetterError(_NOT_MET_UNCONFIRMED)
    omitted = decisions.omitted & stale_ids
    not_met = decisions.not_met if NOT_MET in stale_ids else None
    draft = replace(draft.addressed_as(decisions.forms), not_met=not_met)
    rows = await asyncio.to_thread(lambda: list(_letter_rows(draft, number, omitted)))
    if not rows:
        raise LetterError(N_("An edition without any letter is none."))
    insert = partial(
        _insert_edition,
        draft=draft,
        number=number,
        rows=rows,
        decisions=Decisions(decisions.checked & stale_ids, omitted, decisions.forms),
        nickname=nickname,
    )
    await database.write(insert)
    return number


def _say_undecided(n: int) -> str:
    return ngettext(
        "Nobody has said yet what becomes of %(num)s old or doubtful fact or address.",
        "Nobody has said yet what becomes of %(num)s old or doubtful facts and addresses.",
        n,
    )


async def _insert_edition(
    c: Connection, *, draft: Draft, number: int, rows: list[Row], decisions: Decisions, nickname: str
) -> None:
    await source_checks.save_checks(c, sorted(decisions.checked), nickname)
    decided = {"omitted": sorted(decisions.omitted), "forms": dict(decisions.forms)}
    basis = basis_of(draft) | decided | {"checked_by": await source_checks.last_checks(c)}
    issued_at = clock.iso(draft.moment)
    if (
        await c.one("editions.insert", number=number, issued_at=issued_at, nickname=nickname, basis=json.dumps(basis))
        is None
    ):
        raise LetterError(N_("Somebody else has just drawn up an edition: look at that one first."))
    await c.insert_rows("edition_letters", rows)
    await activity_log.append(c, nickname, "drew up an edition", f"{number}: {len(rows)} letters and translations")


def basis_of(draft: Draft) -> dict[str, Any]:
    snapshot = draft.snapshot
    numbers = {"confirmed": snapshot.confirmed, "countries": dict(snapshot.countries), "other": snapshot.other}
    annexes = dict.fromkeys(addressee.code for addressee in draft.book.addressees if draft.annex_size(addressee))
    not_met = {"not_met": asdict(draft.not_met)} if draft.not_met else {}
    paper = draft.paper
    on_paper = (
        {"paper": {"total": paper.total, "countries": dict(paper.countries), "rows": paper.rows}} if paper.rows else {}
    )
    log_head = {"log_head": draft.log_head} if draft.log_head else {}
    return {"as_of": clock.iso(snapshot.as_of), **numbers, "annexes": list(annexes), **not_met, **on_paper, **log_head}


def _letter_rows(draft: Draft, number: int, omitted: Collection[str]) -> Iterator[Row]:
    letters, to_render = tee(_compose_letters(draft, number, omitted))
    return (
        _letter_row(letter, number, content) for letter, content in zip(letters, pdf.render_all(to_render), strict=True)
    )


def _compose_letters(draft: Draft, number: int, omitted: Collection[str]) -> Iterator[Letter]:
    omitted_ids = frozenset(id_.removeprefix(FACT_PREFIX) for id_ in omitted if not id_.startswith(ADDRESS_PREFIX))
    for addressees in envelopes(draft.book.addressees):
        code = addressees[0].code
        if ADDRESS_PREFIX + code not in omitted:
            letter, *enclosures = list_versions(draft.text_folders, addressees)
            yield _compose(draft, letter, f"{code}-{number}", omitted_ids, enclosures)
            for version in enclosures:
                yield _compose(draft, version, f"{code}-{number}-{version.language}", omitted_ids)


def _compose(
    draft: Draft, version: Version, reference: str, omitted: frozenset[str], enclosures: Sequence[Version] = ()
) -> Letter:
    issue = IssueDetails(
        reference,
        check_url_prefix(draft, version.addressee) + reference,
        version.language,
        courtesy=version.courtesy,
        omitted=omitted,
        translations=tuple(enclosed.language for enclosed in enclosures if enclosed.courtesy),
        versions=tuple(enclosed.language for enclosed in enclosures if not enclosed.courtesy),
    )
    return replace(draft.letter(version.addressee, issue), key=version.addressee.code)


def check_url_prefix(draft: Draft, addressee: Addressee) -> str:
    """Where a letter or annex is checked, without its reference."""
    return f"{draft.base_url}/{draft.page_language(addressee)}/letters/"


def _letter_row(letter: Letter, number: int, content: bytes) -> Row:
    return {
        "reference": letter.reference,
        "edition": number,
        "key": letter.key,
        "courtesy": int(letter.courtesy),
        "tree": json.dumps(stored_document.to_dict(letter), ensure_ascii=False),
        "sha256": hashlib.sha256(content).hexdigest(),
        "pdf": b64encode(content).decode(),
    }


async def list_editions(c: Connection) -> list[Edition]:
    """All editions, the newest first."""
    return [_edition(row) for row in await c.all("editions.all")]


async def newest(c: Connection) -> Edition | None:
    row = await c.one("editions.newest")
    return None if row is None else _edition(row)


def _edition(row: Row) -> Edition:
    return Edition(int(row["number"]), row["issued_at"], row["nickname"], json.loads(row["basis"]))


async def list_letters(c: Connection, number: int) -> list[IssuedLetter]:
    """The letters of an edition, each before its enclosures. Empty if there is no such edition."""
    return sorted(
        map(_issued_letter, await c.all("editions.letters_of_edition", number=number)),
        key=lambda letter: (letter.key, letter.courtesy, letter.reference),
    )


async def find_letter(c: Connection, reference: str) -> tuple[IssuedLetter, Letter, Mapping[str, Any]] | None:
    """A letter, or one that follows it, by its reference, with its tree and with the numbers that it quotes."""
    row = await c.one("editions.find_letter", reference=reference)
    return (
        (_issued_letter(row), stored_document.letter_from_dict(json.loads(row["tree"])), json.loads(row["basis"]))
        if row
        else None
    )


async def letter_pdf(c: Connection, reference: str) -> bytes | None:
    """The PDF that was sent, byte for byte."""
    row = await c.one("editions.letter_pdf", reference=reference)
    return b64decode(row["pdf"]) if row else None


def _issued_letter(row: Row) -> IssuedLetter:
    return IssuedLetter(row["reference"], int(row["edition"]), row["key"], bool(row["courtesy"]), row["sha256"])
