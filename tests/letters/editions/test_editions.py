"""Editions: frozen for ever, complete or not made at all, and without a source that nobody has checked."""

import asyncio
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from petition.campaign.campaign import Fact
from petition.core.database.database import Database, open_database
from petition.core.errors import LetterError
from petition.letters.addressees.address_book import Addressee
from petition.letters.editions import drafts, editions, source_checks
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Decisions
from petition.letters.editions.source_checks import StaleSource
from petition.letters.formats import pdf
from petition.letters.writing.document import IssueDetails
from petition.letters.writing.stored_document import letter_from_dict, to_dict
from petition.organisers import activity_log
from tests.conftest import Clock
from tests.letters.editions.test_drafts import sample_draft
from tests.letters.samples import BOOK, MOMENT, appeal, letter_text, pdf_text
from tests.letters.structure import paragraphs
from tests.web.tools import on_sqlite


def draft_for(*keys: str | Addressee) -> Draft:
    """A draft for some addressees: the others cost seconds and show nothing more."""
    addressees = tuple(BOOK.find(key) if isinstance(key, str) else key for key in keys)
    return replace(sample_draft({"PL": 12}), book=replace(BOOK, addressees=addressees))


def _all_checked(draft: Draft) -> Decisions:
    return Decisions(frozenset(source.id for source in source_checks.stale_sources(draft)), frozenset())


async def issue(database: Database, draft: Draft, choice: Decisions | None = None) -> int:
    return await editions.issue_edition(database, draft, choice or _all_checked(draft), "marta")


async def _file(database: Database, reference: str) -> bytes:
    async with database.reading() as c:
        return await editions.letter_pdf(c, reference) or b""


async def _references(database: Database, n: int) -> list[str]:
    async with database.reading() as c:
        return [one.reference for one in await editions.list_letters(c, n)]


async def test_an_edition_keeps_each_letter_byte_for_byte(database: Database, time: Clock) -> None:
    n = await issue(database, draft_for("PL", "IE-en"))
    assert n == 1
    async with database.reading() as c:
        (one,), letters = await editions.list_editions(c), await editions.list_letters(c, n)
    assert (one.number, one.nickname) == (1, "marta")
    assert (one.basis["confirmed"], one.basis["countries"]) == (12340, {"PL": 700})
    assert [one.reference for one in letters] == ["IE-1", "PL-1", "PL-1-pl"]
    for frozen in letters:
        content = await _file(database, frozen.reference)
        assert hashlib.sha256(content).hexdigest() == frozen.sha256
        assert frozen.reference in pdf_text(content)
        assert "PREVIEW" not in pdf_text(content)


def test_the_code_on_paper_leads_to_its_page(tmp_path: Path, time: Clock) -> None:
    page = "https://petition.example/nl/letters/BE-nl-1"
    letter = draft_for("BE-nl").letter(BOOK.find("BE-nl"), IssueDetails("BE-nl-1", page))
    (tmp_path / "letter.pdf").write_bytes(pdf.render(letter))
    scan = ["pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-png", "-singlefile", "letter.pdf", "letter"]
    subprocess.run(scan, cwd=tmp_path, check=True)
    read = subprocess.run(["zbarimg", "--quiet", "--raw", "letter.png"], cwd=tmp_path, capture_output=True, check=True)
    assert read.stdout.decode().strip() == page


@pytest.mark.parametrize(("key", "language"), [("PL", "pl"), ("BG", "bg"), ("IE-en", "en"), ("MT-mt", "en")])
async def test_a_letter_links_to_pages_in_the_language_of_its_reader(
    database: Database, time: Clock, key: str, language: str
) -> None:
    """Code, tally, and what is printed. Of the four languages the site has no page in the last: Maltese."""
    draft = replace(draft_for(key), page_languages=frozenset({"en", "pl", "bg"}))
    await issue(database, draft)
    pages = f"https://example.org/{language}/"
    for reference in await _references(database, 1):
        content = await _file(database, reference)
        assert _links(content) == {f"{pages}tally", f"{pages}letters/{reference}"}
        words = "".join(text for _, text in paragraphs(content))
        assert f"{pages}tally" in words
        assert f"{pages}letters/{reference}".removeprefix("https://") in words


def _links(content: bytes) -> set[str]:
    """Where the links of a PDF lead on our own site, other than to its front page."""
    pages: list[Any] = list(PdfReader(io.BytesIO(content)).pages)
    notes = [note.get_object() for page in pages for note in page.get("/Annots", [])]
    urls = {str(note["/A"]["/URI"]) for note in notes if note["/Subtype"] == "/Link"}
    return {url for url in urls if url.startswith("https://example.org/")}


async def test_what_was_drawn_up_stays_whatever_comes_after(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(database, draft)
    before = await _file(database, "PL-1")
    time.advance(days=30)
    later = replace(draft, snapshot=replace(draft.snapshot, confirmed=99_990, other=99_290))
    assert await issue(database, later) == 2
    assert await _file(database, "PL-1") == before
    assert "99,990" in pdf_text(await _file(database, "PL-2"))


def test_the_same_letter_is_the_same_file(time: Clock) -> None:
    draft = draft_for("PL")
    one, two = (list(editions._letter_rows(draft, 1, frozenset())) for _ in range(2))
    assert one == two
    assert one[0]["reference"] == "PL-1"
    assert letter_from_dict(json.loads(one[0]["tree"])).key == "PL"


async def test_a_text_that_nobody_reviewed_goes_beside_the_english_letter(database: Database, time: Clock) -> None:
    await issue(database, draft_for("PL"))
    letter, beside = pdf_text(await _file(database, "PL-1")), pdf_text(await _file(database, "PL-1-pl"))
    assert "Collective ultimatum" in letter
    assert "Only the original letter is authentic" not in letter
    assert "Zbiorowe ultimatum" in beside
    assert "Autentyczny jest wyłącznie oryginał listu." in beside


async def test_a_reviewed_text_goes_out_with_an_english_translation(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from petition.letters.writing import compose, texts

    find = texts.find_text
    reviewed = lambda folders, language: replace(find(folders, language), reviewed="Anna N., 2026-11-01")  # type: ignore[type-var]  # noqa: E731 (one line; a text is a dataclass)
    monkeypatch.setattr(compose, "find_text", reviewed)
    await issue(database, draft_for("PL", "IE-en"))
    assert await _references(database, 1) == ["IE-1", "PL-1", "PL-1-en"]
    assert "Zbiorowe ultimatum" in pdf_text(await _file(database, "PL-1"))
    assert "Courtesy translation. Only the original letter is authentic." in pdf_text(await _file(database, "PL-1-en"))


async def test_nothing_goes_out_before_every_doubt_is_settled(database: Database, time: Clock) -> None:
    draft = draft_for("PL", "GR")
    every = {source.id for source in source_checks.stale_sources(draft)}
    assert {"fact:viasna-2025-12", "address:GR"} <= every
    assert "address:PL" not in every
    with pytest.raises(LetterError, match=f"becomes of {len(every)} old"):
        await issue(database, draft, Decisions(frozenset(), frozenset()))
    with pytest.raises(LetterError, match="becomes of 1 old"):
        await issue(database, draft, Decisions(frozenset(every - {"address:GR"}), frozenset()))
    assert await _references(database, 1) == []


async def test_who_confirmed_is_kept_and_holds_for_ninety_days(database: Database, time: Clock) -> None:
    newly_seen = replace(BOOK.find("PL"), checked="2026-11-22", source_date="2026-11-22")
    draft = replace(draft_for("PL"), book=replace(BOOK, addressees=(newly_seen,)))
    await issue(database, draft)
    nothing = Decisions(frozenset(), frozenset())
    time.advance(days=90)
    assert await issue(database, draft, nothing) == 2
    async with database.reading() as c:
        newest = (await editions.list_editions(c))[0]
    assert newest.basis["checked_by"]["fact:viasna-2025-12"] == ["marta", "2026-11-22"]
    time.advance(days=1)
    with pytest.raises(LetterError):
        await issue(database, draft, nothing)


async def test_a_fact_left_out_takes_along_what_rests_on_it(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    out = frozenset({"fact:viasna-2025-12", "fact:poland-order-2025-09"})
    await issue(database, draft, Decisions(_all_checked(draft).checked - out, out))
    async with database.reading() as c:
        found = await editions.find_letter(c, "PL-1")
    assert found is not None
    words = letter_text(found[1])
    assert "Viasna counted" not in words
    assert "Minister of the Interior" not in words
    assert "Terespol" in words
    cited = [run.text for block in found[1].blocks for run in block.runs if run.style == "note"]
    assert found[1].chart  # its comparison cites the last one
    cited += re.findall(r"\[(\d+)\]$", found[1].chart.comparison)
    assert sorted(set(cited), key=int) == [str(note.number) for note in found[1].sources]
    assert cited[0] == "1"


async def test_a_letter_is_addressed_to_whoever_governs(database: Database, time: Clock) -> None:
    draft = draft_for("PL", "ES", "LU-fr", "LU-de")
    checked = _all_checked(draft).checked
    await issue(database, draft, Decisions(checked, frozenset(), {"PL": "he", "LU": "she"}))
    async with database.reading() as c:
        letters = {ref: await editions.find_letter(c, ref) for ref in ("PL-1-pl", "ES-1-es", "LU-1-fr", "LU-1-de")}
        (edition,) = await editions.list_editions(c)
    salutations = {reference: found[1].salutation for reference, found in letters.items() if found}
    assert salutations == {
        "PL-1-pl": "Szanowny Panie Premierze,",
        "ES-1-es": "Señora Presidenta del Gobierno, señor Presidente del Gobierno:",
        "LU-1-fr": "Madame la Première ministre,",
        "LU-1-de": "Sehr geehrte Frau Premierministerin,",
    }
    assert letters["LU-1-fr"]
    assert letters["LU-1-fr"][1].title == "Première ministre du Grand-Duché de Luxembourg"
    assert edition.basis["forms"] == {"PL": "he", "LU": "she"}


async def test_an_address_left_out_gets_no_letter(database: Database, time: Clock) -> None:
    draft = draft_for("PL", "GR")
    out = frozenset({"address:GR"})
    await issue(database, draft, Decisions(_all_checked(draft).checked - out, out))
    assert await _references(database, 1) == ["PL-1", "PL-1-pl"]
    only = draft_for("GR")
    with pytest.raises(LetterError, match="without any letter"):
        await issue(database, only, Decisions(_all_checked(only).checked - out, out))


@pytest.mark.parametrize(
    ("seen", "old"),
    [
        ("2026-08-25", False),
        ("2026-08-23", True),
        ("2026-09", False),
        ("2026-08", True),
        ("2025", True),
        ("2026", True),
        ("2026-11", False),
        ("2025-12", True),
    ],
)
def test_after_ninety_days_somebody_looks_again(seen: str, old: bool, time: Clock) -> None:
    assert source_checks._is_old(seen) == old


def test_what_happened_in_a_year_may_have_happened_on_its_first_day(time: Clock) -> None:
    stale = {source.id: source for source in source_checks.stale_sources(draft_for("PL"))}
    assert stale["fact:releases-2026"].reason == "its source is of 2026"
    assert any("others were released in 2026" in sentence for sentence in stale["fact:releases-2026"].sentences)


def _stale_addresses(draft: Draft, **other: object) -> list[StaleSource]:
    addressee = replace(BOOK.find("PL"), **other)  # type: ignore[arg-type]  # fields of any type
    one = replace(draft, book=replace(BOOK, addressees=(addressee,)))
    return [source for source in source_checks.stale_sources(one) if source.id.startswith("address:")]


def test_an_address_is_doubted_for_its_age_its_confidence_or_its_absence(time: Clock) -> None:
    draft = draft_for("PL")
    assert _stale_addresses(draft) == []
    assert _stale_addresses(draft, checked="2026-01")[0].reason == "checked in 2026-01"
    assert _stale_addresses(draft, confidence="low")[0].reason == "low confidence"
    assert _stale_addresses(draft, confidence="medium")[0].reason == "medium confidence"
    assert _stale_addresses(draft, source_date="")[0].reason == "its source has no date"
    assert _stale_addresses(draft, source_date="2023")[0].reason == "its source is of 2023"
    assert _stale_addresses(draft, source_date="2023-11-21")[0].reason == "its source is of 2023-11-21"
    assert _stale_addresses(draft, source_date="2023-11-22") == []
    (missing,) = _stale_addresses(draft, lines=())
    assert ("by hand" in missing.reason, missing.missing) == (True, True)


def test_each_doubt_comes_with_what_letters_say_on_its_strength(time: Clock) -> None:
    stale = {source.id: source.sentences for source in source_checks.stale_sources(draft_for("PL", "LV", "IE-en"))}
    (viasna,) = stale["fact:viasna-2025-12"]
    assert viasna.startswith("On 31 December 2025 Viasna counted 1,131 political prisoners")
    assert stale["crossing:LV Indra – Bigosovo"] == ("Indra – Bigosovo: open to freight (2017)",)
    assert stale["crossing:PL Terespol – Brest"] == ("Terespol – Brest: open to freight (25 September 2025)",)
    assert len(stale["fact:treaty-eu-31"]) == 4, "letters and legal pages say it, those to the border in other words"
    assert all(sentences for id_, sentences in stale.items() if not id_.startswith(("address:", "copy:")))


def test_a_letter_that_goes_out_in_english_is_doubted_for_what_it_says_in_english(time: Clock) -> None:
    stale = {source.id: source.sentences for source in source_checks.stale_sources(draft_for("AT"))}
    (mechanism,) = stale["fact:said-osce-moscow-2023-03"]
    assert mechanism.startswith("On 23 March 2023 your country invoked, with 37 other states, the Moscow Mechanism")
    (road_ban,) = stale["fact:road-ban-2022-04"]
    assert road_ban.startswith("The ban on transport by road came in this way"), "of the legal page"


async def test_a_crossing_left_out_takes_no_other_along(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    out = frozenset({"crossing:PL Terespol – Brest"})
    await issue(database, draft, Decisions(_all_checked(draft).checked - out, out))
    words = await _words(database, "PL-1")
    assert "Terespol" not in words
    assert "Siemianówka – Svislach: open to freight" in words
    assert "no freight as defined above will pass over these crossings" in words


async def test_a_letter_without_any_crossing_asks_for_the_vote_alone(database: Database, time: Clock) -> None:
    draft = draft_for("LV")
    out = frozenset({"crossing:LV Indra – Bigosovo"})
    await issue(database, draft, Decisions(_all_checked(draft).checked - out, out))
    words = await _words(database, "LV-1")
    assert "Indra" not in words
    assert "public security" not in words
    assert "to vote for it." in words


async def test_a_copy_left_out_is_not_named(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    every = _all_checked(draft).checked
    assert {"copy:PL foreign", "copy:PL transport"} <= every
    out = frozenset({"copy:PL foreign"})
    await issue(database, draft, Decisions(every - out, out))
    async with database.reading() as c:
        found = await editions.find_letter(c, "PL-1")
    assert found is not None
    assert found[1].copies[:2] == ("Ministry of Infrastructure", "Ministry of the Interior and Administration")
    assert found[1].copy_addresses[0][0] == "Ministerstwo Infrastruktury"


def test_a_letter_of_an_older_edition_has_no_addresses_of_copies() -> None:
    tree = to_dict(draft_for("PL").letter(BOOK.find("PL")))
    del tree["copy_addresses"]
    assert letter_from_dict(json.loads(json.dumps(tree))).copy_addresses == ()


async def _words(database: Database, reference: str) -> str:
    async with database.reading() as c:
        found = await editions.find_letter(c, reference)
    assert found is not None
    return letter_text(found[1])


def test_a_page_of_a_campaign_is_doubted_however_new(time: Clock) -> None:
    assert _is_asked_about("C")
    assert not _is_asked_about("B")


def _is_asked_about(level: str) -> bool:
    """Whether a fact of two days ago is stale, if its source has this level."""
    draft = draft_for("IE-en")
    id_ = "un-report-2025"
    fact = Fact(id_, 1, None, date(2026, 11, 20), "A campaign", "https://example.org", level)
    draft.appeal.facts[id_] = fact
    return f"fact:{id_}" in {stale.id for stale in source_checks.stale_sources(draft)}


async def test_two_who_draw_up_at_once_make_one_edition(database: Database, time: Clock) -> None:
    draft = draft_for("PL")
    results = await asyncio.gather(*(issue(database, draft) for _ in range(2)), return_exceptions=True)
    numbers = [result for result in results if isinstance(result, int)]
    assert numbers == [1] or sorted(numbers) == [1, 2]
    for n in numbers:
        assert await _references(database, n) == [f"PL-{n}", f"PL-{n}-pl"]
    async with database.reading() as c:
        lines = [row["detail"] for row in await activity_log.list_lines(c) if row["action"] == "drew up an edition"]
    assert len(lines) == len(numbers)


async def test_whatever_fails_in_the_middle_leaves_nothing(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise LetterError("the disk is full")

    draft = draft_for("PL")
    with monkeypatch.context() as patch:
        patch.setattr(activity_log, "append", broken)
        with pytest.raises(LetterError, match="the disk is full"):
            await issue(database, draft)
    assert await _references(database, 1) == []
    async with database.reading() as c:
        assert await editions.list_editions(c) == []
        assert await source_checks.last_checks(c) == {}
    assert await issue(database, draft) == 1


@on_sqlite
async def test_all_of_them(database: Database, time: Clock) -> None:
    draft = sample_draft({"PL": 12})
    await issue(database, draft)
    references = await _references(database, 1)
    codes = {a.code for a in BOOK.addressees}
    assert {f"{code}-1" for code in codes} <= set(references)
    assert len(references) == len(codes) + sum(a.language != "en" for a in BOOK.addressees)


async def test_a_draft_of_this_moment_is_a_preview(database: Database, time: Clock) -> None:
    async with database.reading() as c:
        draft = await drafts.create_draft(c, appeal(), BOOK, "https://example.org", ["en"])
    letter = draft.letter(BOOK.find("PL"))
    assert letter.check_url == ""
    assert to_dict(letter)["moment"] == int(draft.moment.timestamp()) != MOMENT.timestamp()


async def test_a_process_that_is_killed_in_the_middle_leaves_nothing(database_url: str, database: Database) -> None:
    command = (sys.executable, "-m", "tests.letters.editions.test_editions", database_url)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"all letters are in, nothing is committed\n"
    process.kill()
    await process.wait()
    for table in ("editions", "edition_letters", "source_checks", "actions"):
        async with database.reading() as c:
            assert [rows async for rows in c.stream_rows(table, 10) if rows] == [], table
    assert await issue(database, draft_for("PL")) == 1
    assert await _references(database, 1) == ["PL-1", "PL-1-pl"]


async def _draw_slowly(url: str) -> None:
    """Starts to write an edition and stops before its transaction ends."""

    async def stop(*_: object) -> None:
        sys.stdout.write("all letters are in, nothing is committed\n")
        sys.stdout.flush()
        await asyncio.sleep(600)

    activity_log.append = stop  # type: ignore[assignment]  # hangs until the process is killed
    async with open_database(url) as database:
        await issue(database, draft_for("PL"))


if __name__ == "__main__":
    asyncio.run(_draw_slowly(sys.argv[1]))
