"""Which characters our fonts can print, so that a name in any script does not fail and does not break a file.

A character that the fonts lack is printed as □, and the annex says so.
"""

import struct
import unicodedata
from functools import cache

from petition.core import resources

FONTS = resources.folder("data") / "fonts"
SUBSTITUTE = "□"
# Every font list of the templates has Source Sans 3, which has more characters than Source Serif 4.
_WIDEST_FONT = FONTS / "SourceSans3-Regular.otf"
_PRINTED_SPACES = "\u00a0\u202f\u200b"  # two spaces inside numbers and dates; the place where a long name may break
_INVISIBLE_CATEGORIES = ("Cc", "Cf", "Cs")  # controls; bidirectional overrides, zero-width joiners; single surrogates
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # they choose a variant of the character before them; not printed


def printable(text: str) -> str:
    """The text as the fonts can print it: in NFC, on one line, with □ for missing characters."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_printable_character(c) for c in composed)


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if character in _PRINTED_SPACES:
        return character
    if character in "\t\n\r" or category[0] == "Z":
        return " "
    if category in _INVISIBLE_CATEGORIES or ord(character) in _VARIATION_SELECTORS:
        return ""
    return character if ord(character) in _covered_code_points() else SUBSTITUTE


@cache
def _covered_code_points() -> frozenset[int]:
    """The code points of the widest font, from its format 12 character map (OpenType, table `cmap`)."""
    font = _WIDEST_FONT.read_bytes()
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {tag: offset for tag, _, offset, _ in struct.iter_unpack(">4sLLL", font[12 : 12 + 16 * count])}
    start = _unicode_map_offset(font, tables[b"cmap"])
    (groups,) = struct.unpack_from(">L", font, start + 12)
    ranges = struct.iter_unpack(">LLL", font[start + 16 : start + 16 + 12 * groups])
    return frozenset(code for first, last, _ in ranges for code in range(first, last + 1))


def _unicode_map_offset(font: bytes, cmap: int) -> int:
    """Where the map for Windows and all of Unicode (platform 3, encoding 10) begins."""
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    records = struct.iter_unpack(">HHL", font[cmap + 4 : cmap + 4 + 8 * count])
    return cmap + next(int(offset) for platform, encoding, offset in records if (platform, encoding) == (3, 10))
