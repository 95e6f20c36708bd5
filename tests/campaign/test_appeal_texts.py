"""The texts of the appeal: every language says what English says, with the same facts and links."""

import re
from functools import partial
from typing import Any

import pytest
from babel import Locale

from petition.campaign.appeal import Appeal
from petition.core.languages import Language
from petition.core.markdown import front_matter
from tests import ROOT

LANGUAGES = {code: Language(code, {}) for code in Appeal().languages()}
every_language = pytest.mark.parametrize("code", LANGUAGES)


@every_language
def test_a_demo_marks_what_nobody_has_told_us(code: str) -> None:
    text = Appeal().get_text(LANGUAGES[code])
    assert '<mark class="placeholder">[the deadline: a day]</mark>' in text.demand
    assert '<mark class="placeholder">[the donation page]</mark>' in text.body
    assert not re.search("PLACEHOLDER|⟦|⟧", text.body + text.demand)


@every_language
def test_whom_it_is_about_is_said_in_the_words_of_the_demand(code: str) -> None:
    text = Appeal().get_text(LANGUAGES[code])
    words = re.findall(r"[\w’]+", text.whom.lower())
    assert len(words) > 2
    assert set(words) <= set(re.findall(r"[\w’]+", f"{text.demand} {text.share}".lower()))


def _source(code: str) -> tuple[dict[str, Any], str]:
    head, body = front_matter(ROOT / "templates" / "appeal" / f"{code}.md")
    return dict(head.values), body


@every_language
@pytest.mark.parametrize("called", ["fact", "link"])
def test_every_language_has_the_facts_and_the_links_of_english(code: str, called: str) -> None:
    find = partial(re.findall, rf'{called}\("([^"]+)"')
    assert find(_source(code)[1]) == find(_source("en")[1])


@every_language
def test_every_language_has_the_structure_of_english(code: str) -> None:
    tags = partial(re.findall, r"<(h\d|ul|li|p)>")
    assert tags(Appeal().get_text(LANGUAGES[code]).body) == tags(Appeal().get_text(LANGUAGES["en"]).body)


@every_language
def test_no_digits_stand_outside_facts_and_days_of_the_calendar(code: str) -> None:
    names = Locale(code).months["format"]["wide"].values()
    month = (
        "(?:" + "|".join(name[: max(3, len(name) - 2)] for name in names) + r")\w*"
    )  # some languages decline the names of months
    day, of = r"\d{1,2}(?:\.|er)?", "(?:de |ta’ )?"
    days = rf"\b{day}(?:(?:\s\w+[\s-]|–){day})?\s{of}{month}|\b{month}\s{day}(?:–{day})?"
    head, body = _source(code)
    publishers = head.pop("publishers", {}).values()
    plain = re.sub(r"\{\{.*?\}\}", "", "\n".join((*head.values(), *publishers, body)))
    plain = re.sub(r"\b20\d\d\b", "", plain)
    assert re.findall(r"\S*\d\S*", re.sub(days, "", plain)) == []


@every_language
def test_every_publisher_that_a_language_names_its_own_way_is_one_of_the_data(code: str) -> None:
    head, _ = _source(code)
    assert set(head.get("publishers", {})) <= {fact.publisher for fact in Appeal().facts.values()}


@every_language
def test_a_summary_fits_into_a_list_of_search_results(code: str) -> None:
    assert 0 < len(Appeal().get_text(LANGUAGES[code]).summary) <= 155
