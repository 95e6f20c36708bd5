"""Edits of the desk over the files: whatever was edited, the files of the desk give the same campaign again."""

from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Fact
from petition.campaign.export import export_files
from petition.campaign.places import (
    DEADLINE,
    GOAL,
    Edits,
    Kind,
    Place,
    edited_fact,
    fact_place,
    write_fact,
)
from petition.core.languages import Language

LANGUAGES = ("en", "be", "pl")
FACTS = ("viasna-2025-12", "relocated-eu-2023-05", "women-2023-05")
# What a form lets through: no control characters. With all that TOML, Markdown and Jinja read as a sign.
LINE = st.text(
    st.sampled_from("aя\"'\\#=[]+\u2028\u00a0{}% ") | st.characters(exclude_categories=("Cc", "Cs")), min_size=1
).filter(lambda text: text == text.strip() != "")
BODY = st.lists(LINE, min_size=1).map("\n".join)


@cache
def _files() -> Appeal:
    return Appeal()


def _fact(id_: str) -> st.SearchStrategy[str]:
    fact, number = _files().facts[id_], st.integers(0, 10**12)
    high = st.none() if fact.high is None else number
    days = st.dates(date(1990, 1, 1), date(2026, 11, 22))
    level = st.sampled_from("ABC")
    return st.builds(Fact, st.just(id_), number, high, days, LINE, LINE, level).map(write_fact)


PLACES: dict[Place, st.SearchStrategy[str]] = {
    DEADLINE: st.dates(date(2026, 11, 23), date(2090, 1, 1)).map(str),
    GOAL: st.integers(1, 10**9).map(str),
    **{fact_place(id_): _fact(id_) for id_ in FACTS},
    **{Place(Kind.BANNER, "", code): LINE | st.just("") for code in LANGUAGES},
    **{Place(Kind.TEXT, part, code): LINE for part in ("title", "summary", "share") for code in LANGUAGES},
    **{Place(Kind.TEXT, "body", code): BODY for code in LANGUAGES},
}
EDITS = st.lists(st.sampled_from(sorted(PLACES)), unique=True).flatmap(
    lambda places: st.fixed_dictionaries({place: PLACES[place] for place in places})
)


@examples(max_examples=60)
@given(EDITS)
def test_the_exported_folder_gives_the_same_campaign(edits: Edits) -> None:
    edited = _files().with_edits(edits)
    with TemporaryDirectory() as folder:
        for name, content in export_files(edited).items():
            (Path(folder) / name).parent.mkdir(exist_ok=True)
            (Path(folder) / name).write_bytes(content)
        read = Appeal(Path(folder))
        again = read.with_edits(edited.edits)  # the desk still wins, and says the same
        for one in (read, again):
            assert (one.campaign, one.facts) == (edited.campaign, edited.facts)
            for language in (Language(code, {}) for code in LANGUAGES):
                assert one.get_text(language) == edited.get_text(language)
        assert (again.unfit, export_files(again)) == ({}, export_files(read))


@given(EDITS)
def test_the_order_of_edits_does_not_matter_and_the_files_stay(edits: Edits) -> None:
    files = _files()
    before = files.campaign, dict(files.facts), files.edits
    edited, other = files.with_edits(edits), files.with_edits(dict(reversed([*edits.items()])))
    assert (files.campaign, files.facts, files.edits) == before
    assert (edited.campaign, edited.facts, edited.unfit) == (other.campaign, other.facts, other.unfit)
    assert edited.edits.keys() | edited.unfit.keys() == edits.keys()
    assert all(edited.value(place) == value for place, value in edited.edits.items() if place.kind is not Kind.FACT)
    for id_ in FACTS:
        if (value := edits.get(fact_place(id_))) is not None:
            assert edited.facts[id_] == edited_fact(files.facts[id_], value)
