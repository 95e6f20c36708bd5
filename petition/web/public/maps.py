"""The map of Europe, for all languages at once: shaded by published numbers, or by what governments answered.

The shapes are Natural Earth's (public domain), with Crimea in Ukraine and Cyprus whole. Each map says what the table
beside it says, no more.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from petition.letters.correspondence import Entry

STEPS = (10, 100, 1_000, 10_000, 100_000)  # a shade for each, from this number on
# Shade -> fill in light and in dark. Those of answers differ in lightness too, for who cannot tell red from blue.
_NUMBERS = {
    "10": ("#f4cfcc", "#56282b"),
    "100": ("#e7a09d", "#83363b"),
    "1000": ("#d36a6b", "#b3484e"),
    "10000": ("#b3202e", "#e5656c"),
    "100000": ("#6f0f1a", "#ffb0b3"),
}
_ANSWERS = {
    "written": ("#ecdcb4", "#5c4d26"),
    "acknowledged": ("#c9a856", "#8f7733"),
    "supports": ("#1f5c8b", "#7fc0f0"),
    "partly": ("#8db9dc", "#4178a3"),
    "refuses": ("#b3202e", "#ff6f78"),
}
_LAND = (
    "path{fill:#ece7e3;stroke:#fff;stroke-width:.7}.eu{fill:#d8d0ca}.by{fill:#57504c}",
    "path{fill:#241f1d;stroke:#171413}.eu{fill:#3d3633}.by{fill:#a89f99}",
)


def status(entry: Entry | None) -> str:
    """What the map and its legend call what is known of one government; empty if it was not written to."""
    if entry is None or entry.sent is None:
        return ""
    return entry.stance.value or ("acknowledged" if entry.acknowledged else "written")


def numbers(countries: Mapping[str, int], shapes: Path) -> str:
    """Each country by its published number, as SVG."""
    shades = {code: str(max(step for step in STEPS if step <= n)) for code, n in countries.items() if n >= STEPS[0]}
    return _drawn(shades, _NUMBERS, shapes)


def answers(entries: Mapping[str, Entry], shapes: Path) -> str:
    """Each country by what its government was sent and answered, as SVG."""
    found = {code: status(entry) for code, entry in entries.items() if len(code) == 2}
    return _drawn({code: shade for code, shade in found.items() if shade}, _ANSWERS, shapes)


def _drawn(shades: Mapping[str, str], fills: Mapping[str, tuple[str, str]], shapes: Path) -> str:
    light, dark = (land + _rules(shades, fills, mode) for mode, land in enumerate(_LAND))
    style = f"<style>{light}@media (prefers-color-scheme:dark){{{dark}}}</style>"
    return re.sub("<style>.*?</style>", style, _shapes(shapes), count=1, flags=re.DOTALL)


def _rules(shades: Mapping[str, str], fills: Mapping[str, tuple[str, str]], mode: int) -> str:
    """One rule for all countries of a shade."""
    of = {shade: sorted(code for code, its in shades.items() if its == shade) for shade in fills}
    return "".join(
        ",".join(f"#c-{code}" for code in codes) + f"{{fill:{fills[shade][mode]}}}"
        for shade, codes in of.items()
        if codes
    )


@cache
def _shapes(file: Path) -> str:
    return file.read_text("utf-8")


def policy(svg: str) -> str:
    """What such a picture may do when it is opened by itself: wear its own style, which is named by its hash."""
    found = re.search("<style>(.*?)</style>", svg, re.DOTALL)
    digest = b64encode(hashlib.sha256(found[1].encode() if found else b"").digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
