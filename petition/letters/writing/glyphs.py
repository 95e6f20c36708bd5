"""Which characters our fonts can print, so that a name in any script does not fail and does not break a file.

A character that the fonts lack is printed as □, and the annex says so.
"""

import unicodedata
from functools import cache

from petition.core import resources
from petition.letters.writing.fonts import read_widths

FONTS = resources.folder("data") / "fonts"
SUBSTITUTE = "□"
# Every font list of the templates begins with Source Sans 3 or Source Serif 4, which has fewer characters. Typst takes
# what these lack from the others. Arabic is not here: its letters have other forms and widths within a word.
NAME_FONTS = [
    FONTS / name
    for name in (
        "SourceSans3-Regular.otf",
        "NotoSansGeorgian-Regular.ttf",
        "NotoSansArmenian-Regular.ttf",
        "NotoSansHebrew-Regular.ttf",
    )
]
_PRINTED_SPACES = "\u00a0\u202f\u200b"  # two spaces inside numbers and dates; the place where a long name may break
_INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cs")  # controls; bidirectional overrides, zero-width joiners; single surrogates
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # they choose a variant of the character before them; not printed


def printable(text: str) -> str:
    """The text as the fonts can print it: in NFC, on one line, with □ for missing characters."""
    composed = unicodedata.normalize("NFC", text)
    if _unchanged_characters().issuperset(composed):
        return composed
    return "".join(_printable_character(c) for c in composed)


def can_print(name: str) -> bool:
    """False if a letter of the name would be printed as □."""
    return SUBSTITUTE not in printable(name)


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if character in _PRINTED_SPACES:
        return character
    if character in "\t\n\r" or category[0] == "Z":
        return " "
    if category in _INVISIBLE_CATEGORIES or ord(character) in _VARIATION_SELECTORS:
        return ""
    return character if character in _covered_characters() else SUBSTITUTE


@cache
def _covered_characters() -> frozenset[str]:
    return frozenset(character for font in NAME_FONTS for character in read_widths(font))


@cache
def _unchanged_characters() -> frozenset[str]:
    return frozenset(c for c in _covered_characters() if _printable_character(c) == c)
