"""Each paragraph is a paragraph for a screen reader too, in every PDF: read back from the tags in its bytes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from petition.letters.formats import cover_sheet, key_sheet, pdf, volume
from petition.letters.formats.key_sheet import KeySheet
from petition.letters.writing.annex import compose_annex
from petition.letters.writing.document import Letter
from tests.letters.samples import BOOK, MOMENT, TEXTS, appeal, letter, without_address
from tests.letters.structure import paragraphs, plain, read_structure

BY_LANGUAGE = {a.language: a.key for a in BOOK.addressees}
TAGS = {"paragraph": "P", "quote": "P", "item": "LBody", "heading": "H2"}
CHECK = "https://ultimatum.example.org/pl/letters/PL-1"


def _expected(drawn: Letter) -> Iterator[tuple[str, str]]:
    """Every heading, paragraph and item that the letter's tree has, in reading order."""
    if drawn.summary:
        yield from _opening(drawn)
        yield "H1", drawn.summary.title
        yield from (("LBody", "".join(run.text for run in block.runs[1:])) for block in drawn.summary.blocks)
    yield from _opening(drawn)
    if drawn.courtesy:
        yield "P", drawn.labels["courtesy"]
    yield from (("H1", drawn.subject), ("P", drawn.salutation))
    yield from ((TAGS[block.kind], block.text) for block in drawn.blocks)
    signed = (drawn.labels["signature"], *drawn.signatory, drawn.sender, *drawn.reply_to)
    yield from (("P", drawn.closing), ("P", " ".join(signed)))
    if drawn.enclosure_names:
        yield "P", " ".join((drawn.labels["enclosures"], *drawn.enclosure_names))
    if drawn.copies:
        yield "P", " ".join((drawn.labels["copies"], *drawn.copies))
    if drawn.chart:
        yield "H2", drawn.chart.caption
    if drawn.chart and drawn.chart.comparison:
        yield "P", drawn.chart.comparison
    yield "H2", drawn.labels["sources"]
    yield from (("LBody", f"{note.text}, {note.url}") for note in drawn.sources)
    for part in drawn.enclosures:
        yield "H1", part.title
        yield from ((TAGS[block.kind], block.text) for block in part.blocks)
        yield "H2", part.sources_title
        yield from (("LBody", f"{note.text}, {note.url}") for note in part.sources)


def _opening(drawn: Letter) -> Iterator[tuple[str, str]]:
    yield from (("P", drawn.sender), ("P", " ".join(drawn.contact)), ("P", drawn.return_line))
    yield "P", " ".join((drawn.title, drawn.office, *drawn.lines))
    yield "P", f"{drawn.labels['reference']} {drawn.reference}"
    yield "P", f"{drawn.labels['date']} {drawn.date}"
    if drawn.check_url:
        yield "P", f"{drawn.labels['check']} {drawn.check_url.removeprefix('https://')}"


def _assert_read_as(drawn: Letter) -> None:
    content = pdf.render(drawn)
    assert paragraphs(content) == [(tag, plain(text)) for tag, text in _expected(drawn)]
    assert not read_structure(content).stray_text()


@pytest.mark.parametrize("language", ["bg", "de", "el", "fr", "ga", "hu", "lv", "mt", "pl", "en"])
def test_each_paragraph_of_a_letter_is_one_paragraph_in_order(language: str) -> None:
    _assert_read_as(letter(BY_LANGUAGE[language]))


@pytest.mark.parametrize("key", ["HU", "eu-council", "eu-railways"])
def test_so_is_each_of_a_sent_translation_with_its_code(key: str) -> None:
    addressee = without_address(key) if key == "HU" else key
    _assert_read_as(replace(letter(addressee), check_url=CHECK, courtesy=True, copies=()))


def test_a_list_is_a_list_and_a_note_has_its_number_as_label() -> None:
    drawn = letter("PL")
    lists = [[item.text for item in list_.find("Lbl")] for list_ in read_structure(pdf.render(drawn)).find("L")]
    (legal,) = drawn.enclosures
    sources, legal_sources = ([f"[{note.number}]" for note in part.sources] for part in (drawn, legal))
    assert lists == [["–"] * 3, ["–"] * 3, sources, ["–"] * 4, ["–"] * 3, legal_sources]


def test_each_line_of_a_summary_has_its_label() -> None:
    drawn = letter("IE-en")
    assert drawn.summary
    first = next(read_structure(pdf.render(drawn)).find("L"))
    assert [item.text for item in first.find("Lbl")] == [block.runs[0].text for block in drawn.summary.blocks]


async def test_each_name_of_an_annex_is_one_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "MAX_NAMES_IN_THREAD", 20)  # the larger one is made in a process of its own
    names = [f"Żółw {n:04}" for n in range(21)]
    annex = compose_annex(appeal(), [TEXTS], BOOK.find("PL"), names, MOMENT)
    for drawn in (annex, replace(annex, names=annex.names[:9], check_url=CHECK)):
        content = await volume.render_volume(drawn)
        words = [*drawn.sentences, *filter(None, [drawn.check_url]), *drawn.names]
        assert paragraphs(content) == [("H1", drawn.title), *(("P", plain(text)) for text in words)]
        assert not read_structure(content).stray_text()


def test_a_cover_sheet_has_a_row_for_each_envelope_and_lines_that_do_not_run_together() -> None:
    letters = [letter("PL"), letter(without_address("HU")), letter(without_address("GR"))]
    content = cover_sheet.render(7, MOMENT, letters)
    cells = [[plain(cell.text) for cell in row.find("TD")] for row in read_structure(content).find("TR")][1:]
    poland, hungary, greece = ([drawn.title, drawn.office, *drawn.lines] for drawn in letters)
    missing = "address missing: write it by hand"
    copies = [address for drawn in letters for address in drawn.copy_addresses]
    envelopes = (poland, [*hungary, missing], [*greece, missing], *copies)
    assert [cell[1] for cell in cells] == [plain(" ".join(lines)) for lines in envelopes]
    assert [tag for tag, _ in paragraphs(content)] == ["H1", "P"]
    assert not read_structure(content).stray_text()


def test_each_group_to_type_of_a_key_sheet_is_one_paragraph() -> None:
    lines = ("AB 1 2 ABCD EFGH", "AB 2 2 IJKL MNOP")
    sheet = KeySheet("example.org", "2026-11-22", ["a", "b"], ["c"], "soon", ["ABCD", "EFGH"], lines)
    content = key_sheet.render(sheet, MOMENT)
    assert paragraphs(content)[-10:] == [("P", group) for line in lines for group in line.split()]
    assert not read_structure(content).stray_text()
