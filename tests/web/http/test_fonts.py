"""The fonts of headings and large figures: how they are served, and that they have every letter that headings need."""

import re
from functools import cache

import brotli
import pytest
from babel.messages.pofile import read_po

from petition.core.languages import LOCALE_FOLDER, PAGES
from petition.letters.writing import fonts
from petition.web.http import assets
from petition.web.http.prerendered import BROTLI, GZIP, PLAIN
from tests import ROOT
from tests.conftest import Visitor
from tests.web.tools import LANGUAGES, in_each_language, on_sqlite

NAMES = ("cyrl", "grek", "latn")
CYRILLIC, GREEK = {"be", "bg", "ru", "uk"}, {"el"}
STYLE = (ROOT / "static" / "petition.css").read_text("utf-8")
TABLE_OF_CHARACTERS = 0  # in the list of known tables of WOFF2 (5.2)


def _script(lang: str) -> str:
    return "cyrl" if lang in CYRILLIC else "grek" if lang in GREEK else "latn"


@cache
def _characters(script: str) -> frozenset[str]:
    """Of WOFF2 (W3C, 4 and 5): a directory of lengths, then all tables in one Brotli stream."""
    content = (ROOT / "static" / "fonts" / f"{script}.woff2").read_bytes()
    count, packed = int.from_bytes(content[12:14]), int.from_bytes(content[20:24])
    at, start, found = 48, 0, range(0)
    for _ in range(count):
        tag, at = content[at] & 63, at + 1 + 4 * (content[at] & 63 == 63)
        length, at = _base_128(content, at)
        if tag == TABLE_OF_CHARACTERS:
            found = range(start, start + length)
        start += length
    tables = brotli.decompress(content[at : at + packed])
    assert len(tables) == start
    return frozenset(chr(code) for code, _ in fonts._characters(tables[found.start : found.stop], 0))


def _base_128(content: bytes, at: int) -> tuple[int, int]:
    """A length of seven bits a byte, and where the next thing is."""
    length = 0
    while True:
        length, more, at = length << 7 | content[at] & 127, content[at] & 128, at + 1
        if not more:
            return length, at


@on_sqlite
@pytest.mark.parametrize("name", NAMES)
async def test_a_font_is_served_once_and_for_good(name: str, visitor: Visitor) -> None:
    (address,) = re.findall(rf'url\("(fonts/{name}\.woff2\?v=\w+)"\)', STYLE)
    assert f"/static/{address}" == assets.asset_url(f"fonts/{name}.woff2"), "run make fonts"
    served = await visitor.get(f"/static/{address}")
    assert (served.status_code, served.headers["content-type"]) == (200, "font/woff2")
    assert "immutable" in served.headers["cache-control"]
    assert "font-src 'self'" in (await visitor.get("/en/")).headers["content-security-policy"]
    assert served.content[:4] == b"wOF2"


def test_an_internet_provider_does_not_see_which_font_was_loaded() -> None:
    found = [assets.load_assets()[f"fonts/{name}.woff2"] for name in NAMES]
    sizes = {len(font.bodies[coding]) for font in found for coding in (BROTLI, GZIP, PLAIN)}
    assert len(sizes) == 1
    assert max(sizes) < 22_000, "a page waits for none of it, but somebody pays for it"


def test_the_licence_goes_with_the_fonts_and_their_name_is_not_the_reserved_one() -> None:
    licence = (ROOT / "static" / "fonts" / "OFL.txt").read_text("utf-8")
    assert licence == (ROOT / "petition" / "data" / "fonts" / "SourceSerif4-OFL.md").read_text("utf-8")
    families = re.findall(r'@font-face \{ font-family: "(.*?)"', STYLE)
    assert len(families) == len(NAMES)
    assert not [family for family in families if "source" in family.lower()]


@on_sqlite
@in_each_language
async def test_headings_have_all_their_letters(lang: str, visitor: Visitor) -> None:
    """Titles and headings of the appeal, and every letter of the catalogue: any of its words may become a heading."""
    language, characters = visitor.site.languages[lang], _characters(_script(lang))
    text = visitor.site.appeal.get_text(language)
    headings = text.title + "".join(re.findall(r"<h2>(.*?)</h2>", text.body, re.DOTALL))
    headings += language.format_number(1_234_567)
    assert set(headings) - characters - {"\n"} == set()
    assert {c for c in _catalogue(lang) if c.isalpha()} - characters == set()


def _catalogue(lang: str) -> str:
    """All that the pages say."""
    file = LOCALE_FOLDER / lang / "LC_MESSAGES" / f"{PAGES}.po"
    with (file if file.exists() else LOCALE_FOLDER / f"{PAGES}.pot").open("rb") as po:
        messages = [message for message in read_po(po, locale=lang) if message.id]
    return "".join("".join((message.string if file.exists() else message.id) or "") for message in messages)


def test_each_language_has_the_font_of_its_script() -> None:
    (cyrillic,) = re.findall(r":root:is\((.*?)\) \{ --own: \"Ultimatum Cyrillic\"", STYLE)
    assert set(re.findall(r"lang=(\w+)", cyrillic)) == CYRILLIC
    assert ':root[lang=el] { --own: "Ultimatum Greek"' in STYLE
    assert set(LANGUAGES) > CYRILLIC | GREEK
