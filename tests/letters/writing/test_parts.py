"""The summary before a letter, the legal page behind it, and the list of enclosures."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from petition.letters.formats import pdf, plain_text
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import IssueDetails, Letter
from petition.letters.writing.quotations import sentences_citing
from tests.letters.samples import BOOK, FIGURES, MOMENT, TEXTS, appeal, letter

KEY_BY_ROLE = {addressee.role: addressee.key for addressee in BOOK.addressees}
KEY_BY_ROLE = {role: key for role, key in KEY_BY_ROLE.items() if role not in ("eu-members", "eu-petitions")}
KEYS = sorted(KEY_BY_ROLE.values())  # the open letter to the Members and the petition have no pages beside them


def _english(key: str, state: str = "open", **issue: Any) -> Letter:
    details = replace(IssueDetails(f"{key}-1", f"https://example.org/en/letters/{key}-1", "en"), **issue)
    return compose_letter(appeal(state), [TEXTS], BOOK.find(key), FIGURES, MOMENT, "https://example.org", details)


@pytest.mark.parametrize("state", ["open", "passed"])
@pytest.mark.parametrize("key", KEYS)
def test_summary_and_legal_page_are_a_page_each_for_every_role(key: str, state: str) -> None:
    drawn = _english(key, state, translations=("pl",))
    assert drawn.summary
    assert len(drawn.summary.blocks) <= 12
    assert all(block.kind == "item" and block.runs[0].style == "strong" for block in drawn.summary.blocks)
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf.render(drawn))).pages]
    assert "Summary" in pages[0]
    assert [n for n, text in enumerate(pages, start=1) if text.startswith("Legal page")] == [len(pages)]


@pytest.mark.parametrize("key", KEYS)
def test_a_legal_page_has_both_texts_and_the_article_for_each_step(key: str) -> None:
    (legal,) = _english(key).enclosures
    words = " ".join(block.text for block in legal.blocks)
    assert [block.kind for block in legal.blocks].count("quote") == 2
    assert "It shall be prohibited to transport goods by rail" in words
    assert {"treaty-eu-29", "treaty-eu-31", "treaty-tfeu-215", "decision-2012-642"} <= set(legal.cited_ids)
    assert len(legal.sources) >= len(legal.cited_ids) > 5


def test_only_a_border_state_reads_of_public_security() -> None:
    for role, key in KEY_BY_ROLE.items():
        (legal,) = _english(key).enclosures
        assert ("export-rules-2015-479" in legal.cited_ids) == (role == "border"), key


def test_a_letter_in_a_language_without_them_gets_the_english_legal_page_and_no_summary() -> None:
    poland = letter("PL")
    assert poland.language == "pl"
    assert poland.summary is None
    assert [part.language for part in poland.enclosures] == ["en"]


def test_a_courtesy_translation_and_a_letter_of_thanks_have_neither() -> None:
    for drawn in (_english("DE", courtesy=True), _english("DE", "met")):
        assert (drawn.summary, drawn.enclosures) == (None, ())


def test_the_letter_lists_what_is_in_its_envelope() -> None:
    drawn = _english("PL", translations=("pl",))
    names = ("Courtesy translation (Polish)", "Legal page", "Annex: signatories who asked to be named")
    assert drawn.enclosure_names == names
    assert "Enclosures\n" + "\n".join(names) in plain_text.render(drawn)
    without = replace(FIGURES, named=None)
    other = compose_letter(appeal(), [TEXTS], BOOK.find("IE-en"), without, MOMENT, "https://example.org")
    assert other.enclosure_names == ("Legal page",)


def test_what_is_left_out_is_left_out_of_the_legal_page_too() -> None:
    whole, cut = _english("DE"), _english("DE", omitted=frozenset({"road-ban-2022-04"}))
    assert "road-ban-2022-04" in whole.cited_ids
    assert "road-ban-2022-04" not in cut.cited_ids
    assert len(cut.enclosures[0].blocks) == len(whole.enclosures[0].blocks) - 1


def test_who_checks_a_source_sees_the_sentences_of_the_legal_page() -> None:
    germany = BOOK.find("DE").sources
    (sentence,) = sentences_citing(_english("DE"), germany["road-ban-2022-04"])
    assert sentence.startswith("The ban on transport by road came in this way")
    assert germany["treaty-eu-29"].url == germany["treaty-eu-31"].url
    assert len(sentences_citing(_english("DE"), germany["treaty-eu-29"])) == 1, "and not those on Article 31"
