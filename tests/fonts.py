"""`make fonts`: the fonts of headings and large figures (static/fonts), made of Source Serif 4 Semibold.

There is one file for each script, with everything that headings in its languages need: a page asks for one file, and
what it says does not change that. All have one length, so that an internet provider does not see which was loaded.
The licence keeps the name of the original for the original (OFL, condition 3): these have a name of their own.
"""

import random
import re
import sys
from hashlib import sha256
from io import BytesIO
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont, woff2

from tests import ROOT

SOURCE = ROOT / "petition" / "data" / "fonts" / "SourceSerif4-Semibold.otf"
LICENCE = SOURCE.with_name("SourceSerif4-OFL.md")
FOLDER, STYLE = ROOT / "static" / "fonts", ROOT / "static" / "petition.css"
NAME = "Ultimatum Serif"
FEATURES = ["kern", "locl"]  # pairs of letters; Bulgarian forms. Figures have one width without a feature
COMMON = "0123456789 \u00a0\u202f!\"#%&'()*+,-./:;?@[]«»“”„‘’‚–—…·−×€№§"
ASCII = "".join(map(chr, range(0x20, 0x7F)))
LATIN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßāăąćċčďđēėęěģġħīįķĺļľłńņňőŕřśşšťūůűųźżžșț"
CYRILLIC = "абвгґдеёєжзиіїйклмнопрстуўфхцчшщъыьэюяѝ"
GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
# By script (ISO 15924): the names of the files, and so the requests for them, have one length too.
CHARACTERS = {
    "latn": COMMON + ASCII + "¿¡ªº" + LATIN + LATIN.upper(),
    "cyrl": COMMON + ASCII + CYRILLIC + CYRILLIC.upper(),
    "grek": COMMON + ASCII + GREEK + GREEK.upper(),
}


def main() -> int:
    """Writes the files and their versions in the stylesheet."""
    FOLDER.mkdir(exist_ok=True)
    fonts = {script: _subset(characters) for script, characters in CHARACTERS.items()}
    size = max(len(_packed(font, 0)) for font in fonts.values()) + 3 & ~3
    style = STYLE.read_text("utf-8")
    for script, font in fonts.items():
        content = _packed(font, size - (len(_packed(font, 0)) + 3 & ~3))
        (FOLDER / f"{script}.woff2").write_bytes(content)
        version = sha256(content).hexdigest()[:8]
        style = re.sub(rf"(fonts/{script}\.woff2\?v=)\w*", rf"\g<1>{version}", style)
        print(f"{script}  {len(content)} bytes, {len(font.getGlyphOrder())} glyphs, version {version}")
    STYLE.write_text(style, "utf-8")
    (FOLDER / "OFL.txt").write_bytes(LICENCE.read_bytes())
    return 0


def _subset(characters: str) -> TTFont:
    options = subset.Options(layout_features=FEATURES, hinting=False, name_IDs=[0, 13, 14], notdef_outline=True)
    options.drop_tables += ["BASE", "DSIG"]
    font: TTFont = subset.load_font(SOURCE, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    _rename(font)
    return font


def _rename(font: Any) -> None:
    postscript = NAME.replace(" ", "") + "-Semibold"
    for name_id, text in {1: f"{NAME} Semibold", 2: "Regular", 4: f"{NAME} Semibold", 6: postscript}.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = [postscript]
    cff.topDictIndex[0].FullName, cff.topDictIndex[0].FamilyName = f"{NAME} Semibold", NAME


def _packed(font: TTFont, filler: int) -> bytes:
    """WOFF2 that is so many bytes longer. They are random ones, or a content coding would take them away."""
    font.flavor, font.flavorData = "woff2", woff2.WOFF2FlavorData()
    font.flavorData.privData = random.Random(1).randbytes(filler)
    out = BytesIO()
    font.recalcTimestamp = False
    font.save(out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
