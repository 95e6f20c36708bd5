"""Editions: all letters of one moment, frozen. The same edition hands out the same bytes for ever.

Letters before one are drafts. An edition takes reviewed texts only; where there is none the letter is English, with the
translation beside it, marked as such.
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import tee
from typing import Any

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.core.languages import SOURCE_LANGUAGE
from petition.letters.addressees.directory import Addressee
from petition.letters.editions import source_checks
from petition.letters.editions.drafts import Draft
from petition.letters.editions.source_checks import ADDRESS, FACT
from petition.letters.formats import pdf
from petition.letters.writing import compose, document
from petition.letters.writing.document import IssueDetails, Letter
from petition.organisers import activity_log


@dataclass(frozen=True, slots=True)
class Edition:
    """Number, moment (ISO 8601, UTC), who drew it up; `basis`: the numbers it quotes, who stood up for what."""

    n: int
    moment: str
    nickname: str
    basis: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A letter of an edition, or the courtesy translation beside one, and the SHA-256 of its file."""

    reference: str
    edition: int
    key: str
    courtesy: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What an organiser says to each doubt (see confirmations): confirmed, or left out."""

    confirmed: frozenset[str]
    without: frozenset[str]


async def draw_up(database: Database, draft: Draft, offered: Collection[str], choice: Choice, nickname: str) -> int:
    """Draws up the next edition in one transaction; its number. `offered`: languages that the site has pages in.

    Raises LetterError if a doubt is not settled, or if somebody else has drawn one up meanwhile.
    """
    async with database.reading() as c:
        doubts = {doubt.id for doubt in await source_checks.open_doubts(c, draft)}
        n = int((await c.one("editions.next") or {})["n"])
    if unsettled := doubts - choice.confirmed - choice.without:
        raise LetterError(f"Nobody has said yet what becomes of {len(unsettled)} old or doubtful facts and addresses.")
    without = choice.without & doubts
    rows = await asyncio.to_thread(lambda: list(_rows(draft, n, offered, without)))
    if not rows:
        raise LetterError("An edition without any letter is none.")
    act = partial(_put, draft=draft, n=n, rows=rows, choice=Choice(choice.confirmed & doubts, without), who=nickname)
    await database.write(act)
    return n


async def _put(c: Connection, *, draft: Draft, n: int, rows: list[Row], choice: Choice, who: str) -> None:
    await source_checks.confirm(c, sorted(choice.confirmed), who)
    basis = _basis(draft) | {"without": sorted(choice.without), "confirmed_by": await source_checks.by(c)}
    moment = clock.iso(draft.moment)
    if await c.one("editions.put", n=n, moment=moment, nickname=who, basis=json.dumps(basis)) is None:
        raise LetterError("Somebody else has just drawn up an edition: look at that one first.")
    await c.insert_rows("edition_letters", rows)
    await activity_log.write(c, who, "drew up an edition", f"{n}: {len(rows)} letters and translations")


def _basis(draft: Draft) -> dict[str, Any]:
    told = draft.snapshot
    numbers = {"confirmed": told.confirmed, "countries": dict(told.countries), "other": told.other}
    annexes = [addressee.key for addressee in draft.book.addressees if draft.annexed(addressee)]
    return {"as_of": clock.iso(told.as_of), **numbers, "annexes": annexes}


def _rows(draft: Draft, n: int, offered: Collection[str], without: Collection[str]) -> Iterator[Row]:
    drawn, files = tee(_letters(draft, n, offered, without))
    return (_frozen(letter, n, content) for letter, content in zip(drawn, pdf.render_all(files), strict=True))


def _letters(draft: Draft, n: int, offered: Collection[str], without: Collection[str]) -> Iterator[Letter]:
    for addressee in draft.book.addressees:
        if ADDRESS + addressee.key not in without:
            for stamp in _stamps(draft, addressee, n, offered, without):
                yield draft.letter(addressee, stamp)


def _stamps(
    draft: Draft, addressee: Addressee, n: int, offered: Collection[str], without: Collection[str]
) -> Iterator[IssueDetails]:
    """Of the letter, and of the translation beside it."""
    main, beside = compose.letter_languages(draft.folders, addressee)
    where = page(draft, addressee, offered)
    lacking = frozenset(id_.removeprefix(FACT) for id_ in without if id_.startswith(FACT))
    number = f"{addressee.key}-{n}"
    yield IssueDetails(number, where + number, main, omitted=lacking)
    if beside:
        yield IssueDetails(f"{number}-{beside}", f"{where}{number}-{beside}", beside, courtesy=True, omitted=lacking)


def page(draft: Draft, addressee: Addressee, offered: Collection[str]) -> str:
    """Where what goes to an addressee can be checked, before its reference: in their language, if pages speak it."""
    return f"{draft.base_url}/{addressee.language if addressee.language in offered else SOURCE_LANGUAGE}/letters/"


def _frozen(letter: Letter, n: int, content: bytes) -> Row:
    return {
        "reference": letter.reference,
        "edition": n,
        "key": letter.key,
        "courtesy": int(letter.courtesy),
        "tree": json.dumps(document.to_dict(letter), ensure_ascii=False),
        "sha256": hashlib.sha256(content).hexdigest(),
        "pdf": b64encode(content).decode(),
    }


async def drawn(c: Connection) -> list[Edition]:
    """All editions, the newest first."""
    rows = await c.all("editions.all")
    return [Edition(int(r["n"]), r["moment"], r["nickname"], json.loads(r["basis"])) for r in rows]


async def letters_of(c: Connection, n: int) -> list[Frozen]:
    """The letters of an edition, each before the translation beside it; none if there is no such edition."""
    return sorted(map(_told, await c.all("editions.letters", n=n)), key=lambda one: (one.key, one.courtesy))


async def find(c: Connection, reference: str) -> tuple[Frozen, Letter, Mapping[str, Any]] | None:
    """A letter by its reference, with the tree every format is drawn from and the basis of its edition."""
    row = await c.one("editions.find", reference=reference)
    return (_told(row), document.letter_from_dict(json.loads(row["tree"])), json.loads(row["basis"])) if row else None


async def file(c: Connection, reference: str) -> bytes | None:
    """The PDF that went out, byte for byte."""
    row = await c.one("editions.pdf", reference=reference)
    return b64decode(row["pdf"]) if row else None


def _told(row: Row) -> Frozen:
    return Frozen(row["reference"], int(row["edition"]), row["key"], bool(row["courtesy"]), row["sha256"])
