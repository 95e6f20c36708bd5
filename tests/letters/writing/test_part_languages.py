"""Summary, legal page, reminder and reply in every language: they say what the English ones say."""

import re
import shutil
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from petition.letters.correspondence import Stance
from petition.letters.follow_ups import REMINDER, REPLY
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import FollowUp, IssueDetails, Letter, Part
from petition.letters.writing.follow_up import follow_up_language
from tests.letters.samples import BOOK, FIGURES, LANGUAGES, MOMENT, TEXTS, appeal, letter_text
from tests.letters.writing.test_texts import _neutral, _roles

ENGLISH = re.compile("Government|Council|Regulation|Treaty|cit(ed|ing)|through")
OTHERS = [language for language in LANGUAGES if language != "en"]
ANSWERED = {"answered": date(2026, 11, 10), "signed_by": "Kanzlei"}
REPLIED = {"replied": date(2026, 10, 20), "forwarded_to": "Ministerium"}
QUOTED: dict[tuple[str, Stance], dict[str, Any]] = {
    (REMINDER, Stance.NONE): {"acknowledged": date(2026, 10, 5)},
    (REMINDER, Stance.FORWARDED): REPLIED,
    (REMINDER, Stance.HOLDING): REPLIED,
    **{(REPLY, stance): ANSWERED for stance in (Stance.SUPPORTS, Stance.PARTLY, Stance.REFUSES, Stance.NO_COMPETENCE)},
}


@pytest.fixture(scope="module")
def read_texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts as if a native speaker had read them all."""
    folder = shutil.copytree(TEXTS, tmp_path_factory.mktemp("read") / "letters")
    for file in folder.rglob("*.md"):
        file.write_text(file.read_text("utf-8").replace('reviewed = "no"', 'reviewed = "Anna, 2026"'), "utf-8")
    return folder


@cache
def _drawn(texts: Path, language: str, role: str, state: str, follow_up: str = "", stance: str = "") -> Letter:
    follows = FollowUp(follow_up, "XX-1", 52, 10, _quoted(follow_up, Stance(stance))) if follow_up else None
    issue = IssueDetails("XX-1", "https://example.org/en/letters/XX-1", language, follow_up=follows)
    addressee = replace(_neutral(language, role), sources=BOOK.find("PL" if role == "border" else "AT").sources)
    return compose_letter(appeal(state), [texts], addressee, FIGURES, MOMENT, "https://example.org", issue)


def _quoted(kind: str, stance: Stance) -> dict[str, Any]:
    days = dict.fromkeys(("acknowledged", "replied", "answered")) | {"sent": date(2026, 10, 1)}
    words = {"forwarded_to": "", "signed_by": "", "their_reference": "DG-7/2026", "stance": stance.value}
    return {**days, **words, **QUOTED[kind, stance]}


def _cited(part: Part | None) -> list[tuple[str, list[str]]]:
    """The kind of each block, and the pages it cites."""
    assert part is not None
    pages = {str(note.number): note.url for note in part.sources}
    return [(block.kind, sorted(pages[run.text] for run in block.runs if run.style == "note")) for block in part.blocks]


def _refuse_leftovers(words: str) -> None:
    assert not re.search(r"[{}]|None|\*\*|\.\.(?!\.)", words.replace("…", "")), words


CASES = [(language, role) for language in OTHERS for role in _roles(language)]


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize(("language", "role"), CASES)
def test_summary_and_legal_page_say_the_same(language: str, role: str, state: str, read_texts: Path) -> None:
    drawn, english = (_drawn(read_texts, code, role, state) for code in (language, "en"))
    assert drawn.summary is not None
    assert (drawn.summary.language, drawn.enclosures[0].language) == (language, language)
    assert _cited(drawn.summary) == _cited(english.summary)
    assert _cited(drawn.enclosures[0]) == _cited(english.enclosures[0])
    for part in (drawn.summary, *drawn.enclosures):
        _refuse_leftovers(" ".join(block.text for block in part.blocks))
        assert not [source for source in part.sources if ENGLISH.search(source.text)]
    demand = next(block.text for block in drawn.blocks if block.kind == "quote")
    assert demand.replace("\xa0", " ") in drawn.summary.blocks[0].text.replace("\xa0", " ")


@pytest.mark.parametrize(("kind", "stance"), QUOTED)
@pytest.mark.parametrize("language", OTHERS)
def test_what_follows_a_letter_says_the_same(language: str, kind: str, stance: Stance, read_texts: Path) -> None:
    drawn, english = (_drawn(read_texts, code, "vote", "open", kind, stance.value) for code in (language, "en"))
    assert [block.kind for block in drawn.blocks] == [block.kind for block in english.blocks]
    words = letter_text(drawn)
    _refuse_leftovers(words)
    assert all(said in words for said in ("XX-1", "DG-7/2026", "/governments"))
    assert ("Kanzlei" in words) == (kind == REPLY)
    assert ("Ministerium" in words) == (stance is Stance.FORWARDED)


@pytest.mark.parametrize("kind", [REMINDER, REPLY])
def test_a_translation_that_nobody_has_read_follows_no_letter(kind: str, read_texts: Path) -> None:
    assert follow_up_language([TEXTS], kind, "pl") == "en"
    assert follow_up_language([read_texts], kind, "pl") == "pl"


def test_nor_is_it_a_legal_page() -> None:
    assert [part.language for part in _drawn(TEXTS, "pl", "border", "open").enclosures] == ["en"]
