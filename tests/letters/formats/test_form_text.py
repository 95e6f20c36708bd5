"""The short text for web forms: it fits, no sentence is cut, and what matters is in it."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.letters.formats import form_text
from petition.letters.writing.document import Letter
from petition.letters.writing.texts import STATES_WITH_LETTERS
from tests.letters.samples import BOOK, FIGURES, letter

DRAWN = {
    (a.key, state): replace(letter(a, state), check_url=f"https://ultimatum.example.org/pl/letters/{a.code}-12-xx")
    for a in BOOK.addressees
    for state in STATES_WITH_LETTERS
}
ENOUGH = 1000  # characters in which the least can be said in any language


def _words(text: str) -> str:
    """On one line, without notes."""
    return " ".join(re.sub(r"\s?\[\d+\]", "", text).replace("\xa0", " ").replace("\u202f", " ").split())


def _check(drawn: Letter, text: str) -> None:
    flat = _words(text)
    quotes = [block for block in drawn.blocks if block.kind == "quote"] or [drawn.blocks[0]]
    assert all(_words(block.text) in flat for block in quotes), "the demand"
    numbers = [run.text for block in drawn.blocks for run in block.runs if run.style == "strong"]
    assert _words(numbers[0]) in flat
    assert re.search(r"^– .", text, re.MULTILINE), "what we ask"
    assert drawn.reference in flat
    assert drawn.check_url in flat


def _check_whole_sentences(drawn: Letter, text: str) -> None:
    """What stands in it is the letter's, and where a sentence of it ends, one of the letter's does."""
    blocks = [_words(block.text) for block in drawn.blocks]
    ends = re.compile(r"[.!?;:·]$")
    for line in text.splitlines():
        words = _words(line).removeprefix("– ")
        whole = next((block for block in blocks if block.startswith(words.split(" ")[0]) and words in block), None)
        assert whole is None or whole.endswith(words) or ends.search(words), words
        for block in blocks:
            if block.startswith(words[:60]) and len(words) > 60:
                assert block == words or ends.search(words), words


@pytest.mark.parametrize("key", [a.key for a in BOOK.addressees])
@examples(max_examples=25, deadline=None)
@given(st.sampled_from(STATES_WITH_LETTERS), st.integers(ENOUGH, 4000) | st.just(0))
def test_it_fits_whatever_a_form_takes(key: str, state: str, limit: int) -> None:
    drawn = replace(DRAWN[key, state], form_limit=limit)
    text = form_text.render(drawn)
    assert len(text) <= (limit or 1500)
    assert "[" not in text
    _check(drawn, text)
    _check_whole_sentences(drawn, text)


def test_crossings_are_all_there_or_none() -> None:
    poland = DRAWN["PL", "open"]
    crossings = [c.names["pl"] for c in BOOK.find("PL").crossings]
    for limit in range(ENOUGH, 3000, 50):
        text = form_text.render(replace(poland, form_limit=limit))
        assert sum(name in text for name in crossings) in (0, len(crossings)), limit
    assert crossings[0] in text


def test_a_form_that_takes_too_little_gets_the_least_that_can_be_said() -> None:
    least = form_text.render(replace(DRAWN["PL", "open"], form_limit=1))
    _check(DRAWN["PL", "open"], least)
    assert len(least) < ENOUGH


def test_without_any_figure_it_says_where_to_follow_the_count() -> None:
    none = replace(FIGURES, confirmed=0, country=None, named=None)
    text = form_text.render(letter("PL", figures=none))
    assert "https://ultimatum.example.org/pl/tally" in text
    assert len(text) <= 1500


def test_a_sentence_ends_neither_at_a_day_nor_at_an_abbreviation() -> None:
    text = form_text.render(letter("DE"))
    assert "bis zum 1. März 2027 ausnahmslos" in text
    assert form_text._sentences(letter("EE").blocks[3])[0].startswith("22. novembril 2026")
