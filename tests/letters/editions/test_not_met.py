"""That the demand was met or not met is stood up for by a person, with a count and a source."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.letters.editions import editions, source_checks
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Decisions
from petition.letters.editions.source_checks import NOT_MET
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import IssueDetails, NotMet
from tests.conftest import Clock, Visit, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import BOOK, FIGURES, MOMENT, TEXTS, appeal, letter_text
from tests.web.tools import Html, campaign, on_sqlite

WORD = NotMet(1100, "Viasna & partners", "https://example.org/list?on=2026-11-01")
SAID = {"not_met_count": "1100", "not_met_by": WORD.by, "not_met_source": WORD.source}


def _passed() -> Draft:
    return replace(draft_for("PL"), appeal=appeal("passed"))


def _ids(draft: Draft) -> frozenset[str]:
    return frozenset(stale.id for stale in source_checks.stale_sources(draft))


async def test_no_letter_says_it_until_somebody_stands_by_it(database: Database, time: Clock) -> None:
    draft = _passed()
    for choice in (
        Decisions(_ids(draft), frozenset()),
        Decisions(_ids(draft) - {NOT_MET}, frozenset({NOT_MET}), not_met=WORD),
        Decisions(_ids(draft) - {NOT_MET}, frozenset(), not_met=WORD),
    ):
        with pytest.raises(LetterError):
            await issue(database, draft, choice)
    await issue(database, draft, Decisions(_ids(draft), frozenset(), not_met=WORD))
    async with database.reading() as c:
        (made,) = await editions.list_editions(c)
        asked = {stale.id for stale in await source_checks.unchecked_sources(c, draft)}
    assert made.basis["not_met"] == {"count": 1100, "by": WORD.by, "source": WORD.source}
    assert made.basis["checked_by"][NOT_MET][0] == "marta"
    assert asked == {NOT_MET}, "it is asked again with each edition"


def test_before_the_deadline_and_once_it_is_met_nobody_is_asked(time: Clock) -> None:
    for state in ("open", "met"):
        assert NOT_MET not in _ids(replace(draft_for("PL"), appeal=appeal(state)))


@pytest.mark.parametrize(
    ("not_met", "printed"),
    [(WORD, f"1,100 (Viasna & partners, {WORD.source}), {WORD.source}."), (None, "0 (), .")],
)
def test_a_text_can_print_the_count_and_its_source(tmp_path: Path, not_met: NotMet | None, printed: str) -> None:
    text, mark = (TEXTS / "en.md").read_text("utf-8"), "has not been met"
    assert mark in text
    here = "{{ number(not_met_count) }} ({{ not_met_by }}), {{ not_met_source }}. " + mark
    (tmp_path / "en.md").write_text(text.replace(mark, here), "utf-8")
    details = IssueDetails("PL-1", language="en", not_met=not_met)
    base_url = "https://ultimatum.example.org"
    letter = compose_letter(appeal("passed"), [tmp_path], BOOK.find("PL"), FIGURES, MOMENT, base_url, details)
    assert printed in letter_text(letter)


@on_sqlite
async def test_at_the_desk_it_is_confirmed_with_all_that_it_needs(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline="2026-11-01"))
    await visitor.organiser("olga", "organiser")
    page = Html((await visitor.get("/organisers/editions")).text)
    assert "The demand was not met by 1 November 2026." in page.text
    boxes = {box["name"]: "out" for box in page.all("input") if box.get("type") == "radio"}
    choice = boxes | {"doubt address:PL": "confirmed", "doubt not-met": "confirmed"}
    for wrong in ({}, {"not_met_count": "0"}, {"not_met_count": "many"}, {"not_met_by": ""}, {"not_met_source": "x"}):
        answer = await visitor.post("/organisers/editions", **choice, **(SAID | wrong if wrong else {}))
        assert answer.status_code == 422
        assert "needs how many political prisoners were counted" in answer.text
        if wrong:
            fields = Html(answer.text).fields()
            assert {name: fields[name] for name in SAID} == SAID | wrong, "nothing is lost"
    left_out = await visitor.post("/organisers/editions", **choice | {"doubt not-met": "out"}, **SAID)
    assert (left_out.status_code, "confirm it, with the count of that day" in left_out.text) == (422, True)
    assert (await visitor.post("/organisers/editions", **choice, **SAID)).status_code == 303
    made = Html((await visitor.get("/organisers/editions/1")).text)
    assert "olga stands by it that the demand was not met: 1,100 political prisoners" in made.text
    assert WORD.source in [a["href"] for a in made.all("a")]
