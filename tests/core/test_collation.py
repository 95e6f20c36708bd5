"""One alphabetical order for countries and names: that of ICU, in every language of the site and of the letters."""

import json
import random
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core import collation
from petition.core.languages import LOCALE_FOLDER, Language
from petition.letters.writing.annex import compose_annex
from tests.letters.samples import BOOK, LANGUAGES, MOMENT, TEXTS, appeal

SITE = [
    Language(code, {}) for code in ["en", *sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir())]
]
CODES = [language.code for language in SITE]

NAMES = tomllib.loads((Path(__file__).parent / "names.toml").read_text("utf-8"))
Sorter = Callable[[dict[str, list[str]]], dict[str, list[str]]]
# One process for all tests. A line is an object of lists by language; the answer is the same object, sorted (stable).
ICU = """
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const given = JSON.parse(line);
  for (const code in given) given[code].sort(new Intl.Collator(code).compare);
  console.log(JSON.stringify(given));
});
"""


@pytest.fixture(scope="module")
def icu() -> Iterator[Sorter]:
    """Sorts lists of names by language, as ICU does with the rules of the CLDR; equal names by code point."""

    def in_order(names: dict[str, list[str]]) -> dict[str, list[str]]:
        assert node.stdin
        assert node.stdout
        node.stdin.write(json.dumps({code: sorted(some) for code, some in names.items()}) + "\n")
        node.stdin.flush()
        found: dict[str, list[str]] = json.loads(node.stdout.readline())
        return found

    with subprocess.Popen(["node", "-e", ICU], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        yield in_order


def _names(code: str) -> list[str]:
    return f"{NAMES['anywhere']}|{NAMES['own'][code]}".replace("\n", "").split("|")


def _sorted(names: dict[str, list[str]]) -> dict[str, list[str]]:
    return {code: sorted(some, key=collation.sort_key(code)) for code, some in names.items()}


@pytest.mark.parametrize(
    ("key", "ordered"),
    [
        ("CZ", ["Cukrář", "Hus", "Chalupa"]),
        ("SK", ["Cibuľa", "Hudák", "Chalupa"]),
        ("HU", ["Cukor", "Czakó", "Csaba"]),
        ("HR", ["Lozo", "Lukić", "Ljubić"]),
        ("DK", ["Andersen", "Zoffmann", "Aagaard"]),
        ("LV", ["Avots", "Ābols", "Cielava", "Čakste"]),
        ("LT", ["Ieva", "Ypatas", "Iz", "Jonas"]),
        ("PL", ["Cabaj", "Czyż", "Ćma", "Lis", "Łoś", "Zając", "Źrebiec", "Żak"]),
        ("BG", ["Юлия", "Anna", "Άννα"]),
        ("CY", ["Ωμέγα", "Anna", "Юлия"]),
        ("SE", ["Öman", "Ωμέγα", "Їжак", "Уладзімір", "Ўладзімір", "Юлія", "გია", "Արամ", "אבי", "علي", "王"]),
    ],
)
def test_an_annex_stands_in_the_order_of_its_country(key: str, ordered: list[str]) -> None:
    assert list(compose_annex(appeal(), [TEXTS], BOOK.find(key), sorted(ordered), MOMENT).names) == ordered


def test_annexes_stand_in_the_order_of_icu_in_all_languages_of_letters(icu: Sorter) -> None:
    addressees = {addressee.language: addressee for addressee in BOOK.addressees}
    assert sorted(addressees) == LANGUAGES
    assert len(LANGUAGES) == 24
    drawn = {code: compose_annex(appeal(), [TEXTS], a, _names(code), MOMENT) for code, a in addressees.items()}
    assert {annex.language for annex in drawn.values()} == set(LANGUAGES)
    assert {code: list(annex.names) for code, annex in drawn.items()} == icu({code: _names(code) for code in LANGUAGES})


def test_names_stand_in_the_order_of_icu_in_all_languages_of_the_site(icu: Sorter) -> None:
    names = {code: _names(code) for code in CODES}
    assert min(map(len, names.values())) > 150
    assert _sorted(names) == icu(names)


def test_each_country_and_language_of_the_world_stands_in_the_order_of_icu(icu: Sorter) -> None:
    countries = {language.code: [name for _, name in language.countries] for language in SITE}
    assert countries == icu(countries)
    spoken = {language.code: list(map(str, language.locale.languages.values())) for language in SITE}
    assert min(map(len, spoken.values())) > 250
    assert _sorted(spoken) == icu(spoken)


def test_names_come_out_the_same_whatever_order_they_came_in() -> None:
    for code in CODES:
        first = sorted(_names(code), key=collation.sort_key(code))
        shuffled = random.Random(code).sample(first, len(first))
        assert sorted(shuffled, key=collation.sort_key(code)) == first
        assert first.count("Anna Novak") == 2


LETTERS = {
    "Latn": "abcdefghijklmnopqrstuvwxyzßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĸĺļľŀłńņňŋōŏőœŕŗřśŝ"
    "şšţťŧũūŭůűųŵŷźżžșțǥǆǉǌəʒạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",
    "Grek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰἀἁᾳῷ",
    "Cyrl": "абвгґдђѓеёєжзѕиійїјкќлљмнњопрстћуўфхцчџшщъыьэюяѐѝәғқңөұүһ",
    "Geor": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "Armn": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "Hebr": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
}
DIGRAPHS = re.findall(
    r"\S+", "aa ae ch cs dz dzs dž gy għ ij lj ll ly l·l nj ny oe ss sz th ty zs ccs ddz ddzs ggy lly nny ssz tty zzs"
)
BETWEEN = list(" -'’.,‐–()«»\"“”„/&·ʼ017")


def _capitals(text: str) -> st.SearchStrategy[str]:
    """A text in small letters, capitals and mixed; without ŉ and ǰ, whose capitals are more than one letter."""
    return st.sampled_from(sorted({text, text.capitalize(), text.upper(), text.swapcase(), text[0] + text[1:].upper()}))


ANY_LETTER = st.one_of(*(st.sampled_from(letters) for letters in LETTERS.values()), st.sampled_from(DIGRAPHS))
ALIKE = st.lists(ANY_LETTER.flatmap(_capitals) | st.sampled_from(BETWEEN), min_size=1, max_size=5)
# Many names from a few pieces: only names that are nearly the same compare accents, capitals and signs.
MANY = ALIKE.flatmap(lambda few: st.lists(st.lists(st.sampled_from(few), max_size=6).map("".join), max_size=12))
ANY_NAMES = st.lists(MANY, min_size=1, max_size=8).map(
    lambda lists: [normalize("NFC", n) for names in lists for n in names]
)


@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(names=ANY_NAMES)
def test_whatever_the_name_it_stands_where_icu_puts_it(icu: Sorter, names: list[str]) -> None:
    given_names = dict.fromkeys(CODES, names)
    assert _sorted(given_names) == icu(given_names)


@given(st.text(), st.sampled_from(CODES))
def test_any_text_has_a_place(text: str, code: str) -> None:
    key = collation.sort_key(code)
    assert sorted([text, "Anna"], key=key) == sorted(["Anna", text], key=key)
