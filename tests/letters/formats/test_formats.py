"""One document, every format: the same words in each, the same bytes each time, and no markup is executed."""

import io
import os
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from petition.core import typography
from petition.letters.formats import cover_sheet, docx, pdf, plain_text
from petition.letters.formats.registry import FORMATS
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import IssueDetails, Letter
from petition.letters.writing.glyphs import FONTS
from tests.letters.samples import BOOK, FIGURES, HOSTILE, LANGUAGES, MOMENT, TEXTS, appeal, letter, pdf_text

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BY_LANGUAGE = {a.language: a.key for a in BOOK.addressees}


def _spaced(words: str) -> str:
    return " ".join(words.replace("\u200b", "").split())


def _written(content: bytes) -> str:
    """The words of a DOCX, by paragraph."""
    tree = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml"))
    paragraphs = ("".join(t.text or "" for t in p.iter(f"{_W}t")) for p in tree.iter(f"{_W}p"))
    return _spaced(" ".join(paragraphs))


def _hostile() -> Letter:
    return replace(letter("PL"), lines=HOSTILE, subject="".join(HOSTILE) + "\x00\x1f\ufffe", copies=HOSTILE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_format_says_the_same(language: str) -> None:
    drawn = letter(BY_LANGUAGE[language])
    word, plain = _written(docx.render(drawn)), _spaced(plain_text.render(drawn))
    said = [drawn.title, *drawn.lines, drawn.salutation, drawn.subject, *(b.text for b in drawn.blocks)]
    said += [drawn.chart.caption, drawn.chart.comparison, *drawn.chart.total] if drawn.chart else []
    said += [drawn.closing, *drawn.copies, *(note.text for note in drawn.sources), *(n.url for n in drawn.sources)]
    for bar in drawn.chart.bars if drawn.chart else ():
        assert _spaced(f"{bar.name} {bar.printed}") in word
        assert _spaced(typography.label(bar.name, bar.printed, drawn.language)) in plain
    for words in said:
        assert _spaced(words) in word
        assert _spaced(words) in plain


@pytest.mark.parametrize("kind", ["docx", "txt"])
def test_the_same_letter_gives_the_same_bytes(kind: str) -> None:
    render, _ = FORMATS[kind]
    assert render(letter("PL")) == render(letter("PL"))


def test_nothing_in_a_docx_is_markup_but_ours() -> None:
    drawn = _hostile()
    content = docx.render(drawn)
    zipped = zipfile.ZipFile(io.BytesIO(content))
    for name in zipped.namelist():
        ElementTree.fromstring(zipped.read(name))
    assert {info.date_time for info in zipped.infolist()} == {drawn.moment.timetuple()[:6]}
    for words in HOSTILE:
        assert _spaced(words) in _written(content)


def test_every_link_of_a_docx_leads_somewhere() -> None:
    drawn = letter("PL")
    note = replace(drawn.sources[0], url="https://petition.example/x?a=1&b=2")
    zipped = zipfile.ZipFile(io.BytesIO(docx.render(replace(drawn, sources=(note, *drawn.sources[1:])))))
    asked = {e.get(key) for e in ElementTree.fromstring(zipped.read("word/document.xml")).iter() for key in e.keys()}  # noqa: SIM118 (no dict)
    given = {e.get("Id"): e.get("Target") for e in ElementTree.fromstring(zipped.read("word/_rels/document.xml.rels"))}
    links = {id_ for id_ in given if id_ and id_.startswith("link")}
    assert links <= asked
    assert "https://petition.example/x?a=1&b=2" in given.values()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_about_checking_is_in_what_can_be_edited(language: str) -> None:
    sent = replace(letter(BY_LANGUAGE[language]), check_url="https://petition.example/en/letters/XX-1")
    zipped = zipfile.ZipFile(io.BytesIO(docx.render(sent)))
    parts = {name: zipped.read(name).decode() for name in zipped.namelist()}
    assert not [name for name, text in parts.items() if "/letters/" in text or sent.labels["check"] in text]
    assert not [name for name in parts if name.startswith("word/media")], "no picture, so no code"
    assert sent.labels["check"] not in _written(docx.render(sent))


def test_every_format_has_the_summary_and_the_legal_page_and_what_is_edited_no_code() -> None:
    issue = IssueDetails("PL-1", "https://petition.example/en/letters/PL-1", "en", translations=("pl",))
    drawn = compose_letter(appeal(), [TEXTS], BOOK.find("PL"), FIGURES, MOMENT, "https://petition.example", issue)
    word, plain = _written(docx.render(drawn)), _spaced(plain_text.render(drawn))
    assert drawn.summary
    assert "/letters/" not in word
    for part in (drawn.summary, *drawn.enclosures):
        texts = [run.text for block in part.blocks for run in block.runs if run.style != "note"]
        for words in (part.title, *texts, *(note.text for note in part.sources), *drawn.enclosure_names):
            assert _spaced(words) in word
            assert _spaced(words) in plain


def test_only_the_text_of_an_edition_says_where_it_is_checked() -> None:
    preview = letter("PL")
    sent = replace(preview, check_url="https://petition.example/pl/letters/PL-1")
    assert f"{sent.labels['check']} {sent.check_url}\n" in plain_text.render(sent)
    assert preview.labels["check"] not in plain_text.render(preview)


def test_a_preview_says_so_and_a_letter_does_not() -> None:
    preview, sent = letter("PL"), replace(letter("PL"), check_url="https://petition.example/pl/letters/PL-1")
    for drawn, marked in ((preview, True), (sent, False)):
        zipped = zipfile.ZipFile(io.BytesIO(docx.render(drawn)))
        assert (b"PREVIEW" in zipped.read("word/header1.xml")) == marked
        assert plain_text.render(drawn).startswith("PREVIEW") == marked


def test_plain_text_has_no_space_that_a_form_could_stumble_over() -> None:
    plain = plain_text.render(letter("PL"))
    assert not set(plain) & set("\u00a0\u202f\u200b\r\t")
    assert "\n\n\n" not in plain


@pytest.mark.slow
@pytest.mark.parametrize("key", ["PL", "GR", "BG"])
def test_libreoffice_opens_and_converts_it(key: str, tmp_path: Path) -> None:
    drawn = letter(key)
    (tmp_path / "letter.docx").write_bytes(docx.render(drawn))
    program = shutil.which("soffice") or "libreoffice"
    command = [program, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "letter.docx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=os.environ | _our_fonts(tmp_path))
    content = (tmp_path / "letter.pdf").read_bytes()
    for words in (drawn.title, drawn.closing, "PREVIEW", drawn.reference):
        assert _spaced(words) in pdf_text(content)
    extra = _pages(content) - _pages(pdf.render(drawn))
    assert 0 <= extra <= 1 + len(drawn.enclosures), "the letter and each enclosure can take a page more"


def _our_fonts(folder: Path) -> dict[str, str]:
    """An environment in which a program also sees the fonts of the PDF, as in an office that has them installed."""
    (folder / "fonts.conf").write_text(
        f"<fontconfig><dir>{FONTS}</dir><dir>/usr/share/fonts</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>"
    )
    return {"FONTCONFIG_FILE": str(folder / "fonts.conf")}


def _pages(content: bytes) -> int:
    import pypdf

    return len(pypdf.PdfReader(io.BytesIO(content)).pages)


def test_the_sheet_is_tagged_and_names_every_envelope() -> None:
    letters = [letter(a) for a in BOOK.addressees]
    content = cover_sheet.render(7, MOMENT, letters)
    assert content == cover_sheet.render(7, MOMENT, letters)
    assert b"pdfuaid" in content
    words = pdf_text(content)
    assert "Edition 7: what goes into which envelope" in words
    for drawn in letters:
        assert drawn.reference in words
    assert "envelopes: 42, with copies: 26 · letters and enclosures: 42" in words, "a copy for all languages of a state"
    listing = sum("Legal page" in drawn.enclosure_names for drawn in letters)
    assert words.count("with: Legal page (printed with the letter)") == listing > 0, "and no copy says so"
    assert "Udenrigsministeriet Asiatisk Plads 2 1448 København K Danmark Copy of DK/2026-11-22 (da)" in words
