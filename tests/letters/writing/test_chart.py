"""The figures in a letter: they add up, say which country they are from, and compare without boasting."""

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.errors import DataError
from petition.letters.formats import pdf
from petition.letters.writing.chart import MAX_COUNTRIES, read_seats
from petition.letters.writing.document import Chart, Figures
from petition.letters.writing.stored_document import letter_from_dict, to_dict
from petition.letters.writing.texts import find_text
from tests.letters.samples import BOOK, COUNTRIES, FIGURES, LANGUAGES, TEXTS, letter, pdf_text

FILE = SHIPPED_DATA / "parliament.toml"
STATES = sorted({a.country for a in BOOK.addressees if a.country})


def _chart(key: str) -> Chart:
    return letter(key).chart or pytest.fail("no chart")


def test_a_chart_shows_the_largest_and_the_addressees_own() -> None:
    chart = _chart("EE")  # 700 against the ten of COUNTRIES
    assert [bar.name for bar in chart.bars if bar.own] == ["Eesti"]
    assert [bar.count for bar in chart.bars][:-1] == sorted((bar.count for bar in chart.bars[:-1]), reverse=True)
    assert chart.bars[-1].rest
    assert len(chart.bars) == MAX_COUNTRIES + 1
    assert chart.total == ("Kokku", "12 340".replace(" ", "\xa0"))


def test_countries_of_one_count_stand_in_alphabetical_order() -> None:
    equal = dict.fromkeys(["AT", "DE", "DK", "ES", "FI", "SE", "BE"], 10)
    figures = replace(FIGURES, confirmed=70, country=10, countries=equal)
    chart = letter("FI", figures=figures).chart or pytest.fail("no chart")
    assert [bar.name for bar in chart.bars[:-1]] == ["Belgia", "Espanja", "Itävalta", "Ruotsi", "Saksa", "Suomi"]


def test_a_small_country_finds_itself_in_its_own_letter() -> None:
    chart = letter("EE", figures=replace(FIGURES, country=10)).chart or pytest.fail("no chart")
    assert [(bar.name, bar.printed) for bar in chart.bars if bar.own] == [("Eesti", "10")]


@given(
    st.dictionaries(st.sampled_from([*STATES, "CH", "UA"]), st.integers(1, 9000).map(lambda n: n * 10)),
    st.integers(0, 900),
)
def test_the_lines_add_up_to_the_total(countries: dict[str, int], other: int) -> None:
    confirmed = sum(countries.values()) + other * 10
    figures = replace(FIGURES, confirmed=confirmed, country=countries.get("PL"), countries=countries)
    chart = letter("PL", figures=figures).chart
    assert (chart is None) == (confirmed == 0)
    if chart:
        assert sum(bar.count for bar in chart.bars) == confirmed
        assert any(bar.own for bar in chart.bars) == ("PL" in countries)
        assert all(re.sub(r"\D", "", bar.printed) == str(bar.count) for bar in chart.bars)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_comparison_names_law_seats_and_threshold_in_every_language(language: str) -> None:
    text = find_text([TEXTS], language)
    assert text
    assert sorted(re.findall(r"{\w*}", text.figures["eci"])) == ["{seats}", "{threshold}"]
    assert f" {read_seats(FILE).total}".replace(" ", "") in text.figures["eci"]
    assert "2019/788" in text.figures["eci"]


def test_each_state_is_compared_with_its_own_number_and_its_source_is_cited() -> None:
    house = read_seats(FILE)
    assert sorted(house.by_country) == STATES
    for addressee in BOOK.addressees:
        seats = house.by_country.get(addressee.country or "", 0)
        drawn = letter(addressee, figures=_of_country(addressee.country or "CH", seats * house.total))
        assert drawn.chart
        digits = re.sub(r"\D", "", drawn.chart.comparison.replace("2019/788", ""))
        if addressee.country:
            assert str(house.by_country[addressee.country] * house.total) in digits
            assert drawn.chart.comparison.endswith(f"[{drawn.sources[-1].number}]")
            assert drawn.sources[-1].url == house.source.url
        else:
            assert not drawn.chart.comparison
            assert house.source.url not in [note.url for note in drawn.sources]


def _of_country(code: str, count: int) -> Figures:
    return replace(FIGURES, confirmed=100_000, country=count or None, countries={code: count} if count else {})


@pytest.mark.parametrize(("count", "printed"), [(38_150, False), (38_160, True), (0, False)])
def test_a_state_is_compared_only_once_it_has_as_many(count: int, printed: bool) -> None:
    drawn = letter("PL", figures=_of_country("PL", count))
    assert drawn.chart
    assert bool(drawn.chart.comparison) == printed
    assert (read_seats(FILE).source.url in [note.url for note in drawn.sources]) == printed
    assert ("2019/788" in pdf_text(pdf.render(drawn))) == printed


def test_bars_are_on_the_scale_of_the_largest_country_and_the_others_have_none() -> None:
    drawn = letter("PL")
    assert drawn.chart
    *countries, rest = [bar.count for bar in drawn.chart.bars]
    assert rest > max(countries)  # it would be the longest
    widths = _bar_widths(pdf.render(drawn))
    assert widths == pytest.approx([max(widths) * n / max(countries) for n in countries], rel=0.01)
    only_rest = replace(drawn, chart=replace(drawn.chart, bars=drawn.chart.bars[-1:]))
    assert not _bar_widths(pdf.render(only_rest))


def _bar_widths(content: bytes) -> list[float]:
    """The width of each filled rectangle that is 2 mm high, from the top, in points."""
    reader = PdfReader(BytesIO(content))
    operations = [one for page in reader.pages for one in ContentStream(page.get_contents(), reader).operations]
    corners = [[float(n) for n in operands] for operands, operator in operations if operator == b"l"]
    return [x for x, y in corners if x > 0 and y == pytest.approx(5.669, abs=0.01)]


def test_what_is_drawn_as_bars_is_printed_as_numbers() -> None:
    drawn = letter("DE")
    words = pdf_text(pdf.render(drawn))
    assert drawn.chart
    for bar in drawn.chart.bars:
        assert f"{bar.name} {bar.printed}" in words
    for country in ("CZ", "FR", "LT", "PL"):
        assert f"{COUNTRIES[country]:,}".replace(",", ".") in words


def test_the_chart_is_frozen_with_its_letter() -> None:
    drawn = letter("FI-sv")
    assert letter_from_dict(to_dict(drawn)) == drawn


@pytest.mark.parametrize(
    ("old", "new"),
    [("PL = 53", "PL = 52"), ("members = 720", 'members = "many"'), ("as_of =", "seen ="), ("[seats]", "[chairs]")],
)
def test_seats_that_do_not_add_up_are_refused_in_one_sentence(old: str, new: str, tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_text(FILE.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(DataError, match=r"^parliament\.toml.*\.$"):
        read_seats(tmp_path / FILE.name)
