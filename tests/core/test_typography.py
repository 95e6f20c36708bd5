"""Spaces at which no line ends, and sentences that end once."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.core.languages import LOCALE_FOLDER
from petition.core.typography import end_once, polish_html

CODES = ["en", *sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())]
SIGNS = ("w", " ", "i", "12", ".", "..", "№", "—", "«", "»", ":", ";", "\0", "art.", "%", "<")
MARKUP = ("<b>", "</b>", "<p title='w i 5 x'>", "<option>a b", "<pre>w i 12 x</pre>")
PIECE = st.sampled_from(SIGNS + MARKUP)


def _polish(text: str, language: str) -> str:
    """No-break spaces as ~, narrow ones as ^."""
    return polish_html(text, language).replace("\u00a0", "~").replace("\u202f", "^")


@pytest.mark.parametrize(
    ("language", "text", "polished"),
    [
        ("pl", "i w domu z 27 krajów, art. 9, nr 765/2006", "i~w~domu z~27~krajów, art.~9, nr~765/2006"),
        (
            "pl",
            "Był w <b>domu</b>, a <a href='/a b'>i z nami</a>.",
            "Był w~<b>domu</b>, a~<a href='/a b'>i~z~nami</a>.",
        ),
        ("cs", "č. 765/2006 v Radě, o 5 % více", "č.~765/2006 v~Radě, o~5~% více"),
        ("sk", "K vláde a s Radou", "K~vláde a~s~Radou"),
        ("fr", "« Total » : 5 ; oui ! non ?", "«~Total~»~: 5^; oui^! non^?"),
        ("fr", "l’article 9 ; 12 mars", "l’article~9^; 12~mars"),
        ("ru", "Это — дом в лесу, № 5, ст. 9, 10 подписей", "Это~— дом в~лесу, №~5, ст.~9, 10~подписей"),
        ("uk", "Ми й ви – в Європі", "Ми й~ви~– в~Європі"),
        ("be", "Дом у горадзе і ў лесе", "Дом у~горадзе і~ў~лесе"),
        ("bg", "в България с 12 души, чл. 9", "в~България с~12~души, чл.~9"),
        ("de", "<strong>12</strong> Länder, Artikel 9, 5 %", "<strong>12</strong>~Länder, Artikel~9, 5~%"),
        ("en", "a country of 27 states — 5 %", "a country of 27 states — 5 %"),
        ("hr", "do 1. ožujka 2027.. To je", "do 1.~ožujka 2027. To je"),
        ("pl", "<b>do 1 marca 2027 r.</b>. Potem", "<b>do 1~marca 2027~r.</b> Potem"),
        ("fr", "<b>Échéance</b>: 1er mars 2027 au plus tard", "<b>Échéance</b>~: 1er~mars 2027 au plus tard"),
        ("fr", "Échéance: https://a.example/x:y le 10:30", "Échéance~: https://a.example/x:y le 10:30"),
        ("de", "am 1. Januar 2027 in 12 Städten um 5. Dann", "am 1. Januar 2027 in 12~Städten um 5. Dann"),
        ("ru", "в 2026 году и 10 и 12 лет", "в~2026~году и~10 и~12~лет"),
        ("de", "und so weiter... ../x ..", "und so weiter... ../x .."),
    ],
)
def test_a_line_ends_where_the_language_allows_it(language: str, text: str, polished: str) -> None:
    assert _polish(text, language) == polished


@pytest.mark.parametrize("tag", ["pre", "code", "textarea", "title", "mark", "script", "style"])
def test_code_and_typed_text_stay_as_they_are(tag: str) -> None:
    page = f"<{tag} id='i w'>w domu i <b>5 lat</b> .. r..</{tag}><option value='a b'>Bośnia i Hercegowina</option>"
    assert polish_html(page, "pl") == page


@given(st.lists(PIECE, max_size=30).map("".join), st.sampled_from(CODES))
def test_only_spaces_and_second_full_stops_change(text: str, language: str) -> None:
    polished = polish_html(text, language)
    assert polish_html(polished, language) == polished
    changing = re.compile("[ .\u00a0\u202f]")  # French gets spaces too
    assert changing.sub("", polished).replace("\ufffd", "\0") == changing.sub("", text)
    if language != "fr":
        assert polished.count(" ") + polished.count("\u00a0") == text.count(" ")
    assert re.findall("<[^<>]*>", polished) == re.findall("<[^<>]*>", text)


def test_a_sentence_of_plain_text_ends_once() -> None:
    assert end_once("Do 1 marca 2027 r.. Dalej...\n../x https://a.example/..") == (
        "Do 1 marca 2027 r. Dalej...\n../x https://a.example/.."
    )


def test_words_in_another_language_follow_its_rules() -> None:
    page = '<html lang="fr"><p>Total: 5</p><strong class="x" lang="en">EXAMPLE: made up</strong><p>Total: 5</p>'
    assert polish_html(page, "fr") == page.replace("Total:", "Total\N{NO-BREAK SPACE}:")
