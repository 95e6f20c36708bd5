"""The PDF of a letter: valid, tagged, reproducible, and no markup in it is executed."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typst
from pypdf import PdfReader

from petition.campaign.appeal import Appeal
from petition.core.errors import LetterError
from petition.letters.addressees.address_book import Crossing, Source
from petition.letters.formats import pdf
from petition.letters.writing.annex import compose_annex
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import Letter
from petition.letters.writing.stored_document import to_dict
from tests.letters.samples import BOOK, FIGURES, HOSTILE, MOMENT, TEXTS, appeal, letter, pdf_text, without_address
from tests.letters.structure import read_structure


@pytest.fixture(scope="module")
def rendered() -> dict[str, tuple[Letter, bytes]]:
    """All letters, composed and set once."""
    letters = [letter(addressee) for addressee in BOOK.addressees]
    return {drawn.key: (drawn, pdf.render(drawn)) for drawn in letters}


def test_all_letters_are_sound_files(rendered: dict[str, tuple[Letter, bytes]], tmp_path: Path) -> None:
    assert len(rendered) == len(BOOK.addressees)
    for key, (_, content) in rendered.items():
        (tmp_path / f"{key}.pdf").write_bytes(content)
        run = subprocess.run(["qpdf", "--check", tmp_path / f"{key}.pdf"], capture_output=True, check=False)
        assert run.returncode == 0, run.stderr


def test_every_letter_says_in_print_what_it_is_for(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for drawn, content in rendered.values():
        words = pdf_text(content)
        texts = (drawn.subject, drawn.salutation, drawn.reference, drawn.date, drawn.title, drawn.office, drawn.closing)
        for text in texts:
            assert " ".join(text.split()) in words, drawn.key
        assert all(line in words for line in (*drawn.lines, *drawn.copies, *drawn.contact)), drawn.key
        assert all(source.text.replace("\xa0", " ") in words for source in drawn.sources), drawn.key
        assert re.search(r"\b12[,.]?\s?340\b", words), drawn.key
        language = BOOK.find(drawn.key).language
        assert f"https://ultimatum.example.org/{language}/tally" in words.replace(" ", ""), drawn.key


def test_a_letter_is_signed_on_its_second_page_and_carries_its_own_fonts(
    rendered: dict[str, tuple[Letter, bytes]],
) -> None:
    """Figures and sources can stand on a third page. The summary stands in front, the legal page behind."""
    for key, (drawn, content) in rendered.items():
        reader = PdfReader(BytesIO(content))
        front, behind = drawn.summary is not None, len(drawn.enclosures)
        assert len(reader.pages) <= front + 3 + behind, key
        assert drawn.labels["signature"] in pdf_text(content, last_page=front + 2), key
        names = {str(font) for page in reader.pages for font in _fonts(page)}
        assert all(re.search("Source(Serif4|Sans3)", name) for name in names), names


def _fonts(page: Any) -> Iterator[object]:
    for font in page["/Resources"]["/Font"].values():
        yield font.get_object()["/BaseFont"]


def test_every_page_says_who_answers_for_it_and_how_to_write_to_them(
    rendered: dict[str, tuple[Letter, bytes]],
) -> None:
    controller = Appeal().campaign.controller
    annex = pdf.render_annex(compose_annex(appeal(), [TEXTS], BOOK.find("PL"), ["Ann Bee"], MOMENT))
    for content in (rendered["PL"][1], rendered["eu-council"][1], annex):
        for page in PdfReader(BytesIO(content)).pages:
            assert f"{controller} · letters@example.org" in " ".join(page.extract_text().split())


def test_no_date_and_no_address_of_a_page_is_torn_where_it_hurts(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for key, (_, content) in rendered.items():
        run = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
        assert not re.search(r"https?://\n|\d\.?\n(r|m)\.|\d\.\ngad|\.–\n", run.stdout.decode()), key


@pytest.mark.parametrize("reference", ["PL-1-pl", "IE-ga-12-ga", "BE-de-123-de", "eu-high-representative-123"])
def test_a_reference_beside_the_code_is_on_one_line(reference: str) -> None:
    url = f"https://ultimatum.example.org/en/letters/{reference}"
    content = pdf.render(replace(letter("IE-en"), reference=reference, check_url=url))
    beside = ["pdftotext", "-layout", "-x", "350", "-y", "190", "-W", "250", "-H", "90", "-l", "1", "-", "-"]
    run = subprocess.run(beside, input=content, capture_output=True, check=True)
    assert reference in run.stdout.decode().split()[-1]


def test_a_french_first_of_the_month_is_raised_and_stays_with_its_month() -> None:
    content = pdf.render(letter("FR"))
    assert "er" in [element.text for element in read_structure(content).find("Span")]
    lines = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    assert re.search(r"\b1er mars 2027", lines.stdout.decode())


def test_a_letter_is_tagged_and_claims_pdf_a_and_pdf_ua(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for key in ("PL", "LT", "LV", "GR", "eu-railways"):
        drawn, content = rendered[key]
        reader = PdfReader(BytesIO(content))
        root: Any = reader.trailer["/Root"]
        assert root["/Lang"] == f"{drawn.language}-{drawn.territory}"
        assert root["/MarkInfo"]["/Marked"]
        assert reader.metadata
        assert drawn.subject in str(reader.metadata.title)
        xmp = root["/Metadata"].get_data().decode()
        assert re.search(r"pdfaid:part>2<.*pdfaid:conformance>A<", xmp, re.DOTALL)
        assert "pdfuaid:part>1<" in xmp


def test_the_same_letter_is_the_same_bytes(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    again: list[bytes] = []
    thread = threading.Thread(target=lambda: again.append(pdf.render(letter("PL"))))  # each thread has its own compiler
    thread.start()
    thread.join()
    assert again == [rendered["PL"][1]]
    assert pdf.render(letter("PL", figures=replace(FIGURES, confirmed=12350))) != rendered["PL"][1]


def test_letters_are_set_in_several_threads_at_once(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    keys = ["PL", "LT", "LV", "FR"] * 3
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda key: pdf.render(letter(key)), keys)) == [rendered[key][1] for key in keys]


def test_the_tree_is_plain_values(rendered: dict[str, tuple[Letter, bytes]]) -> None:
    for drawn, _ in rendered.values():
        assert json.loads(json.dumps(to_dict(drawn)))["reference"] == drawn.reference


def test_a_missing_address_leaves_lines_to_fill_in() -> None:
    hungary = without_address("HU")
    assert letter(hungary).address_missing
    known = replace(hungary, lines=("Office", "Street 1", "1000 Town"))
    assert not letter(known).address_missing
    assert _strokes(pdf.render(letter(hungary))) - _strokes(pdf.render(letter(known))) == 4
    office = replace(hungary, office="Office")
    assert _strokes(pdf.render(letter(office))) - _strokes(pdf.render(letter(known))) == 3
    assert letter(hungary).title in pdf_text(pdf.render(letter(hungary)))


def _strokes(content: bytes) -> int:
    stream = PdfReader(BytesIO(content)).pages[0].get_contents()
    assert stream is not None
    return sum(operator == b"S" for _, operator in stream.operations)


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_data_holds_is_printed_as_typed(typed: str) -> None:
    crossing = Crossing(typed, {}, "open", Source(typed, "2025", "https://example.org/"))
    poland = replace(BOOK.find("PL"), crossings=(crossing,), title=typed, office=typed, lines=(typed, typed))
    hosted = appeal()
    hosted.campaign = replace(hosted.campaign, organiser={"en": typed}, controller=typed, contact=typed)
    drawn = compose_letter(hosted, [TEXTS], poland, FIGURES, MOMENT, "https://example.org")
    assert any(block.text.startswith(f"{typed}: otwarte") for block in drawn.blocks)
    assert pdf_text(pdf.render(drawn)).count(typed) >= 10


def test_a_letter_that_cannot_be_set_is_one_sentence() -> None:
    with pytest.raises(LetterError, match=r"^The letter PL/2026-11-22 cannot be set: [^\n]+\.$"):
        pdf.render(replace(letter("PL"), language="no language"))


def test_a_warning_fails_a_letter_rather_than_setting_it_in_another_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_per_thread", threading.local())
    monkeypatch.setattr(pdf, "_fonts", lambda: typst.Fonts(include_system_fonts=False))
    with pytest.raises(LetterError, match="unknown font family"):
        pdf.render(letter("PL"))
