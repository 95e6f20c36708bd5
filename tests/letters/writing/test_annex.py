"""The annex of names: each name is printed as typed, in the order of the language, in any script."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.core.errors import LetterError
from petition.letters.formats import pdf
from petition.letters.writing.annex import compose_annex, split_into_volumes
from petition.letters.writing.glyphs import SUBSTITUTE, can_print, printable
from tests.letters.samples import BOOK, HOSTILE, MOMENT, TEXTS, appeal, pdf_text


def test_names_are_printed_as_typed_or_with_the_documented_substitute() -> None:
    names = [
        *HOSTILE,
        "Łukasz Żółć",
        "გიორგი ბერიძე",
        "Արամ Խաչատրյան",
        "王小明",
        "محمد علي",
        "😀",
        "A" * 100,
        "e\u0301" * 60,
        "\u202eevil",
        "\x00",
        "  Ann  Bee ",
    ]
    drawn = compose_annex(appeal(), [TEXTS], BOOK.find("PL"), names, MOMENT)
    words = pdf_text(pdf.render_annex(drawn))
    assert all(
        name in words
        for name in [*HOSTILE, "Łukasz Żółć", "გიორგი ბერიძე", "Արամ Խաչատրյան", "□□□", "□□□□ □□□", "evil", "Ann Bee"]
    )
    assert "A" * 100 in words.replace(" ", "")
    assert "Imiona i nazwiska w podanym brzmieniu, niezweryfikowane." in words
    assert "Liczba nazwisk: 19" in words
    assert "Znak □ zastępuje" in words
    assert "Jednakowe imiona i nazwiska należą do różnych sygnatariuszy." in words


def test_every_volume_tells_the_recipient_what_to_do_with_the_names() -> None:
    whole = compose_annex(appeal(), [TEXTS], BOOK.find("IE-en"), ["Ann Bee", "Cy Dee", "Ann Bee"], MOMENT)
    for volume in split_into_volumes(whole, 2):
        words = pdf_text(pdf.render_annex(volume))
        assert "Equal names are different signatories." in words
        assert "(Article 9(2)(a) of Regulation (EU) 2016/679) for this letter alone." in words


def test_the_substitute_is_explained_only_where_it_stands() -> None:
    drawn = compose_annex(appeal(), [TEXTS], BOOK.find("FR"), ["Zoé", "Юлія Ў", "Ελένη", "Ñandú"], MOMENT)
    assert len(drawn.sentences) == 5
    assert drawn.names == ("Ñandú", "Zoé", "Ελένη", "Юлія Ў")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=100), min_size=1, max_size=5))
def test_no_name_whatsoever_fails_the_annex(names: list[str]) -> None:
    drawn = compose_annex(appeal(), [TEXTS], BOOK.find("LT"), names, MOMENT)
    content = pdf.render_annex(drawn)
    assert len(drawn.names) == len(names)
    assert content.startswith(b"%PDF")
    assert pdf.render_annex(compose_annex(appeal(), [TEXTS], BOOK.find("LT"), names[::-1], MOMENT)) == content


@given(st.text())
def test_a_printable_text_stays_as_it_is(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    assert "\n" not in once
    assert printable(text.encode("ascii", "ignore").decode().replace("\n", "")).isascii()


@pytest.mark.parametrize(
    "letters", ["ąčęėįšųūž", "āčēģīķļņšūž", "ąćęłńóśźż", "ßäöüőűåæøđðþœçğışșțĸ", "ўґєії", "ώϊΐς", "ḃċġħ"]
)
def test_the_fonts_have_the_letters_of_europe(letters: str) -> None:
    assert SUBSTITUTE not in printable(letters + letters.upper())


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Ўладзімір Łoś", True),
        ("გიორგი ᲒᲘᲝᲠᲒᲘ", True),
        ("Արամ և Աննա", True),
        ("דוד כהן", True),
        ("Jean\u00a0Luc", True),
        ("e\u0301\u202e", True),
        ("محمد علي", False),
        ("王小明", False),
        ("Ann 😀", False),
    ],
)
def test_a_name_field_can_say_what_will_be_printed_as_a_box(name: str, printed: bool) -> None:
    assert can_print(name) == printed
    drawn = compose_annex(appeal(), [TEXTS], BOOK.find("FR"), [name], MOMENT)
    assert len(drawn.sentences) == (5 if printed else 6)


def test_every_font_of_names_is_in_the_annex() -> None:
    names = ["Zoé", "გიორგი", "Արամ", "דוד"]
    content = pdf.render_annex(compose_annex(appeal(), [TEXTS], BOOK.find("FR"), names, MOMENT))
    fonts = subprocess.run(["pdffonts", "-"], input=content, capture_output=True, check=True).stdout.decode()
    for family in ("SourceSans3", "NotoSansGeorgian", "NotoSansArmenian", "NotoSansHebrew"):
        assert f"+{family}-Regular" in fonts


def test_the_annex_for_institutions_says_whose_names_it_has() -> None:
    elsewhere = "This annex lists those who gave a place of residence outside the 27 Member States"
    for key in ("eu-council", "FR"):
        words = pdf_text(pdf.render_annex(compose_annex(appeal(), [TEXTS], BOOK.find(key), ["Ann Bee"], MOMENT)))
        assert (elsewhere in words) == (key == "eu-council")


def test_an_annex_without_names_is_refused() -> None:
    with pytest.raises(LetterError, match="no name to print"):
        compose_annex(appeal(), [TEXTS], BOOK.find("PL"), [], MOMENT)
