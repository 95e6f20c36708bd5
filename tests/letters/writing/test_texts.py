"""The texts of the letters: every language agrees with English, and a text that does not fit is refused."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from babel.core import Locale

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.core.errors import DataError
from petition.letters.addressees.address_book import Addressee, Source
from petition.letters.writing import compose, template_values
from petition.letters.writing.chart import read_seats
from petition.letters.writing.citations import citable_sources
from petition.letters.writing.compose import compose_letter, letter_languages
from petition.letters.writing.document import Letter
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.texts import STATES_WITH_LETTERS, LetterText, find_text
from tests.letters.samples import (
    BOOK,
    FIGURES,
    LANGUAGES,
    MOMENT,
    STATE_ROLES,
    TEXTS,
    appeal,
    letter,
    letter_text,
)

COUNTS = (1, 2, 5, 21, 1234)


def _locale(language: str) -> str:
    """The locale of the first country that gets letters in a language."""
    return next((a.locale for a in BOOK.addressees if a.language == language and language != "en"), "en_GB")


def _neutral(language: str, role: str) -> Addressee:
    """An addressee with this role and language, so that texts can be compared."""
    like = {"border": "LT", "vote": "AT", "no-rail": "CY"}[role]
    return replace(BOOK.find(like), language=language, locale=_locale(language))


def _text(language: str) -> LetterText:
    return find_text([TEXTS], language) or pytest.fail(f"no text in {language}")


def _roles(language: str) -> list[str]:
    """The roles of states that a text is written for."""
    return [role for role in STATE_ROLES if role in _text(language).roles]


TRANSLATED = [language for language in LANGUAGES if language != "en"]
WRITTEN = [(language, role) for language in TRANSLATED for role in _roles(language)]


def _shape(drawn: Letter) -> list[tuple[str, list[str], list[str]]]:
    """What must agree between languages: kinds of paragraphs, the sources of each, and its figures."""
    return [
        (
            block.kind,
            sorted(run.text for run in block.runs if run.style == "note"),
            sorted(re.sub(r"\D", "", run.text) for run in block.runs if run.style == "strong"),
        )
        for block in drawn.blocks
    ]


def _facts(drawn: Letter) -> list[str]:
    """The numbers of prisoners and of delayed trains, sorted: sentences have them in different orders."""
    return sorted(
        re.sub(r"\D", "", number) for number in re.findall(r"\b(?:1.?131|167|50|123|300)\b", letter_text(drawn))
    )


def test_every_text_follows_the_newest_english_one() -> None:
    newest = _text("en").english
    assert [language for language in LANGUAGES if _text(language).english != newest] == []


@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
@pytest.mark.parametrize(("language", "role"), WRITTEN)
def test_every_language_has_the_structure_of_english(language: str, role: str, state: str, tmp_path: Path) -> None:
    (tmp_path / "said.toml").touch()  # what a government said itself is not written in every language
    none = replace(FIGURES, confirmed=0, country=None, named=None)
    for figures in (FIGURES, replace(FIGURES, country=None), none, replace(none, paper=4320, paper_country=980)):
        neutral = (_neutral(code, role) for code in ("en", language))
        english, other = (letter(addressee, state, figures, folder=tmp_path) for addressee in neutral)
        assert other.language == language
        assert _shape(other) == _shape(english)
        assert [source.url for source in other.sources] == [source.url for source in english.sources]
        assert _facts(other) == _facts(english)


def _called(language: str, role: str, state: str, n: int) -> tuple[set[tuple[str, str]], list[dict[str, str]]]:
    """The facts, notes and days that a text uses if every count is n, and the forms of its plurals."""
    asked: set[tuple[str, str]] = set()
    plurals: list[dict[str, str]] = []

    def asks(name: str, what: object = "", _case: str = "") -> str:
        asked.add((name, str(what)))
        return name

    def plural(_count: int, **forms: str) -> str:
        plurals.append(forms)
        return forms["other"]

    values: dict[str, Any] = {name: partial(asks, name) for name in ("number", "note", "day", "when")}
    values |= {"moment": lambda _case="": asks("moment")}
    values |= dict.fromkeys(("total", "country", "named", "paper", "paper_country"), n)
    values |= {"value": lambda _: n, "plural": plural}
    values |= {"role": role, "state": state, "national": True, "elsewhere": False, "home": "LT"}
    values |= {"deadline": "deadline", "met": "met", "tally": "tally", "copies": [], "said": []}
    values |= {"answer_by": "day", "met_source": "page", "not_met_count": n, "not_met_by": "who"}
    _text(language).render_blocks({**values, "crossings": [{"name": "x", "status": "open", "source": "x"}]})
    return asked, plurals


@pytest.mark.parametrize("n", [0, 1234])
@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
@pytest.mark.parametrize(("language", "role"), WRITTEN)
def test_every_language_asks_for_the_facts_notes_and_days_of_english(
    language: str, role: str, state: str, n: int
) -> None:
    assert _called(language, role, state, n)[0] == _called("en", role, state, n)[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_only_forms_that_its_language_knows(language: str) -> None:
    known = {"other"} | Locale.parse(_locale(language)).plural_form.tags
    for role in _roles(language):
        for forms in (forms for state in STATES_WITH_LETTERS for forms in _called(language, role, state, 1234)[1]):
            assert "other" in forms, forms
            assert forms.keys() <= known, forms
            assert all(form and form.strip() == form for form in forms.values()), forms


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_draws_any_count(language: str, n: int) -> None:
    for state in STATES_WITH_LETTERS:
        drawn = letter(_neutral(language, "vote"), state, replace(FIGURES, confirmed=n, country=n, named=n))
        strong = [run.text for block in drawn.blocks for run in block.runs if run.style == "strong"]
        assert [re.sub(r"\D", "", number) for number in strong] == [str(n)] * 2
        assert not re.search(r"[{}]|None|\*\*|  ", letter_text(drawn))


def test_every_letter_is_written_in_the_language_that_its_key_names() -> None:
    drawn = [(addressee, letter(addressee)) for addressee in BOOK.addressees]
    assert len(drawn) == 42
    assert [a.key for a, own in drawn if own.fallback or own.language != a.language] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_stands_in_a_text_without_its_date_and_note_in_the_same_paragraph(language: str) -> None:
    text = _text(language)
    known = {id_: source.date for id_, source in citable_sources(appeal(), BOOK.find("PL")).items()}
    for paragraph in text.body.split("\n\n"):
        called = {name: re.findall(rf'\b{name}\("([^"]+)"', paragraph) for name in ("number", "day", "note")}
        for id_ in called["number"]:
            assert known[id_] in {known[day] for day in called["day"]}, (language, id_)
            assert called["note"], (language, id_)


def test_every_text_says_that_nobody_has_reviewed_it_yet() -> None:
    assert {language: letter(_neutral(language, "vote")).reviewed for language in LANGUAGES} == dict.fromkeys(
        LANGUAGES, "no"
    )


@pytest.mark.parametrize(
    ("key", "counted"),
    [
        ("PL", {1: "1 podpis.", 2: "2 podpisy.", 5: "5 podpisów.", 21: "21 podpisów."}),
        ("PL", {22: "22 podpisy.", 1230: "1230 podpisów.", 12300: "12 300 podpisów."}),
        ("LT", {1: "1 parašas;", 2: "2 parašai;", 11: "11 parašų;", 21: "21 parašas;", 30: "30 parašų;"}),
        ("LV", {1: "1 paraksts;", 2: "2 paraksti;", 11: "11 parakstu;", 21: "21 paraksts;", 30: "30 parakstu;"}),
        ("FR", {1: "1 signature appuie", 2: "2 signatures appuient", 1230: "1\u202f230 signatures appuient"}),
        ("RO", {1: "cel puțin 1 semnătură.", 2: "cel puțin 2 semnături.", 21: "cel puțin 21 de semnături."}),
        ("HU", {1: "legalább 1 aláírás áll", 5: "5 aláírás áll", 1234: "1234 aláírás áll"}),
        ("IE-ga", {1: "1 síniú ar", 2: "2 shíniú", 5: "5 shíniú", 10: "10 síniú", 21: "21 síniú"}),
        ("MT-mt", {1: "1 firma,", 2: "2 firem,", 5: "5 firem,", 110: "110 firem,", 1230: "1,230 firma,"}),
        ("GR", {1: "1 υπογραφή.", 2: "2 υπογραφές.", 1230: "1.230 υπογραφές."}),
        ("IE-en", {1: "at least 1 signature,", 21: "at least 21 signatures,", 1230: "1,230 signatures,"}),
        ("CZ", {1: "je pod", 2: "jsou pod tímto požadavkem nejméně 2 podpisy,", 1230: "nejméně 1 230 podpisů,"}),
        ("SI", {2: "sta pod to zahtevo najmanj 2 podpisa,", 3: "najmanj 3 podpisi,", 101: "najmanj 101 podpis,"}),
        ("HR", {21: "stoji najmanje 21 potpis,", 22: "stoje najmanje 22 potpisa,", 1230: "1.230 potpisa,"}),
    ],
)
def test_plurals_follow_the_language(key: str, counted: dict[int, str]) -> None:
    for total, words in counted.items():
        assert words in letter_text(letter(key, figures=replace(FIGURES, confirmed=total)))


def test_days_stand_in_the_case_that_the_sentence_needs() -> None:
    assert letter("LV").date == "2026. gada 22. novembris"
    assert "Līdz 2027. gada 1. martam" in letter_text(letter("LV"))
    assert "2025. gada 31. decembrī" in letter_text(letter("LV"))
    assert "(2025. gada 12.–25. septembris)" in letter_text(letter("LV"))
    assert "(12–25 września 2025 r.)" in letter_text(letter("PL"))
    assert "(2025 m. rugsėjo 12–25 d.)" in letter_text(letter("LT"))
    assert "2027. március 1. napjáig" in letter_text(letter("HU"))
    assert "(2025. szeptember 12–25.)" in letter_text(letter("HU"))
    assert "faoin 1 Márta 2027" in letter_text(letter("IE-ga"))
    assert "έως και 1η Μαρτίου 2027" in letter_text(letter("GR"))


@pytest.mark.parametrize(
    ("day", "words"),
    [(1, "sal-1 "), (2, "sat-2 "), (6, "sas-6 "), (9, "sad-9 "), (14, "sal-14 "), (27, "sas-27 "), (30, "sat-30 ")],
)
def test_the_maltese_article_before_a_day_follows_the_sound_of_its_number(day: int, words: str) -> None:
    campaign = appeal()
    campaign.campaign = replace(campaign.campaign, deadline=date(2027, 3, day))
    drawn = compose_letter(campaign, [TEXTS], BOOK.find("MT-mt"), FIGURES, MOMENT, "https://example.org")
    assert f"{words}ta’ Marzu 2027" in letter_text(drawn)


@pytest.mark.parametrize(
    ("count", "words"),
    [(2, "2 priġunieri"), (111, "111-il priġunier"), (1119, "1,119-il priġunier"), (1131, "1,131 p")],
)
def test_maltese_joins_the_numbers_that_end_in_11_to_19_to_their_noun(
    count: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = template_values.issue_values
    monkeypatch.setattr(compose, "issue_values", lambda *given: values(*given) | {"not_met_count": count})
    assert words in letter_text(letter("MT-mt", "passed"))


@pytest.mark.parametrize(
    ("locale", "source", "words"),
    [
        ("en_GB", Source("", "2025-11", ""), "November 2025"),
        ("pl_PL", Source("", "2017", ""), "2017"),
        ("de_DE", Source("", "2025-09-25", "", "2025-09-12"), "12.–25. September 2025"),
        ("pt_PT", Source("", "2025-09-25", "", "2025-09-12"), "12–25 de setembro de 2025"),
        ("en_GB", Source("", "2025-10-02", "", "2025-09-12"), "12 September 2025 – 2 October 2025"),
    ],
)
def test_a_date_is_as_exact_as_its_source(locale: str, source: Source, words: str) -> None:
    assert Formatter(Locale.parse(locale), {}, {}).source_dates(source) == words


def test_the_first_of_a_month_is_written_as_the_language_writes_it() -> None:
    french = Formatter(Locale.parse("fr_FR"), {}, {})
    assert [french.day(f"2027-03-{day}") for day in ("01", "11", "21")] == [
        "1er mars 2027",
        "11 mars 2027",
        "21 mars 2027",
    ]
    assert french.source_dates(Source("", "2025-09-25", "", "2025-09-01")) == "1er–25 septembre 2025"


@pytest.mark.parametrize(
    ("key", "start", "words"),
    [
        ("FR", "2025-09-12", "du 12 au 25 septembre 2025"),
        ("FR", "2025-09-01", "du 1er au 25 septembre 2025"),
        ("FR", "2025-08-01", "du 1er août 2025 au 25 septembre 2025"),
        ("ES", "2025-09-12", "del 12 al 25 de septiembre de 2025"),
        ("PT", "2025-09-12", "de 12 a 25 de setembro de 2025"),
        ("IT", "2025-09-12", "12–25 settembre 2025"),
    ],
)
def test_a_range_of_days_has_the_words_of_its_language(key: str, start: str, words: str) -> None:
    addressee = BOOK.find(key)
    text = _text(addressee.language)
    formatter = Formatter(Locale.parse(addressee.locale), text.dates, text.months)
    assert formatter.source_dates(Source("", "2025-09-25", "", start)) == words


@pytest.mark.parametrize(
    ("key", "moment"),
    [
        ("PL", "22 listopada 2026 r. pod tym żądaniem"),
        ("LT", "2026 m. lapkričio 22 d. duomenimis"),
        ("LV", "2026. gada 22. novembrī zem"),
        ("IE-en", "As of 22 November 2026, this"),
        ("HU", "2026. november 22. napján legalább"),
        ("IE-ga", "Amhail an 22 Samhain 2026, tá"),
        ("MT-mt", "Sat-22 ta’ Novembru 2026, din"),
        ("FR", "22 novembre 2026, au moins"),
        ("DK", "Pr. 22. november 2026 havde"),
        ("SE", "Den 22 november 2026 hade"),
        ("FI-fi", "22. marraskuuta 2026 tämän"),
        ("EE", "22. novembril 2026 oli"),
        ("DE", "Mit Stand vom 22. November 2026 trägt"),
        ("CZ", "ke dni 22. listopadu 2026 "),
        ("SI", "na dan 22. novembra 2026 "),
        ("ES", "A 22 de noviembre de 2026, al menos"),
        ("HR", "na dan 22. studenoga 2026. "),
    ],
)
def test_the_figures_have_a_day_as_the_language_tells_it_and_no_time(key: str, moment: str) -> None:
    words = letter_text(letter(key))
    assert moment in words
    assert "10:00" not in words
    assert "UTC" not in words


@pytest.mark.parametrize("language", TRANSLATED)
def test_official_bodies_are_called_by_their_names_in_the_language(language: str) -> None:
    for role in _roles(language):
        for source in letter(_neutral(language, role)).sources:
            words = source.text.partition(",")[0] if source.text.startswith("Railway") else source.text
            assert not re.search("Government|Council|Regulation|cited|citing|through|embassy|Polish", words), words
    known = {source.publisher for source in citable_sources(appeal(), BOOK.find("PL")).values()}
    known |= {read_seats(SHIPPED_DATA / "parliament.toml").source.publisher}
    assert _text(language).publishers.keys() <= known, "a publisher that nothing cites any more"


def _changed(change: Callable[[str], str], folder: Path) -> Path:
    (texts := folder / "letters").mkdir()
    (texts / "pl.md").write_text(change((TEXTS / "pl.md").read_text("utf-8")), "utf-8")
    return texts


UNFIT = {
    "no front matter": (lambda t: t.replace("+++\n", ""), "has no front matter"),
    "broken front matter": (lambda t: t.replace("reviewed = ", "reviewed "), "not TOML"),
    "a label missing": (lambda t: t.replace('closing = "Z wyrazami szacunku"', ""), "labels lacks closing, a text"),
    "an empty subject": (lambda t: re.sub('open = ".*"', 'open = ""', t), "subject: open is empty"),
    "no roles": (lambda t: re.sub("roles = .*", "", t), "lacks roles, a list of texts"),
    "months that are not twelve": (lambda t: t.replace("\n+++\n", '\n[months]\non = ["x"]\n+++\n'), "on is not a list"),
    "an unknown fact": (lambda t: t.replace("{{ moment(", '{{ number("nothing") }} {{ moment('), "no fact is called"),
    "an unknown source": (lambda t: t.replace("{{ moment(", '{{ note("nothing") }} {{ moment('), "is called nothing"),
    "a number without note": (lambda t: t + '\n\n{{ number("detained-2023-05") }}\n', "without a note"),
    "an unknown word": (lambda t: t + "\n\n{{ nothing }}\n", "'nothing' is undefined"),
    "broken Jinja": (lambda t: t + "{% if %}", "cannot be filled in"),
    "a reach into Python": (lambda t: t + "{{ plural.__globals__ }}", "cannot be filled in"),
    "a heading": (lambda t: t + "\n\n# No\n", "has a heading, which no letter prints"),
    "an image": (lambda t: t + "\n\n![no](https://example.org/)\n", "has a image, which no letter prints"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "what"), UNFIT.values(), ids=UNFIT.keys())
def test_a_text_that_does_not_fit_is_refused_in_one_sentence(
    change: Callable[[str], str], what: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as error:
        letter("PL", texts=_changed(change, tmp_path))
    assert what in str(error.value)
    assert str(error.value).startswith("letters/pl.md")
    assert re.fullmatch(r"[^\n]+\.", str(error.value))


@pytest.mark.parametrize(("number", "languages"), [(2, ("en", "pl")), (1, ("en", "")), (3, ("en", ""))])
def test_a_text_that_follows_another_english_text_is_not_sent(
    number: int, languages: tuple[str, str], tmp_path: Path
) -> None:
    texts = _changed(lambda t: re.sub(r"(?m)^english = \d+$", f"english = {number}", t), tmp_path)
    assert letter_languages([texts, TEXTS], BOOK.find("PL")) == languages
    assert letter("PL", texts=texts).language == "pl", "as a preview it can be read"


@pytest.mark.parametrize(("count", "by"), [(0, ""), (1131, ""), (1131, "Viasna"), (1, "Viasna")])
def test_that_the_demand_was_not_met_is_said_with_the_count_of_that_day(
    count: int, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = template_values.issue_values
    counted = {"not_met_count": count, "not_met_by": by}
    monkeypatch.setattr(compose, "issue_values", lambda *given: values(*given) | counted)
    words = letter_text(letter("IE-en", "passed"))
    number = {0: "", 1: ": on that day 1 political prisoner was counted"}
    said = number.get(count, ": on that day 1,131 political prisoners were counted") + (f" ({by})" if by else "")
    assert f"the demand has not been met{said}. It reads:" in words


@pytest.mark.parametrize("state", STATES_WITH_LETTERS)
def test_an_answer_is_asked_by_a_day_if_there_is_one(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = template_values.issue_values
    assert "We ask for an answer in writing; the" in letter_text(letter("IE-en", state))
    monkeypatch.setattr(compose, "issue_values", lambda *g: values(*g) | {"answer_by": date(2027, 1, 30)})
    assert "We ask for an answer in writing by 30 January 2027; the" in letter_text(letter("IE-en", state))


def test_a_text_not_written_for_a_role_is_not_used() -> None:
    assert "eu-commission" not in (find_text([TEXTS], "pl") or pytest.fail("no text")).roles
    commission = replace(BOOK.find("eu-commission"), language="pl", locale="pl_PL")
    assert letter(commission).fallback
    with pytest.raises(DataError, match="No text of a letter is written for nobody"):
        letter(replace(commission, role="nobody", key="nobody"))


def test_an_event_without_publisher_is_refused_in_one_sentence(tmp_path: Path) -> None:
    facts = (SHIPPED_DATA / "facts.toml").read_text("utf-8")
    (tmp_path / "facts.toml").write_text(f'{facts}\n[[event]]\nid = "x"\ndate = 2026-01-01\n', "utf-8")
    with pytest.raises(DataError, match=r"^facts\.toml, event x lacks publisher, a text\.$"):
        compose_letter(Appeal(tmp_path), [TEXTS], BOOK.find("PL"), FIGURES, MOMENT, "https://example.org")
