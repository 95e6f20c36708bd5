"""Summaries, legal pages, reminders and replies in other languages: they agree with the English ones."""

import re
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import Block, FollowUp, IssueDetails, Letter, Part
from tests.letters.samples import BOOK, FIGURES, MOMENT, STATE_ROLES, TEXTS, appeal

LIKE = {"border": "PL", "vote": "DE", "no-rail": "CY"}  # Poland alone cites its order to close crossings
QUOTED = {
    name: date(2026, 10, day) for name, day in (("sent", 1), ("acknowledged", 5), ("replied", 20), ("answered", 25))
}
STANCES = {
    "reminder": ("forwarded", "holding", "none"),
    "reply": ("supports", "partly", "refuses", "not-competent"),
}


def _languages(kind: str) -> list[str]:
    return sorted(file.stem for file in (TEXTS / kind).glob("*.md") if file.stem != "en")


def _letter(language: str, role: str, state: str, **issue: Any) -> Letter:
    locale = next((a.locale for a in BOOK.addressees if a.language == language), "en_GB")
    addressee = replace(BOOK.find(LIKE[role]), language=language, locale=locale)
    details = IssueDetails("X-1", "https://example.org/en/letters/X-1", language, **issue)
    return compose_letter(appeal(state), [TEXTS], addressee, FIGURES, MOMENT, "https://example.org", details)


def _shape(blocks: tuple[Block, ...]) -> list[tuple[str, list[str]]]:
    return [(block.kind, sorted(run.text for run in block.runs if run.style == "note")) for block in blocks]


def _refuse_leftovers(blocks: tuple[Block, ...]) -> None:
    words = " ".join(block.text for block in blocks).replace("\xa0", " ")
    assert not re.search(r"[{}]|None|\*\*|  |\.\.", words), words


def _assert_same(part: Part | None, english: Part | None, language: str) -> None:
    assert part
    assert english
    assert part.language == language
    assert _shape(part.blocks) == _shape(english.blocks)
    _refuse_leftovers(part.blocks)
    for source in part.sources:
        assert not re.search("Government|Council|Regulation|Treaty|cited|citing|through", source.text), source.text


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize(("language", "role"), list(product(_languages("legal"), STATE_ROLES)))
def test_the_legal_page_has_the_steps_and_sources_of_english(language: str, role: str, state: str) -> None:
    (legal,), (english,) = (_letter(code, role, state).enclosures for code in (language, "en"))
    _assert_same(legal, english, language)


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize(("language", "role"), list(product(_languages("summary"), STATE_ROLES)))
def test_the_summary_has_the_lines_of_english(language: str, role: str, state: str) -> None:
    drawn, english = (_letter(code, role, state) for code in (language, "en"))
    _assert_same(drawn.summary, english.summary, language)


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize(("kind", "language"), [(kind, language) for kind in STANCES for language in _languages(kind)])
def test_a_reminder_and_a_reply_ask_what_the_english_one_asks(kind: str, language: str, state: str) -> None:
    for stance in STANCES[kind]:
        quoted = {**QUOTED, "stance": stance, "their_reference": "R 12", "forwarded_to": "F", "signed_by": "S"}
        issue = {"follow_up": FollowUp(kind, "X-1", 52, 10200, quoted)}
        drawn, english = (_letter(code, "vote", state, **issue) for code in (language, "en"))
        assert _shape(drawn.blocks) == _shape(english.blocks)
        assert drawn.subject != english.subject
        _refuse_leftovers(drawn.blocks)
        words = " ".join(block.text for block in drawn.blocks)
        assert "R 12" in words.replace("\xa0", " ")
        assert ("F" in words.split() or "F." in words.split()) == (stance == "forwarded")
