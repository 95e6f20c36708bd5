"""Letters that follow a letter: a reminder while there is no answer, a reply to an answer; frozen like the others."""

import hashlib
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.letters import correspondence, follow_ups
from petition.letters.correspondence import Entry, Stance
from petition.letters.editions import editions, references
from petition.letters.editions.drafts import Draft
from petition.letters.follow_ups import REMINDER, REPLY
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_annexes import edition_of_moment
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import appeal, pdf_text
from tests.web.tools import Html, on_sqlite

SENT = Entry(sent=date(2026, 10, 1), edition=1)
HELD = replace(SENT, stance=Stance.HOLDING, replied=date(2026, 10, 20), their_reference="DGKanc-7/2026 & <b>")
ANSWERED = replace(SENT, answered=date(2026, 11, 10), signed_by="State Secretary for Europe")


async def _made(database: Database, draft: Draft, entry: Entry, kind: str, code: str = "PL") -> tuple[str, str]:
    """The reference, and the words of the PDF."""
    reference = await follow_ups.make_follow_up(database, draft, code, entry, kind, "marta")
    async with database.reading() as c:
        return reference, pdf_text(await editions.letter_pdf(c, reference) or b"")


async def test_a_reminder_quotes_both_references_the_day_and_the_new_number(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(database, draft)
    later = replace(draft, snapshot=replace(draft.snapshot, confirmed=20120))
    reference, text = await _made(database, later, HELD, REMINDER)
    assert reference == "PL-1-R1"
    for words in (
        "PL-1-R1",
        "On 1 October 2026 we sent you a letter",
        "with our reference PL-1 (your reference: DGKanc-7/2026 & <b>)",
        "On 20 October 2026 we were told that an answer would follow.",
        "52 days after the letter we have no answer to it.",
        "at least 20,120 signatures under the demand are confirmed; when we wrote, it was 12,340.",
    ):
        assert words in text, words
    for page in ("/en/letters/PL-1Asof", "/en/letters/PL-1-R1", "/en/governments"):
        assert page in text.replace(" ", ""), page
    assert "PREVIEW" not in text


async def test_it_never_changes_and_the_next_has_the_next_number(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(database, draft)
    first, _ = await _made(database, draft, SENT, REMINDER)
    async with database.reading() as c:
        found = await editions.find_letter(c, first)
        assert found
        letter, _, basis = found
        before = await editions.letter_pdf(c, first)
        assert before
        assert hashlib.sha256(before).hexdigest() == letter.sha256
        assert (letter.edition, basis["confirmed"]) == (1, 12340)
        assert await references.find_reference(c, "pl-1-r1 ") == first
        assert [one.reference for one in await editions.list_letters(c, 1)] == ["PL-1", "PL-1-pl"], "no part of it"
    second, _ = await _made(database, draft, ANSWERED, REPLY)
    assert second == "PL-1-R2"
    async with database.reading() as c:
        assert await editions.letter_pdf(c, first) == before
        listed = await follow_ups.list_follow_ups(c, draft, "PL", SENT)
    assert [(one.reference, one.kind, one.nickname) for one in listed] == [
        ("PL-1-R1", REMINDER, "marta"),
        ("PL-1-R2", REPLY, "marta"),
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("stance", "asked"),
    [
        (Stance.SUPPORTS, "We understand that your Government supports the demand. We ask you"),
        (Stance.PARTLY, "which part is not supported"),
        (Stance.REFUSES, "by which other means"),
        (Stance.NO_COMPETENCE, "to tell us who is;"),
    ],
)
async def test_a_reply_takes_up_what_was_answered(stance: Stance, asked: str, database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(database, draft)
    _, text = await _made(database, draft, replace(ANSWERED, stance=stance), REPLY)
    assert "Thank you for your answer of 10 November 2026, signed by: State Secretary for Europe," in text
    assert asked in text


async def test_one_letter_follows_whatever_languages_a_state_has(database: Database, time: Clock) -> None:
    draft = draft_for("BE-nl", "BE-fr", "BE-de")
    await issue(database, draft)
    reference, _ = await _made(database, draft, SENT, REMINDER, "BE")
    assert reference in ("BE-nl-1-R1", "BE-1-R1")


async def test_without_a_letter_or_against_what_came_back_there_is_none(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(database, draft)
    met = replace(draft, appeal=appeal("met"))
    for given, entry, kind, told in (
        (draft, Entry(), REMINDER, "Write down first"),
        (draft, replace(SENT, edition=0), REMINDER, "Write down first"),
        (draft, replace(SENT, edition=2), REMINDER, "Write down first"),
        (draft, ANSWERED, REMINDER, "was answered"),
        (draft, HELD, REPLY, "was not answered"),
        (met, SENT, REMINDER, "was met"),
    ):
        with pytest.raises(LetterError, match=told):
            await follow_ups.make_follow_up(database, given, "PL", entry, kind, "marta")
    async with database.reading() as c:
        assert await c.count_rows("follow_ups") == 0


@on_sqlite
async def test_at_the_desk_it_is_made_and_anybody_can_check_it(time: Clock, visitor: Visitor) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    early = await visitor.post("/organisers/answers/PL/reminder")
    assert (early.status_code, "Write down first" in early.text) == (409, True)
    await visitor.site.database.write(partial(correspondence.save_entry, code="PL", entry=SENT))
    assert "/organisers/answers/PL#letters" in (await visitor.get("/organisers/reminders")).text
    made = await visitor.post("/organisers/answers/PL/reminder")
    assert (made.status_code, made.headers["location"]) == (303, "/organisers/answers/PL#letters")
    assert "olga: reminder PL-1-R1.pdf" in Html((await visitor.get("/organisers/answers/PL")).text).text
    for kind in ("pdf", "docx", "txt", "html"):
        assert (await visitor.get(f"/organisers/editions/PL-1-R1.{kind}")).status_code == 200
    assert "olga made a reminder PL-1-R1" in Html((await visitor.get("/organisers/record")).text).text
    assert (await visitor.post("/organisers/answers/XX/reply")).status_code == 404
    visitor.client.cookies.clear()
    page = (await visitor.get("/en/letters/PL-1-R1")).text
    content = (await visitor.get("/letters/PL-1-R1.pdf")).content
    assert hashlib.sha256(content).hexdigest() in page
    assert "we sent you a letter" in page
