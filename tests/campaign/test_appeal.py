"""The appeal: its calendar, its placeholders, its facts with date and source, and data that is printed as typed."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markupsafe import escape

from petition.campaign.appeal import SHIPPED_DATA, Appeal, AppealText, show_value
from petition.campaign.campaign import Campaign, CampaignState, Fact, Placeholder
from petition.core.errors import DataError
from petition.core.languages import Language
from tests.letters.samples import HOSTILE

ENGLISH = Language("en", {})
DAY = date(2026, 12, 24)
BEFORE, AFTER = DAY - timedelta(1), DAY + timedelta(1)
HEAD = (
    '+++\ntitle = "T"\nsummary = "S"\ndemand = "By {{ deadline }}"\nshare = "X"\n'
    'unstated_country = "U"\nreviewed = "no"\n+++\n'
)


def _campaign(**changes: Any) -> Campaign:
    return replace(Appeal().campaign, **changes)


def _appeal(folder: Path, body: str = "", **changes: Any) -> Appeal:
    """Our campaign with an English text made for the test."""
    (folder / "appeal").mkdir(exist_ok=True)
    (folder / "appeal" / "en.md").write_text(HEAD + body, "utf-8")
    appeal = Appeal(folder)
    appeal.campaign = replace(appeal.campaign, **changes)
    return appeal


def _text(folder: Path, body: str = "", **changes: Any) -> AppealText:
    return _appeal(folder, body, **changes).get_text(ENGLISH)


def _read(markup: str) -> str:
    """The text that a person reads in a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@pytest.mark.parametrize(
    ("changes", "yesterday", "on_the_day", "next_day"),
    [
        ({}, CampaignState.OPEN, CampaignState.OPEN, CampaignState.OPEN),
        ({"opens": DAY}, CampaignState.BEFORE, CampaignState.OPEN, CampaignState.OPEN),
        ({"deadline": DAY}, CampaignState.OPEN, CampaignState.OPEN, CampaignState.PASSED),
        ({"met": DAY}, CampaignState.OPEN, CampaignState.MET, CampaignState.MET),
        ({"archived": DAY}, CampaignState.OPEN, CampaignState.ARCHIVED, CampaignState.ARCHIVED),
        ({"deadline": BEFORE, "met": AFTER}, CampaignState.OPEN, CampaignState.PASSED, CampaignState.MET),
        (
            {"deadline": BEFORE, "met": DAY, "archived": AFTER},
            CampaignState.OPEN,
            CampaignState.MET,
            CampaignState.ARCHIVED,
        ),
        ({"opens": DAY, "deadline": DAY}, CampaignState.BEFORE, CampaignState.OPEN, CampaignState.PASSED),
    ],
)
def test_the_calendar_decides_the_state(
    changes: dict[str, object], yesterday: CampaignState, on_the_day: CampaignState, next_day: CampaignState
) -> None:
    campaign_ = _campaign(**changes)
    noons = [datetime.combine(day, time(12), UTC) for day in (BEFORE, DAY, AFTER)]
    assert [campaign_.state(noon) for noon in noons] == [yesterday, on_the_day, next_day]


def test_each_state_says_what_may_be_done() -> None:
    assert [state for state in CampaignState if state.allows_signing] == [CampaignState.OPEN, CampaignState.PASSED]
    assert [state for state in CampaignState if state.allows_letters] == [
        CampaignState.OPEN,
        CampaignState.PASSED,
        CampaignState.MET,
    ]


def test_what_nobody_has_told_us_is_listed() -> None:
    listed = Appeal().campaign.placeholders()
    assert set(listed) >= {"controller", "contact", "deadline", "destruction", "goal", "links.donate"}
    assert len(listed) == (SHIPPED_DATA / "campaign.toml").read_text("utf-8").count('= "PLACEHOLDER ')


def test_a_placeholder_is_marked_in_a_page_and_a_value_is_not() -> None:
    assert show_value(Placeholder.from_description("a <b>")) == '<mark class="placeholder">[a &lt;b&gt;]</mark>'
    assert show_value("a <b>") == "a &lt;b&gt;"


WRONG = {
    "id = 3": ("id = .*", "id is not a text"),
    'goal = "many"': ("goal = .*", "goal is not a whole number"),
    "goal = true": ("goal = .*", "goal is not a whole number"),
    "goal = 0.5": ("goal = .*", "goal is not a whole number"),
    'deadline = "2026-12-24"': (
        "deadline = .*",
        "dates: deadline is not a day such as 2026-12-24, without quotes",
    ),
    "deadline = 2026-12-24T10:00:00Z": ("deadline = .*", "dates: deadline is not a day"),
    "deadline = 2026-12-24\ndestruction = 2026-12-24": (
        "deadline = .*\ndestruction = .*",
        "campaign.toml, dates: destruction (2026-12-24) is not after deadline (2026-12-24)",
    ),
    "met = 2026-12-20": ("# met = .*", "dates: met says that the demand was met: met_by has to name who states it"),
    'met = 2026-12-20\nmet_by = "Viasna"\nmet_source = "page"': (
        "# met = .*",
        "campaign.toml, dates: met_source is not the address of a page, https://…",
    ),
    "opens = 3": ("# opens = .*", "campaign.toml, dates: opens is not a day"),
    "contact = ['a']": ("contact = .*", "campaign.toml, organiser: contact is not a text"),
    'hashtags = "#EU"': (r"hashtags = \[[^\]]*\]", "hashtags is not a list"),
    "": ("contact = .*", "campaign.toml, organiser lacks contact, a text"),
    "# unsafe": ("unsafe = .*", "campaign.toml lacks unsafe"),
    'unsafe = "BY"': ("unsafe = .*", "unsafe is not a list of country codes such as BY"),
    'unsafe = ["by"]': ("unsafe = .*", "unsafe is not a list of country codes such as BY"),
    'unsafe = ["RU", "BLR"]': ("unsafe = .*", "unsafe is not a list of country codes such as BY"),
    "[names]": (r"\[organiser.name\]", "campaign.toml, organiser lacks name, a table"),
    "id = ": ("id = .*", "campaign.toml is not TOML"),
    'id = "a"\nid = "b"': ("id = .*", "campaign.toml is not TOML"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_the_wrong_kind_is_named_in_one_sentence(wrong: str, tmp_path: Path) -> None:
    place, sentence = WRONG[wrong]
    content, n = re.subn(place, lambda _: wrong, (SHIPPED_DATA / "campaign.toml").read_text("utf-8"), count=1)
    assert n == 1
    (tmp_path / "campaign.toml").write_text(content, "utf-8")
    with pytest.raises(DataError, match=re.escape(sentence)) as error:
        Appeal(tmp_path)
    assert re.fullmatch(r"campaign\.toml[^\n]+\.", str(error.value))


@pytest.mark.parametrize("field", ["id", "value", "as_of", "publisher", "source", "level"])
def test_a_fact_that_lacks_something_is_named(field: str, tmp_path: Path) -> None:
    row = {"id": '"x"', "value": "1", "as_of": "2026-01-01", "publisher": '"P"', "source": '"S"', "level": '"A"'}
    lines = "".join(f"{name} = {value}\n" for name, value in row.items() if name != field)
    (tmp_path / "facts.toml").write_text(f"[[fact]]\n{lines}", "utf-8")
    with pytest.raises(DataError, match=rf"^facts\.toml, fact [x1] lacks {field}, a [^\n]+\.$"):
        Appeal(tmp_path)


def test_a_fact_has_its_day_beside_it_and_its_source_among_the_notes(tmp_path: Path) -> None:
    ids = ("detained-2024-10", "relocated-eu-2023-05", "detained-2024-10")
    text = _text(tmp_path, " ".join(f'{{{{ fact("{id_}") }}}}' for id_ in ids))
    assert " ".join(_read(text.body).split()) == (
        "65,000 (3 October 2024 ¹) 143,600–171,900 (15 May 2023 ²) 65,000 (3 October 2024 ¹)"
    )
    assert re.findall('href="([^"]*)"', text.body) == ["#source-1", "#source-2", "#source-1"]
    assert [source for source, _ in text.sources] == ["Viasna, cited by AP, 3 October 2024", "BEROC, 15 May 2023"]
    assert text.sources[0][1].startswith("https://kesq.com/news/2024/10/03/")


def test_the_last_section_stands_alone(tmp_path: Path) -> None:
    """Between the reasons and what else people can do there is the way back to the form."""
    reasons, last = _text(tmp_path, "One.\n\n## Two\n\n2\n\n## Three\n\n3").split_body()
    assert _read(reasons).split() == ["One.", "Two", "2"]
    assert _read(last).split() == ["Three", "3"]
    assert _text(tmp_path, "Only one.").split_body() == ("<p>Only one.</p>\n", "")


def test_the_deadline_is_a_day_in_words(tmp_path: Path) -> None:
    assert _text(tmp_path, deadline=DAY).demand == "By 24 December 2026"


def test_a_link_is_one_only_if_it_leads_to_a_page(tmp_path: Path) -> None:
    body = '{{ link("viasna", "Viasna") }} {{ link("hague", "no") }}'
    links = {"viasna": "https://example.org/a?b=1&c=(d)", "hague": "javascript:alert(1)"}
    assert re.findall('href="([^"]*)"', _text(tmp_path, body, links=links).body) == [
        "https://example.org/a?b=1&amp;c=(d)"
    ]


@pytest.mark.parametrize(
    "body", ['{{ fact("none") }}', '{{ link("none", "x") }}', '{{ number("detained-2024-10") }}', "{{ x", "{% if %}"]
)
def test_a_text_that_does_not_fit_the_data_is_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^appeal/en\.md cannot be used: [^\n]+\.$"):
        _text(tmp_path, body)


@pytest.mark.parametrize("name", ["title", "summary", "demand", "share", "unstated_country", "reviewed"])
def test_what_the_head_of_a_text_lacks_is_named(name: str, tmp_path: Path) -> None:
    appeal = _appeal(tmp_path)
    for other in ("", f"{name} = 3", f'{name} = ""'):
        (tmp_path / "appeal" / "en.md").write_text(re.sub(f"{name} = .*", other, HEAD), "utf-8")
        sentence = rf"^appeal/en\.md( lacks {name}, a text|: {name} is (not a text|empty))\.$"
        with pytest.raises(DataError, match=sentence):
            appeal.get_text(ENGLISH)


def test_a_text_without_its_head_is_refused(tmp_path: Path) -> None:
    appeal = _appeal(tmp_path)
    for content in ("", "no head", f"x{HEAD}", HEAD.replace('title = "T"', "")):
        (tmp_path / "appeal" / "en.md").write_text(content, "utf-8")
        with pytest.raises(DataError, match=r"^appeal/en\.md (has no front matter|lacks title)"):
            appeal.get_text(ENGLISH)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the examples of one test; each replaces the text of the one before."""
    return tmp_path_factory.mktemp("campaign")


def _published(folder: Path, typed: str) -> str:
    appeal = _appeal(folder, '{{ fact("x") }}')
    appeal.facts = {"x": Fact("x", 1, None, DAY, typed, "https://example.org")}
    return escape(appeal.get_text(ENGLISH).sources[0][0])


PRINTED: dict[str, Callable[[Path, str], str]] = {
    "organiser": lambda folder, typed: _text(folder, "{{ organiser }}", organiser={"en": typed}).body,
    "hashtags": lambda folder, typed: _text(folder, "{{ hashtags }}", hashtags=(typed,)).body,
    "placeholder": lambda folder, typed: _text(folder, deadline=Placeholder.from_description(typed)).demand,
    "publisher": _published,
}


@pytest.mark.parametrize("place", PRINTED)
def test_markup_in_data_is_printed_as_typed(place: str, folder: Path) -> None:
    @examples(max_examples=60, deadline=None)
    @given(st.text("<>&*_`[]()#!\\{}%'\"=~|-+.:;/1aé", min_size=1, max_size=20))
    @example("&amp; &lt;b&gt; &#42;")
    def check(typed: str) -> None:
        assert typed in _read(PRINTED[place](folder, typed))

    for typed in (*HOSTILE, "- x", "1. x", "+ x", "# x", "> x", "![x](y)", "---", "{% raw %}"):
        assert typed in _read(PRINTED[place](folder, typed))
    check()
