"""Letters that follow a letter of an edition: a reminder while there is no answer, a reply to an answer.

Each is stored like the letters of an edition, byte for byte; its reference is that of the letter with R and a number.
"""

import asyncio
import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass, replace
from functools import partial

from petition.campaign.campaign import CampaignState
from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.letters.addressees.address_book import Addressee
from petition.letters.correspondence import Entry
from petition.letters.editions import editions
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import IssuedLetter
from petition.letters.formats import pdf
from petition.letters.writing import stored_document
from petition.letters.writing.document import FollowUp, IssueDetails, Letter
from petition.letters.writing.follow_up import follow_up_language
from petition.organisers import activity_log

REMINDER, REPLY = "reminder", "reply"
_QUOTED = ("sent", "acknowledged", "replied", "answered", "forwarded_to", "their_reference", "signed_by")


@dataclass(frozen=True, slots=True)
class IssuedFollowUp:
    reference: str
    kind: str
    issued_at: str
    nickname: str


async def list_follow_ups(c: Connection, draft: Draft, code: str, entry: Entry) -> list[IssuedFollowUp]:
    """Those to one addressee, the oldest first."""
    letter = await _find_letter(c, draft, code, entry)
    rows = await c.all("follow_ups.of_letter", letter=letter.reference) if letter else []
    return [IssuedFollowUp(**row) for row in rows]


async def make_follow_up(database: Database, draft: Draft, code: str, entry: Entry, kind: str, nickname: str) -> str:
    """Returns its reference. Raises LetterError if there is nothing to follow, or somebody makes one at this moment."""
    _refuse_unfounded(draft, entry, kind)
    async with database.reading() as c:
        letter = await _find_letter(c, draft, code, entry)
        found = await editions.find_letter(c, letter.reference) if letter else None
        if entry.sent is None or letter is None or found is None:
            raise LetterError(N_("Write down first on which day the letter was sent, and from which edition it is."))
        earlier = await c.all("follow_ups.of_letter", letter=letter.reference)
    quoted = {name: getattr(entry, name) for name in _QUOTED} | {"stance": entry.stance.value}
    days = (draft.day - entry.sent).days
    follow_up = FollowUp(kind, letter.reference, days, int(found[2]["confirmed"]), quoted)
    reference = f"{letter.reference}-R{len(earlier) + 1}"
    language = follow_up_language(draft.text_folders, kind, found[1].language)
    composed = await asyncio.to_thread(_compose, draft, draft.book.find(letter.key), follow_up, reference, language)
    content = await asyncio.to_thread(pdf.render, composed)
    row = _row(draft, letter, composed, content) | {"kind": kind, "nickname": nickname}
    await database.write(partial(_insert, row=row))
    return reference


def _refuse_unfounded(draft: Draft, entry: Entry, kind: str) -> None:
    if draft.state is CampaignState.MET:
        raise LetterError(N_("The demand was met: these letters still ask for it."))
    if kind == REMINDER and entry.answered:
        raise LetterError(N_("This letter was answered: a reply can be made, and no reminder."))
    if kind == REPLY and not entry.answered:
        raise LetterError(N_("This letter was not answered: a reminder can be made, and no reply."))


async def _find_letter(c: Connection, draft: Draft, code: str, entry: Entry) -> IssuedLetter | None:
    """The letter itself, not an enclosure or a translation, whose references are longer."""
    keys = [code, *(addressee.key for addressee in draft.book.addressees if addressee.code == code)]
    letters = [one for one in await editions.list_letters(c, entry.edition) if one.key in keys and not one.courtesy]
    return min(letters, key=lambda one: (len(one.reference), keys.index(one.key)), default=None)


def _compose(draft: Draft, addressee: Addressee, follow_up: FollowUp, reference: str, language: str) -> Letter:
    """Without chart and copies: those belong to the letter that it follows."""
    url = editions.check_url_prefix(draft, addressee) + reference
    issue = IssueDetails(reference, url, language, follow_up=follow_up)
    return replace(draft.letter(addressee, issue), chart=None, sources=(), copies=(), copy_addresses=())


def _row(draft: Draft, letter: IssuedLetter, composed: Letter, content: bytes) -> Row:
    return {
        "reference": composed.reference,
        "letter": letter.reference,
        "edition": letter.edition,
        "key": letter.key,
        "issued_at": clock.iso(draft.moment),
        "basis": json.dumps(editions.basis_of(draft)),
        "tree": json.dumps(stored_document.to_dict(composed), ensure_ascii=False),
        "digest": hashlib.sha256(content).hexdigest(),
        "pdf": b64encode(content).decode(),
    }


async def _insert(c: Connection, *, row: Row) -> None:
    if await c.one("follow_ups.insert", **row) is None:
        raise LetterError(N_("Somebody else has just made one: look at that one first."))
    await activity_log.append(c, row["nickname"], f"made a {row['kind']}", row["reference"])
