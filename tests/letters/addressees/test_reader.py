"""The book of governments and institutions: what our file holds, and what the reader refuses."""

import re
import tomllib
from pathlib import Path

import pytest

from petition.core.errors import DataError, LetterError
from petition.core.languages import LOCALE_FOLDER
from petition.letters.addressees.address_book import Channels
from petition.letters.addressees.reader import AddressBook, load_address_book

SHIPPED = Path(__file__).parents[3] / "petition" / "data" / "governments.toml"
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
INSTITUTIONS = (
    "commission high-representative council foreign-affairs-council parliament members petitions transport railways"
)


@pytest.fixture(scope="module")
def book() -> AddressBook:
    return load_address_book(SHIPPED)


def test_the_shipped_book_has_27_states_and_nine_institutions(book: AddressBook) -> None:
    assert " ".join(sorted({a.country for a in book.addressees if a.country})) == EU
    assert [a.key for a in book.addressees if not a.country] == [f"eu-{name}" for name in INSTITUTIONS.split()]
    assert len(book.addressees) == 42


def test_a_state_with_several_languages_has_a_letter_for_each(book: AddressBook) -> None:
    several = " ".join(a.key for a in book.addressees if a.country and "-" in a.key)
    assert several == "BE-nl BE-fr BE-de FI-fi FI-sv IE-en IE-ga LU-fr LU-de MT-mt MT-en"
    assert (book.find("BE-de").language, book.find("BE-de").locale) == ("de", "de_BE")


def test_every_key_is_found_and_a_country_alone_is_its_first_language(book: AddressBook) -> None:
    for addressee in book.addressees:
        assert book.find(addressee.key) is addressee
    assert book.find("BE").key == "BE-nl"
    assert book.find("PL-pl").key == "PL"
    assert book.find("LU-de").locale == "de_LU"


@pytest.mark.parametrize("key", ["", "XX", "pl", "BE-pl", "PL-", "eu", "eu-nobody", "../PL"])
def test_an_unknown_key_is_one_plain_sentence(book: AddressBook, key: str) -> None:
    with pytest.raises(LetterError) as error:
        book.find(key)
    _is_a_sentence(str(error.value))


def test_the_role_says_what_may_be_asked(book: AddressBook) -> None:
    assert {a.country for a in book.addressees if a.role == "border"} == {"LT", "LV", "PL"}
    assert {a.country for a in book.addressees if a.role == "no-rail"} == {"CY", "MT"}
    assert all(a.role == a.key for a in book.addressees if not a.country)


def test_a_missing_address_stays_missing(book: AddressBook) -> None:
    missing = {a.key for a in book.addressees if a.address_missing}
    assert missing == {"CY", "HU"}
    assert all(book.find(key).confidence == "low" for key in missing)


def test_the_office_is_left_out_where_the_lines_name_it(book: AddressBook) -> None:
    offices = {a.key: a.office for a in book.addressees if a.office}
    assert offices == {
        "BE-nl": "Kanselarij van de Eerste Minister",
        "BE-fr": "Chancellerie du Premier ministre",
        "BE-de": "Kanzlei des Premierministers",
        "IE-ga": "Roinn an Taoisigh",
        "LU-de": "Staatsministerium",
        "MT-mt": "Uffiċċju tal-Prim Ministru",
        "CY": "Προεδρία της Κυπριακής Δημοκρατίας",
        "GR": "Προεδρία της Κυβέρνησης",
    }


def test_the_office_of_another_language_is_left_out(book: AddressBook) -> None:
    assert book.find("FI-fi").lines == ("Valtioneuvoston kanslia", "PL 23", "00023 Valtioneuvosto", "Suomi")
    assert book.find("FI-sv").lines == ("Statsrådets kansli", "PB 23", "00023 Statsrådet", "Finland")
    assert book.find("MT-mt").lines == ("Auberge de Castille", "Valletta VLT 1061", "Malta")
    assert book.find("LT").lines[0] == "Lietuvos Respublikos Vyriausybės kanceliarija"


def test_an_institution_has_a_name_for_pages_of_other_languages(book: AddressBook) -> None:
    for addressee in book.addressees:
        assert set(addressee.names) == (
            set() if addressee.country else {f.name for f in LOCALE_FOLDER.iterdir() if f.is_dir()}
        ), addressee.key
    council = book.find("eu-council")
    assert council.name("ru") == "Председатель Европейского совета"
    assert council.name("be") == "Старшыня Еўрапейскага савета"
    assert council.name("de") == "Präsident des Europäischen Rates"
    assert council.name("en") == council.name("eo") == "President of the European Council"


def test_the_countries_are_those_with_a_government_to_write_to(book: AddressBook) -> None:
    assert " ".join(sorted(book.countries)) == EU


def test_an_address_of_low_confidence_is_not_printed_before_a_check(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8")
    lines = 'lines = ["Kancelaria Prezesa Rady Ministrów"'
    start = text.index(lines)
    doubtful = text[:start] + text[start:].replace('confidence = "high"', 'confidence = "low"', 1)
    assert _load(tmp_path, doubtful).find("PL").address_missing


def test_the_crossings_are_those_of_the_sources_with_their_dates(book: AddressBook) -> None:
    seen = {c.name: (c.status, c.source.date) for a in book.addressees for c in a.crossings}
    assert seen["Stasylos – Benyakoni"] == ("closed", "2023-02-16")
    assert seen["Kena – Gudagai"] == ("open", "2023-02")
    assert seen["Indra – Bigosovo"] == ("open", "2017")
    assert len([c for c in book.find("PL").crossings if c.status == "open"]) == 3
    assert not any("Bruzgi" in name for name in seen), "that one is the road crossing"


def test_the_age_of_an_address_is_the_earliest_date_of_its_source(book: AddressBook) -> None:
    dates = {a.key: a.source_date for a in book.addressees}
    assert (dates["LV"], dates["LU-fr"], dates["PL"], dates["DK"]) == ("2014", "2018", "2024", "")


def test_the_border_states_alone_have_their_interior_minister_in_copy(book: AddressBook) -> None:
    copies = {a.key: m.address for a in book.addressees for m in a.copies if m.kind == "interior"}
    assert {key: address is not None for key, address in copies.items()} == {"LT": True, "LV": False, "PL": True}


@pytest.mark.parametrize("name", ["Külgazdasági", "Építési és Közlekedési"])
def test_no_ministry_of_a_former_hungarian_government_is_in_the_book(name: str, book: AddressBook) -> None:
    assert not any(name in (m.name("hu") or "") for m in book.find("HU").copies)


def test_a_doubtful_ministry_has_no_name_to_print(book: AddressBook) -> None:
    transport = next(m for m in book.find("FR").copies if m.kind == "transport")
    foreign = next(m for m in book.find("FR").copies if m.kind == "foreign")
    assert (transport.confidence, transport.name("fr"), transport.name("en")) == ("low", None, None)
    assert foreign.name("fr") == "Ministère de l'Europe et des Affaires étrangères"
    assert foreign.name("pl") is None


def test_every_entry_of_the_book_keeps_its_source_and_confidence() -> None:
    data = tomllib.loads(SHIPPED.read_text("utf-8"))
    for state in data["state"]:
        for office in ("head_of_government", "foreign_ministry", "transport_ministry"):
            assert state[office]["source"], state["code"]
            assert state[office]["address"]["source"], state["code"]
            assert state[office]["address"].get("confidence") or state[office]["address"]["status"] == "missing"
    assert all(i["source"] and i["confidence"] for i in data["institution"])


def test_where_a_title_or_salutation_has_two_forms_each_stands_there_alone(book: AddressBook) -> None:
    tables = tomllib.loads(SHIPPED.read_text("utf-8"))["state"]
    dual = {language["tag"] for state in tables for language in state["language"] if language["title_form"] == "dual"}
    with_forms = {a.locale.replace("_", "-"): a for a in book.addressees if a.forms}
    assert dual <= with_forms.keys()
    neutral = " ".join(sorted(with_forms.keys() - dual))
    assert neutral == "bg-BG el-CY el-GR hu-HU pl-PL ro-RO", "their salutations alone differ"
    for addressee in with_forms.values():
        (she, dear_madam), (he, dear_sir) = addressee.forms["she"], addressee.forms["he"]
        assert dear_madam != dear_sir
        both = addressee.salutation.lower()
        assert all(part.lower().rstrip(",:") in both for part in (dear_madam, dear_sir)), addressee.key
        assert addressee.addressed_as("she").title == she
        assert addressee.addressed_as("he").salutation == dear_sir
        assert addressee.addressed_as("") == addressee
        assert "/" not in she + he


CHANNELS = """
[state.channels]
email = "kanzler@example.org"
form = "https://example.org/form"
form_limit = 2000
source = "https://example.org/contact"
checked = "2026-11"
"""
AFTER_AUSTRIA = "\n[state.head_of_government]\n"


def test_other_ways_than_the_post_are_read_with_their_source(book: AddressBook, tmp_path: Path) -> None:
    filled = {a.key: a.channels for a in book.addressees if a.channels != Channels()}
    assert set(filled) == {"CZ", "LT", "PL"}
    assert all(ways.source and ways.email for ways in filled.values()), "none without a source"
    austria = _load(tmp_path, _with_channels(CHANNELS)).find("AT").channels
    assert (austria.email, austria.form, austria.form_limit) == (
        "kanzler@example.org",
        "https://example.org/form",
        2000,
    )
    assert (austria.source, austria.checked) == ("https://example.org/contact", "2026-11")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kanzler@example.org", "kanzler", "email is not an email address"),
        ("https://example.org/form", "example.org", "form is not a web address"),
        ("form_limit = 2000", "form_limit = 0", "form_limit is not a number of characters"),
        ('form = "https://example.org/form"', "", "form_limit is the limit of a form, and there is none"),
        ('source = "https://example.org/contact"', "", "channels lacks source, a text"),
        ('checked = "2026-11"', 'checked = "soon"', "checked is not a month"),
    ],
)
def test_a_way_that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CHANNELS
    with pytest.raises(DataError) as error:
        _load(tmp_path, _with_channels(CHANNELS.replace(old, new)))
    assert f"state AT, channels: {said}" in str(error.value) or f"state AT, {said}" in str(error.value)


def _with_channels(channels: str) -> str:
    """The shipped book with other channels for Austria."""
    return SHIPPED.read_text("utf-8").replace(AFTER_AUSTRIA, channels + AFTER_AUSTRIA, 1)


BROKEN = {
    "not TOML": ("[meta]", "[meta", "is not TOML"),
    "a state lost": ("states = 27", "states = 28", "28 states and 27 are there"),
    "an institution lost": ("institutions = 9", "institutions = 10", "10 institutions and 9 are there"),
    "no meta": ("[meta]", "[other]", "lacks meta, a table"),
    "a code in small letters": ('code = "AT"', 'code = "at"', "state at: code is not a country code"),
    "a key twice": ('code = "BG"', 'code = "AT"', "AT stands there twice"),
    "an unknown confidence": ('names_confidence = "high"', 'names_confidence = "sure"', "is not one of high"),
    "no month of a check": ('checked = "2026-11"\n\n[[', 'checked = "2026-13"\n\n[[', "checked is not a month"),
    "an empty source": ('source = "http://archiv.bka.gv.at/site/3573/Default.aspx"', 'source = ""', "source is empty"),
    "an unknown language": ('["bg-BG"]', '["xx-XX"]', "BG: a [[state.language]] is needed"),
    "no language": ('["bg-BG"]', "[]", "BG: letter_languages is not a list of one text"),
    "a language without territory": ('"bg-BG"', '"bg"', "the language bg lacks a territory"),
    "an impossible language": ('"bg-BG"', '"qq-BG"', "the language qq-BG is unknown"),
    "no salutation": ('salutation = "Kære statsminister,"', "", "state DK, language da-DK lacks salutation, a text"),
    "an empty title": ('title = "Danmarks statsminister"', 'title = " "', "language da-DK: title is empty"),
    "a title that is a number": ('title = "Danmarks statsminister"', "title = 7", "title is not a text"),
    "an address both found and missing": ('status = "missing"', 'status = "found"', "either found, with lines, or"),
    "an age without a year": ('source_date = "2022"', 'source_date = "long ago"', "source_date is not a text with"),
    "an unknown state of a crossing": ('status = "closed"', 'status = "shut"', "status is not one of open, closed"),
    "a crossing without date": ('seen = "2023-02-16"', 'seen = "lately"', "seen is not a year, a month or a day"),
    "a crossing without border": ("border = true", "border = false", "exactly if it has railways and the border"),
    "rail that is no yes or no": ("rail = true", 'rail = "yes"', "rail is not true or false"),
    "a source that is no web address": ('url = "https://eur-lex', 'url = "eur-lex', "-2024: url is not a web address"),
    "a source twice": ('id = "poland-order-2025-09"', 'id = "council-procedure-2024"', "stands there twice"),
    "one form of address": ('\nhe = { title = "Bundes', '\nher = { title = "Bundes', "for she alone"),
    "an institution with an empty name": ('ru = "Председатель Европейской комиссии"', 'ru = ""', "names: ru is empty"),
    "an institution without office": ('office = "President of the European Commission"', "", "commission lacks office"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_book_is_refused_in_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = SHIPPED.read_text("utf-8")
    assert old in text
    with pytest.raises(DataError) as error:
        _load(tmp_path, text.replace(old, new))
    assert said in str(error.value)
    _is_a_sentence(str(error.value))


def test_a_book_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^none\.toml cannot be read: No such file or directory\.$"):
        load_address_book(tmp_path / "none.toml")


def _load(folder: Path, text: str) -> AddressBook:
    file = folder / "governments.toml"
    file.write_text(text, "utf-8")
    return load_address_book(file)


def _is_a_sentence(text: str) -> None:
    assert re.fullmatch(r"[^\n]+\.", text)
    assert "Error" not in text
    assert "Traceback" not in text
