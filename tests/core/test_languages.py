"""The language that a visitor gets, the list of countries, and catalogues that say what English says."""

import re
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path

import jinja2
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core import languages
from petition.core.countries import UNINHABITED
from petition.core.languages import LOCALE_FOLDER, Language, Languages
from tests import HAS_LOG, ROOT

SITE = Languages(["en", "be", "ru"], {})
TRANSLATED = sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())
WHOLE = Languages(["en", *TRANSLATED], {})
CATALOGUES = sorted(file.relative_to(LOCALE_FOLDER).as_posix() for file in LOCALE_FOLDER.rglob("*.po"))
NUMBERS = (*range(130), 1000, 1001, 1234, 1_000_000, 2_000_000)
WEIGHT = st.sampled_from(["", "0", "0.5", "1", "1.0001", "-1", "nan", "inf", "1e-9", "1e999", "x", "0,5", "=", ";q=1"])
TAG = st.sampled_from(["ru", "be", "en", "de", "RU-ru", "be-tarask", "*", "", "-", "ru_RU", "\0", "рус"])
PART = st.builds("{}{}{}".format, TAG, st.sampled_from([";q=", "; q = ", ";Q=", ";level=1;q=", ";"]), WEIGHT)
# ISO 3166-1 alpha-2 as in the Debian package iso-codes.
ISO = set(
    re.findall(
        "[A-Z]{2}",
        """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """,
    )
)


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        ("", "en"),
        ("ru", "ru"),
        ("RU-ru", "ru"),
        ("be-tarask;q=0.9, ru;q=0.8", "be"),
        ("ru;q=0.3,be;q=0.7", "be"),
        ("ru;q=0.5, be;q=0.5", "ru"),
        ("de, fr;q=0.9, ru;q=0.1", "ru"),
        ("*", "en"),
        ("de-DE,de", "en"),
        ("zh-Hant-x-y", "en"),
        ("zh-Hant-x-y, be;q=0.1", "be"),
        ("ru ; q = 0.1 , be ; q = 0.2", "be"),
    ],
)
def test_the_best_language_is_chosen(accept: str, code: str) -> None:
    assert SITE.choose(accept).code == code


@pytest.mark.parametrize("weight", ["0", "0.000", "-1", "1.5", "nan", "inf", "-inf", "1e999", "x", "0.5.5", "½", "=1"])
def test_a_language_with_a_broken_weight_is_not_wanted(weight: str) -> None:
    assert SITE.choose(f"ru;q={weight}, be;q=0.1").code == "be"


@examples(max_examples=200, deadline=None)
@given(st.permutations(["en", "be", "ru"]), st.lists(st.integers(1, 1000), min_size=3, max_size=3, unique=True))
def test_the_heaviest_wins_wherever_it_stands(codes: list[str], weights: list[int]) -> None:
    pairs = list(zip(codes, weights, strict=True))
    accept = ", ".join(f"{code};q={weight / 1000}" for code, weight in pairs)
    assert SITE.choose(accept).code == max(pairs, key=lambda pair: pair[1])[0]


@examples(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.lists(PART, max_size=20).map(",".join))
def test_whatever_a_browser_sends_it_gets_a_language_of_the_site(accept: str) -> None:
    assert SITE.choose(accept) in list(SITE)


@pytest.mark.parametrize("piece", ["x", ",", ";q=", "ru;q=0.0001,", "-", "9", ";q=9" * 4 + ","])
def test_eight_kilobytes_of_it_are_read_no_further_than_a_browser_writes(piece: str) -> None:
    junk = piece * (8192 // len(piece))
    assert SITE.choose(f"{junk},be").code != "be"
    assert SITE.choose(f"be,{junk}").code == "be"


def test_what_a_catalogue_lacks_is_said_in_english() -> None:
    shown = SITE["be"].jinja.from_string('{{ _("In no catalogue") }}, {{ ngettext("one", "%(num)d of them", 3) }}')
    assert shown.render() == "In no catalogue, 3 of them"


def test_a_site_without_english_falls_back_to_its_first_language() -> None:
    assert Languages(["be", "ru"], {}).choose("de").code == "be"


@pytest.mark.parametrize("language", WHOLE, ids=lambda language: str(language.code))
def test_every_country_with_people_can_be_chosen_once(language: Language) -> None:
    codes = [code for code, _ in language.countries]
    assert len(ISO) == 249
    assert sorted(codes) == sorted((ISO | {"XK"}) - UNINHABITED)
    assert "BY" in codes
    assert all(language.has_country(code) for code in ISO | {"XK"}), "a page in a cache may be older"
    assert not any(map(language.has_country, ("ZZ", "EU", "001", "", "pl", "XX")))


@pytest.mark.parametrize("language", WHOLE, ids=lambda language: str(language.code))
def test_every_country_has_a_name_of_its_own(language: Language) -> None:
    names = [name for _, name in language.countries]
    assert len(set(names)) == len(names)
    assert not [code for code, name in language.countries if code == name]


def test_a_country_stands_where_a_reader_looks_for_it_whatever_its_accents() -> None:
    names = [name for _, name in SITE["en"].countries]
    for before, behind in (("Afghanistan", "Åland Islands"), ("Åland Islands", "Albania"), ("Curaçao", "Cyprus")):
        assert names.index(before) < names.index(behind)
    assert names[-1] == "Zimbabwe"


def test_countries_of_one_count_stand_in_alphabetical_order() -> None:
    counts = {"AT": 10, "DE": 10, "DK": 10, "EE": 20, "ES": 10}
    assert [code for code, _ in WHOLE["en"].rank_countries(counts)] == ["EE", "AT", "DK", "DE", "ES"]
    assert [code for code, _ in WHOLE["fi"].rank_countries(counts)] == ["EE", "ES", "AT", "DE", "DK"]
    assert [code for code, _ in WHOLE["sv"].rank_countries(counts)] == ["EE", "DK", "ES", "DE", "AT"]


def test_numbers_and_days_are_written_as_readers_write_them() -> None:
    day = date(2026, 12, 24)
    assert [SITE[code].format_number(1234567) for code in ("en", "ru")] == ["1,234,567", "1\xa0234\xa0567"]
    assert SITE["en"].format_date(day) == "24 December 2026"
    assert SITE["ru"].format_date(day).startswith("24 декабря 2026")
    assert SITE["be"].format_date(day).startswith("24 снежня 2026")


def test_the_desk_speaks_english_and_the_languages_that_have_its_words() -> None:
    assert list(WHOLE.of_desk) == ["en", "be", "lt", "pl", "ru"]
    assert list(Languages(["de", "pl"], {}).of_desk) == ["en", "pl"], "the site is in German, the desk is not"
    for accept, code in {"de, pl;q=0.5": "pl", "de": "en", "ru": "ru", "": "en"}.items():
        assert WHOLE.choose_for_desk(accept).code == code
    assert WHOLE["pl"].translate("Editions") == "Wydania"
    assert WHOLE["de"].translate("Editions") == "Editions"
    assert WHOLE["pl"].translate("%(n)s of them", n=3) == "3 of them"


@pytest.mark.parametrize(
    ("domain", "settings"), [("messages", "pyproject.toml"), ("desk", "petition/locale/desk.toml")]
)
def test_the_template_has_all_words_of_code_and_templates(domain: str, settings: str, tmp_path: Path) -> None:
    file = tmp_path / f"{domain}.pot"
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-k", "N_", "-F", settings, "-o", file, "."],
        cwd=ROOT,
        check=True,
    )
    with file.open("rb") as content:
        found = {message.id for message in read_po(content) if message.id}
    in_template = _messages(f"{domain}.pot").keys()
    assert found == (in_template if HAS_LOG else found & in_template)


def test_every_catalogue_is_offered() -> None:
    assert languages.offered_languages(["xx", *reversed(TRANSLATED), "en"]) == ["en", *TRANSLATED]
    assert languages.offered_languages(["xx", "ru"]) == ["ru"]
    assert languages.offered_languages(["de"]) == ["de"], "a campaign of another country has its own language at least"
    assert [language.name for language in SITE] == ["English", "Беларуская", "Русский"]


@cache
def _read(name: str) -> Catalog:
    with (LOCALE_FOLDER / name).open("rb") as file:
        return read_po(file)


def _messages(name: str) -> dict[object, Message]:
    return {message.id: message for message in _read(name) if message.id}


def _translated(code: str) -> dict[object, Message]:
    return _messages(f"{code}/LC_MESSAGES/messages.po")


def _forms(text: object) -> list[str]:
    """The forms of a message: one, or one for each plural."""
    return [str(form) for form in text] if isinstance(text, tuple | list) else [str(text)]


def _placeholders(text: str) -> list[str]:
    return sorted(set(re.findall(r"%\(\w+\)\w|%%|\{\w*\}", text)))


def _tags(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]*>", text))


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_has_every_message_and_no_other(name: str) -> None:
    translated = _messages(name)
    assert translated.keys() == _messages(f"{name.rpartition('/')[2]}t").keys()
    assert [m.id for m in translated.values() if m.fuzzy or not all(f.strip() for f in _forms(m.string))] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_translation_has_the_placeholders_of_its_message(name: str) -> None:
    code = name.partition("/")[0]
    alone = [n for n in NUMBERS if languages._load_catalogue(code).plural(n) == 0] in ([1], [0, 1])  # type: ignore[attr-defined]  # gettext sets it
    for message in _messages(name).values():
        for n, form in enumerate(_forms(message.string)):
            wanted = _placeholders(_forms(message.id)[-1])
            unsaid: list[list[str]] = (
                [[]] if n == 0 and alone and isinstance(message.id, tuple) else []
            )  # "one thing", as in English
            assert _placeholders(form) in [wanted, *unsaid], message.id


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_translation_adds_no_markup(name: str) -> None:
    for message in _messages(name).values():
        for form in _forms(message.string):
            assert _tags(form) == _tags(_forms(message.id)[-1]), message.id
            assert "&" not in form or "&" in _forms(message.id)[-1], message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_plurals_follow_the_language(code: str) -> None:
    """Each number gets the form of its CLDR category, and no other category has that form."""
    form, category = languages._load_catalogue(code).plural, WHOLE[code].locale.plural_form  # type: ignore[attr-defined]  # gettext sets it
    found = {(form(n), category(n)) for n in NUMBERS}
    assert len(found) == len({of for _, of in found})
    assert len(found) == len({form_ for form_, _ in found})


@pytest.mark.parametrize("n", [1, 2, 5, 21, 100, 1234])
@pytest.mark.parametrize("code", TRANSLATED)
def test_a_number_is_told_in_its_form(code: str, n: int) -> None:
    template = WHOLE[code].jinja.from_string("{{ ngettext(one, more, n, number=number, days=days) }}")
    plurals = [message for message in _translated(code).values() if isinstance(message.id, tuple)]
    assert plurals
    for message in plurals:
        one, more = _forms(message.id)
        forms = _forms(message.string)
        index = languages._load_catalogue(code).plural(n)  # type: ignore[attr-defined]  # gettext sets it  # Null has no such attribute
        values = {"num": n, "number": n, "days": n}
        assert template.render(one=one, more=more, n=n, **values) == forms[index] % values


def test_what_is_compiled_once_serves_every_language_until_it_changes() -> None:
    said = {"en": "1,234 Poland 1 May 2026 Privacy", "ru": "1 234 Польша 1 мая 2026 г. Личные данные"}
    source = '{{ 1234|number }} {{ "PL"|country }} {{ day|date }} {{ _("Privacy") }}'
    for code, sentence in said.items():
        env = Language(code, {}).jinja
        for tail in ("", "!"):
            env.loader, env.cache = jinja2.DictLoader({"once.txt": source + tail}), None
            found = env.get_template("once.txt").render(day=date(2026, 5, 1))
            assert " ".join(found.split()) == sentence + tail
