"""Alphabetical order as readers of a language expect it: that of the Unicode CLDR, root and tailorings.

Babel has no collation, and ICU is a library of the system; the names of countries need little of it. The tests compare
the order with ICU's own, in every language of the site.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

# What follows a letter as a letter of its own; "=" joins what counts as the same. Other accents count for nothing.
_AFTER = {
    "be": "е ё",
    "cs": "c č, h ch, r ř, s š, z ž",
    "da": "z æ=ä ø=ö å=aa",
    "es": "n ñ",
    "et": "s š z ž, w õ ä ö ü",
    "fi": "z å ä=æ ö=ø",
    "hr": "c č ć, d dž đ, l lj, n nj, s š, z ž",
    "hu": "c cs, d dz dzs, g gy, l ly, n ny, o ö=ő, s sz, t ty, u ü=ű, z zs",
    "lt": "c č, i=y, s š, z ž",
    "lv": "a ā, c č, e ē, g ģ, i y ī, k ķ, l ļ, n ņ, o ō, r ŗ, s š, u ū, z ž",
    "mt": "b ċ, f ġ, g għ, h ħ, y ż",
    "pl": "a ą, c ć, e ę, l ł, n ń, o ó, s ś, z ź ż",
    "ro": "a ă â, i î, s ș, t ț",
    "sk": "a ä, c č, h ch, o ô, r ŕ, s š, z ž",
    "sl": "c č ć, d đ, s š, z ž",
    "sv": "z å ä=æ ö=ø",
}
_CYRILLIC = "абвгґдеєжзиіїйклмнопрстуўфхцчшщъыьэюя"  # ё counts as е
_PLAIN = {"ł": "l", "đ": "d", "ø": "o"}  # Unicode takes these for letters without an accent
_MARKS = str.maketrans({"’": "'", "‘": "'", "-": "!", "ʼ": "\uffff"})  # hyphens before brackets; U+02BC is a letter
Weight = tuple[int, int]


@cache
def order(language: str) -> Callable[[str], tuple[object, ...]]:
    """The key to sort by in that language."""
    own = _own(_AFTER.get(language, ""))
    letter = re.compile("|".join([*sorted(own, key=len, reverse=True), "."]), re.DOTALL)

    def key(text: str) -> tuple[object, ...]:
        folded = unicodedata.normalize("NFC", text.casefold().translate(_MARKS))
        spelt = folded if "æ" in own else folded.replace("æ", "ae")
        weights = [own.get(found) or _root(found) for found in letter.findall(spelt)]
        return weights, text.swapcase()  # of two that differ in nothing else the small letter comes first

    return key


def _own(after: str) -> dict[str, Weight]:
    """The letters that a language counts its own way."""
    found: dict[str, Weight] = {}
    for group in filter(None, after.split(", ")):
        script, place = _root(group[0])
        for n, alike in enumerate(group.split()):
            found |= dict.fromkeys(alike.split("="), (script, place + n))
    return found


def _root(letter: str) -> Weight:
    """As in most languages: without accents, Cyrillic letters in the order of all its alphabets together."""
    plain = letter if letter in _CYRILLIC else unicodedata.normalize("NFKD", _PLAIN.get(letter, letter))[0]
    return (ord("а"), 10 * _CYRILLIC.index(plain)) if plain in _CYRILLIC else (ord(plain), 0)
