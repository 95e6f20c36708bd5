"""What a government said itself: printed with its day and its source, only in letters to it, at most twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.core.errors import DataError
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import IssueDetails, Letter
from petition.letters.writing.said import latest_statements, read_statements
from tests.letters.samples import BOOK, DEADLINE, FIGURES, MOMENT, TEXTS, appeal, letter_text

STATES = sorted({addressee.country for addressee in BOOK.addressees if addressee.country})
ENTRY = """
[[said]]
id = "said-x"
states = ["LT"]
date = 2025-01-02
publisher = "Example"
source = "https://example.org/x"
level = "A"
text = {en = "said so"}
"""


def _english(key: str, campaign: Appeal | None = None, omitted: frozenset[str] = frozenset()) -> Letter:
    issue = IssueDetails(f"{key}-1", language="en", omitted=omitted)
    return compose_letter(campaign or appeal(), [TEXTS], BOOK.find(key), FIGURES, MOMENT, "https://example.org", issue)


def test_sweden_reads_what_it_said_with_day_and_source() -> None:
    drawn = _english("SE")
    (block,) = [block for block in drawn.blocks if "your country invoked" in block.text]
    words = block.text.replace("\xa0", " ")
    assert words.startswith("On 23 March 2023 your country invoked, with 37 other states, the Moscow Mechanism")
    assert "Vienna Mechanism" not in words, "it was not among those"
    assert "said-osce-moscow-2023-03" in drawn.cited_ids


@pytest.mark.parametrize("code", STATES)
def test_each_state_is_told_only_what_it_said_itself(code: str) -> None:
    key = next(addressee.key for addressee in BOOK.addressees if addressee.country == code)
    drawn = _english(key)
    cited = [one for one in read_statements(SHIPPED_DATA / "said.toml") if one.id in drawn.cited_ids]
    if BOOK.find(key).role == "border":
        assert not cited, "its letter is long, and says what it did itself"
        return
    assert 1 <= len(cited) <= 2
    for statement in cited:
        assert code in statement.states
        assert statement.source.url in {note.url for note in drawn.sources}
    assert ("said-osce-moscow-2023-03" in drawn.cited_ids) == (code not in ("HU", "FR"))


def test_an_institution_and_a_language_without_the_words_get_none() -> None:
    assert "your country invoked" not in letter_text(_english("eu-council"))
    assert latest_statements(SHIPPED_DATA / "said.toml", "AT", "en")
    assert not latest_statements(SHIPPED_DATA / "said.toml", "AT", "xx")


def test_what_an_organiser_leaves_out_takes_nothing_else_with_it() -> None:
    words = letter_text(_english("AT", omitted=frozenset({"said-osce-moscow-2023-03"})))
    assert "Moscow Mechanism" not in words
    assert "Vienna Mechanism" in words


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("source =", "other ="), "said.toml, said said-x lacks source, a text."),
        (("date = 2025-01-02", 'date = "then"'), "said.toml, said said-x: date is not a day such as"),
        (('["LT"]', "[]"), "said.toml, said said-x: states is not a list of one country code or more."),
        (('"said-x"', '"x"'), "said.toml, said x: id is not a text that begins with said-."),
        (('{en = "said so"}', "{}"), "said.toml, said said-x: text is not a table of texts, by language."),
        (("\n[[said]]", ENTRY + "[[said]]"), "said.toml: two entries have the same id."),
    ],
)
def test_nothing_is_printed_without_its_day_and_source(change: tuple[str, str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "said.toml").write_text(ENTRY.replace(*change), "utf-8")
    campaign = Appeal(tmp_path)
    campaign.campaign = replace(campaign.campaign, deadline=DEADLINE["open"])
    with pytest.raises(DataError) as refused:
        _english("LT", campaign)
    assert str(refused.value).startswith(sentence)
