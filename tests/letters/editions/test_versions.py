"""One envelope and one reference for each state, with its other languages as enclosures."""

import io
import zipfile
from collections.abc import Collection
from dataclasses import replace

import pytest

from petition.core.database.database import Database
from petition.letters.editions import editions, files, source_checks
from petition.letters.editions.editions import Decisions
from petition.letters.editions.versions import Version, envelopes, list_versions
from petition.letters.writing import compose, texts
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import BOOK, TEXTS, pdf_text
from tests.web.tools import Html, on_sqlite

STATES_WITH_LANGUAGES = {
    "BE": ("BE-nl", "BE-fr", "BE-de"),
    "FI": ("FI-fi", "FI-sv"),
    "IE": ("IE-en", "IE-ga"),
    "LU": ("LU-fr", "LU-de"),
    "MT": ("MT-mt", "MT-en"),
}


@pytest.fixture(autouse=True)
def _up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a text follows the newest English one is not the question here: every one counts as if it did."""
    monkeypatch.setattr(compose, "is_outdated", lambda *_: False)


def _versions(code: str) -> list[Version]:
    return list_versions([TEXTS], [BOOK.find(key) for key in STATES_WITH_LANGUAGES.get(code, (code,))])


def _languages(code: str) -> list[str]:
    return [version.language + "*" * version.courtesy for version in _versions(code)]


@pytest.fixture
def reviewed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Texts in these languages, in any that a test adds, count as read by a native speaker."""
    languages: set[str] = set()
    find = texts.find_text

    def found(folders: Collection[object], language: str) -> texts.LetterText | None:
        text = find(folders, language)  # type: ignore[arg-type]  # folders as they came
        return replace(text, reviewed="Anna N., 2026-11-01") if text and language in languages else text

    monkeypatch.setattr(compose, "find_text", found)
    return languages


def test_a_state_has_one_envelope_whatever_its_languages() -> None:
    groups = {group[0].code: tuple(a.key for a in group) for group in envelopes(BOOK.addressees)}
    assert {code: keys for code, keys in groups.items() if len(keys) > 1} == STATES_WITH_LANGUAGES
    assert len(groups) == len({a.code for a in BOOK.addressees})


def test_no_text_is_reviewed_yet_so_each_state_gets_one_english_letter() -> None:
    assert _languages("BE") == ["en", "nl*", "fr*", "de*"]
    assert _languages("IE") == ["en", "ga*"]
    assert _languages("MT") == ["en", "mt*"]
    assert _languages("PL") == ["en", "pl*"]
    assert _languages("eu-commission") == ["en"]


def test_what_was_reviewed_counts_as_much_as_the_letter(reviewed: set[str]) -> None:
    reviewed |= {"fr", "de"}
    assert _languages("BE") == ["fr", "de", "nl*", "en*"]
    reviewed |= {"nl", "mt", "ga"}
    assert _languages("BE") == ["nl", "fr", "de", "en*"]
    assert _languages("MT") == ["mt", "en"], "English is a language of Malta"
    assert _languages("IE") == ["en", "ga"]
    assert [version.addressee.key for version in _versions("MT")] == ["MT-mt", "MT-en"]


@pytest.mark.parametrize("languages", [set(), {"fr"}, {"nl", "fr", "de", "fi", "sv", "ga", "mt"}])
def test_nobody_gets_two_letters_in_one_language(reviewed: set[str], languages: set[str]) -> None:
    reviewed |= languages
    for group in envelopes(BOOK.addressees):
        versions = list_versions([TEXTS], group)
        assert len({version.language for version in versions}) == len(versions), group[0].code
        assert not versions[0].courtesy


async def test_belgium_gets_one_letter_and_its_languages_as_enclosures(
    database: Database, time: Clock, reviewed: set[str]
) -> None:
    reviewed.add("fr")
    await issue(database, draft_for(*STATES_WITH_LANGUAGES["BE"]))
    edition, issued = await files.find_edition(database, "1")
    assert [(one.reference, one.key, one.courtesy) for one in issued] == [
        ("BE-1", "BE", False),
        ("BE-1-de", "BE", True),
        ("BE-1-en", "BE", True),
        ("BE-1-nl", "BE", True),
    ]
    content = b"".join([chunk async for chunk in files.stream_zip(database, edition, issued, None)])
    archive = zipfile.ZipFile(io.BytesIO(content))
    sheet = pdf_text(archive.read("index.pdf"))
    assert "envelopes: 1, with copies: " in sheet
    assert (
        "BE-1 (fr) with: Legal page (printed with the letter) BE-1-de (de, courtesy translation) BE-1-en (en" in sheet
    )
    assert "Madame la Première ministre" in pdf_text(archive.read("BE-1.pdf"))
    assert archive.read("BE-1-nl.docx")


async def test_an_address_is_asked_about_once_for_all_languages(database: Database, time: Clock) -> None:
    draft = draft_for(*STATES_WITH_LANGUAGES["BE"], "PL")
    draft = replace(draft, book=replace(BOOK, addressees=tuple(replace(a, lines=()) for a in draft.book.addressees)))
    asked = [stale.id for stale in source_checks.stale_sources(draft) if stale.id.startswith("address:")]
    assert asked == ["address:BE", "address:PL"]
    checked = frozenset(stale.id for stale in source_checks.stale_sources(draft))
    await issue(database, draft, Decisions(checked - {"address:BE"}, frozenset({"address:BE"})))
    async with database.reading() as c:
        assert [letter.key for letter in await editions.list_letters(c, 1)] == ["PL", "PL"]


@on_sqlite
async def test_each_version_has_its_page(visitor: Visitor, time: Clock) -> None:
    await issue(visitor.site.database, draft_for(*STATES_WITH_LANGUAGES["FI"]))
    letter = Html((await visitor.get("/en/letters/FI-1")).text)
    assert "(Finland)" in letter.text
    for language in ("fi", "sv"):
        page = (await visitor.get(f"/en/letters/FI-1-{language}")).text
        assert 'href="/en/letters/FI-1"' in page
    await visitor.organiser("olga", "organiser")
    assert "Finland: courtesy translation" in Html((await visitor.get("/organisers/editions/1")).text).text
