"""Which names go to which addressee: the same from ZIP, command line and desk."""

import io
import re
import zipfile
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from petition.commands import letters
from petition.letters.editions.drafts import Draft
from petition.letters.writing.texts import read_text
from petition.tally.tally import Snapshot
from tests.conftest import Clock, Visitor
from tests.letters.samples import BOOK, MOMENT, TEXTS, appeal, letter_text, pdf_text
from tests.web.tools import allow_all_annexes, pass_names

NAMES = {"PL": "Anna Nowak", "GB": "John Smith", "US": "Jane Doe", "DE": "Eva Berg"}
INSTITUTIONS = sorted(a.key for a in BOOK.addressees if a.country is None)


async def _signed(visitor: Visitor, time: Clock) -> None:
    for country, name in NAMES.items():
        await visitor.confirmed(f"{country.lower()}@example.net", country, named="on", name=name)
    time.advance(days=4)
    await pass_names(visitor.site)
    await visitor.confirmed("fr@example.net", "FR")
    await visitor.confirmed("ua@example.net", "UA")


def _named(content: bytes) -> list[str]:
    words = pdf_text(content)
    return [name for name in NAMES.values() if name in words]


def _annexes(folder: Path) -> dict[str, list[str]]:
    return {file.name: _named(file.read_bytes()) for file in folder.glob("*-names.pdf")}


async def test_every_name_stands_in_the_annex_of_one_kind_of_addressee(
    visitor: Visitor, time: Clock, tmp_path: Path
) -> None:
    await _signed(visitor, time)
    await allow_all_annexes(visitor.site)
    await visitor.organiser("olga", "organiser")
    annexes = {f"{key}-names.pdf": ["John Smith", "Jane Doe"] for key in INSTITUTIONS}
    annexes |= {"PL-names.pdf": ["Anna Nowak"], "DE-names.pdf": ["Eva Berg"]}

    archive = zipfile.ZipFile(io.BytesIO((await visitor.get("/organisers/letters.zip")).content))
    assert {n: _named(archive.read(n)) for n in archive.namelist() if n.endswith("-names.pdf")} == annexes
    assert len(archive.namelist()) == 42 + len(annexes)

    await letters.letters(
        visitor.site.settings,
        Namespace(output=tmp_path, edition=None, names=False, members=None, keys=["PL", "FR", "eu-council"]),
    )
    assert _annexes(tmp_path) == {name: annexes[name] for name in ("PL-names.pdf", "eu-council-names.pdf")}

    listed = (await visitor.get("/organisers/letters")).text
    for addressee in BOOK.addressees:
        name = f"{addressee.key}-names.pdf"
        answer = await visitor.get(f"/organisers/annexes/{addressee.key}.pdf")
        assert answer.status_code == (200 if name in annexes else 404), name
        assert (f'href="/organisers/annexes/{addressee.key}.pdf"' in listed) == (name in annexes)
        if name in annexes:
            assert _named(answer.content) == annexes[name]


def sample_draft(named: dict[str, int]) -> Draft:
    snapshot = Snapshot(MOMENT, 12340, {"PL": 700}, 11640)
    everybody = frozenset(a.code for a in BOOK.addressees)
    return Draft(appeal(), BOOK, "https://example.org", MOMENT, snapshot, named, everybody)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"PL": 12, "GB": 3, "US": 5}, "At least 20 signatories have asked to be named."),
        ({"PL": 12}, "At least 10 signatories have asked to be named."),
        ({"GB": 13}, "At least 10 signatories have asked to be named."),
        ({"PL": 4, "GB": 5}, ""),
    ],
)
def test_what_institutions_read_about_names_is_true(named: dict[str, int], told: str) -> None:
    words = letter_text(sample_draft(named).letter(BOOK.find("eu-council")))
    assert told in words
    assert ("asked to be named" in words) == bool(told)
    assert ("in an annex to this letter" in words) == (bool(told) and "GB" in named)


def test_a_government_is_told_of_its_own_people_alone() -> None:
    words = letter_text(sample_draft({"PL": 12, "GB": 30}).letter(BOOK.find("PL")))
    assert "Co najmniej 10 sygnatariuszy poprosiło" in words


def test_a_name_of_nowhere_stands_in_no_annex() -> None:
    draft = sample_draft({"ZZ": 3, "GB": 2, "PL": 1})
    assert draft.annex_countries(BOOK.find("eu-council")) == ["GB"]
    assert draft.annex_countries(BOOK.find("PL")) == ["PL"]
    assert [draft.annex_size(BOOK.find(key)) for key in ("eu-council", "PL", "FR")] == [2, 1, 0]


def test_a_campaign_that_writes_to_fewer_governments_names_more_people_to_institutions() -> None:
    fewer = replace(BOOK, addressees=tuple(a for a in BOOK.addressees if a.country != "PL"))
    assert replace(sample_draft({"PL": 12, "GB": 2}), book=fewer).annex_size(BOOK.find("eu-council")) == 14


@pytest.mark.parametrize("key", ["PL", "eu-council"])
def test_whoever_may_not_have_the_names_does_not_hear_of_them(key: str) -> None:
    draft = replace(sample_draft({"PL": 12, "GB": 30}), enabled_annexes=frozenset({"DE"}))
    assert draft.annex_size(BOOK.find(key)) == 0
    words = letter_text(draft.letter(BOOK.find(key)))
    assert not re.search("asked to be named|poprosiło", words)


def test_a_border_state_is_named_until_somebody_has_read_its_text(tmp_path: Path) -> None:
    draft = sample_draft({})
    assert draft.english_at_the_border() == [BOOK.find(key) for key in ("LV", "LT", "PL")]
    (tmp_path / "letters").mkdir()
    read = (TEXTS / "lt.md").read_text("utf-8").replace('reviewed = "no"', 'reviewed = "Ona N., 2026-11-20"')
    read = re.sub(r"(?m)^english = .*$", f"english = {read_text(TEXTS / 'en.md').english}", read)
    (tmp_path / "letters" / "lt.md").write_text(read, "utf-8")
    draft.appeal.text_folders.insert(0, tmp_path)
    assert draft.english_at_the_border() == [BOOK.find(key) for key in ("LV", "PL")]


def test_what_is_asked_about_is_what_an_edition_cites(tmp_path: Path) -> None:
    """An outdated text cites what the letter that is sent does not."""
    (tmp_path / "letters").mkdir()
    outdated = (TEXTS / "lt.md").read_text("utf-8") + '\n{{ note("un-experts-2025-02-14") }}\n'
    (tmp_path / "letters" / "lt.md").write_text(re.sub(r"(?m)^english = .*$", "english = 0", outdated), "utf-8")
    lithuania = replace(BOOK, addressees=(BOOK.find("LT"),))
    draft = replace(sample_draft({}), book=lithuania)
    draft.appeal.text_folders.insert(0, tmp_path)
    cited = draft.citing_addressees()
    assert "un-experts-2025-02-14" in draft.letter(BOOK.find("LT")).cited_ids
    assert "un-experts-2025-02-14" not in cited
    assert "commission-kaliningrad-2022-07-13" in cited
