"""The list of countries of the form: where a reader looks for their own, in every language."""

import tomllib

import pytest
from babel.core import get_global
from babel.languages import get_territory_language_info

from petition.core import collation, countries
from petition.core.countries import EU_STATES, UNINHABITED, Group
from petition.core.languages import LOCALE_FOLDER, Language, Languages
from tests import ROOT

SITE = Languages(["en", *sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())], {})
in_every_language = pytest.mark.parametrize("language", SITE, ids=lambda language: str(language.code))


def test_the_states_of_the_union_are_those_that_get_a_letter() -> None:
    book = tomllib.loads((ROOT / "petition" / "data" / "governments.toml").read_text("utf-8"))
    assert len(EU_STATES) == 27
    assert {state["code"] for state in book["state"]} == EU_STATES


@in_every_language
def test_a_form_offers_each_country_once_the_own_ones_first(language: Language) -> None:
    groups = dict(language.country_groups)
    assert list(groups) == [Group.OWN, Group.EU, Group.OTHER]
    codes = [code for group in groups.values() for code, _ in group]
    assert sorted(codes) == sorted(code for code, _ in language.countries)
    assert not UNINHABITED & set(codes)
    own, eu, other = ({code for code, _ in group} for group in groups.values())
    assert own
    assert own | eu >= EU_STATES
    assert not EU_STATES & other
    assert "BY" in other
    assert "XK" in other


@in_every_language
def test_each_group_is_in_alphabetical_order(language: Language) -> None:
    sort_key = collation.sort_key(language.code)
    for _, group in language.country_groups:
        assert group == sorted(group, key=lambda country: sort_key(country[1]))


@in_every_language
def test_states_of_the_union_that_speak_a_language_are_its_own(language: Language) -> None:
    own = {code for code, _ in language.country_groups[0][1]}
    speak = {
        code
        for code in EU_STATES & get_global("territory_languages").keys()
        if get_territory_language_info(code).get(language.code, {}).get("official_status") == "official"
    }
    assert speak <= own


@pytest.mark.parametrize(
    ("code", "own"),
    [
        ("pl", ["Polska"]),
        ("de", ["Belgien", "Deutschland", "Liechtenstein", "Luxemburg", "Österreich", "Schweiz"]),
        ("el", ["Ελλάδα", "Κύπρος"]),
        ("nl", ["België", "Nederland"]),
        ("uk", ["Німеччина", "Польща", "Україна", "Чехія"]),
        ("be", ["Германія", "Грузія", "Латвія", "Літва", "Польшча", "Украіна", "Чэхія", "Эстонія"]),
        ("ga", ["Éire"]),
    ],
)
def test_a_reader_finds_their_own_country_at_the_top(code: str, own: list[str]) -> None:
    assert [name for _, name in SITE[code].country_groups[0][1]] == own


def test_a_language_of_another_campaign_has_no_countries_of_its_own() -> None:
    groups = countries.group_countries("tr", SITE["en"].countries)
    assert [len(group) for _, group in groups] == [0, 27, len(SITE["en"].countries) - 27]


IRISH = (
    "DE Gearmáin, CZ Seicia, FR Frainc, IT Iodáil, PH Oileáin Fhilipíneacha, BS Bahámaí, US Stáit Aontaithe Mheiriceá"
)
IRISH += (
    ", BA Boisnia agus Heirseagaivéin, EE Eastóin, IE Éire, ME Montainéagró, AO Angóla, SV Salvadóir, AX Oileáin Åland"
)
MALTESE = "DE Ġermanja, IT Italja, FR Franza, US Stati Uniti, CH Żvizzera, SE Żvezja, IS Iżlanda, IE Irlanda, CN Ċina"
MALTESE += ", ZM Żambja, NL Netherlands, BR Brażil, IL Iżrael, ES Spanja, IN Indja, LA Laos"


@pytest.mark.parametrize(("code", "names"), [("ga", IRISH), ("mt", MALTESE)])
def test_a_name_in_a_list_has_no_article(code: str, names: str) -> None:
    for entry in names.split(", "):
        country, _, name = entry.partition(" ")
        assert SITE[code].country_name(country) == name


@pytest.mark.parametrize(("code", "articles"), [("ga", ("an ", "na ")), ("mt", ("il-", "l-", "ir-", "iż-", "it-"))])
def test_no_article_is_left_at_the_start_of_a_name(code: str, articles: tuple[str, ...]) -> None:
    assert not [name for _, name in SITE[code].countries if name.casefold().startswith(articles)]
    assert all(name[0].isupper() or name == "eSuaitíní" for _, name in SITE[code].countries)
