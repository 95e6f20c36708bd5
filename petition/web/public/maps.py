"""The map of Europe, one for all languages: shaded by published numbers, or by the answers of governments.

The shapes are Natural Earth's (public domain), with Crimea in Ukraine and Cyprus undivided. Each map says only what
the table beside it says.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from petition.letters.correspondence import Entry

SHADE_STEPS = (10, 100, 1_000, 10_000, 100_000)  # a shade for each, from this number on
PER_MILLION_STEPS = (1, 10, 100, 1_000, 10_000)  # the same shades
# Shade -> fill in light and in dark mode. The fills of answers also differ in lightness, for people who cannot tell
# red from blue.
_NUMBER_FILLS = {
    "10": ("#f4cfcc", "#56282b"),
    "100": ("#e7a09d", "#83363b"),
    "1000": ("#d36a6b", "#b3484e"),
    "10000": ("#b3202e", "#e5656c"),
    "100000": ("#6f0f1a", "#ffb0b3"),
}
_ANSWER_FILLS = {
    "written": ("#ecdcb4", "#5c4d26"),
    "acknowledged": ("#c9a856", "#8f7733"),
    "forwarded": ("#a8823a", "#b79a48"),
    "holding": ("#7d5f26", "#d9bd6b"),
    "no-competence": ("#7a5a94", "#b79ad0"),
    "supports": ("#1f5c8b", "#7fc0f0"),
    "partly": ("#8db9dc", "#4178a3"),
    "refuses": ("#b3202e", "#ff6f78"),
}
_LAND_STYLES = (
    "path{fill:#ece7e3;stroke:#fff;stroke-width:.7}.eu{fill:#d8d0ca}.by{fill:#57504c}",
    "path{fill:#241f1d;stroke:#171413}.eu{fill:#3d3633}.by{fill:#a89f99}",
)


def answer_status(entry: Entry | None) -> str:
    """The name of a government's shade, on the map and in its legend; empty if no letter was sent to it."""
    if entry is None or entry.sent is None:
        return ""
    return entry.stance.value or ("acknowledged" if entry.acknowledged else "written")


def numbers_map(countries: Mapping[str, int], shapes: Path) -> str:
    """SVG: each country shaded by its published number."""
    shades = {
        code: str(max(step for step in SHADE_STEPS if step <= n))
        for code, n in countries.items()
        if n >= SHADE_STEPS[0]
    }
    return _shaded_map(shades, _NUMBER_FILLS, shapes)


def per_million_map(per_million: Mapping[str, float], shapes: Path) -> str:
    """SVG: each country shaded by its signatures per million people."""
    factor = SHADE_STEPS[0] / PER_MILLION_STEPS[0]
    return numbers_map({code: int(n * factor) for code, n in per_million.items()}, shapes)


def answers_map(entries: Mapping[str, Entry], shapes: Path) -> str:
    """SVG: each country shaded by what was sent to its government and what it answered."""
    status_by_code = {code: answer_status(entry) for code, entry in entries.items() if len(code) == 2}
    return _shaded_map({code: shade for code, shade in status_by_code.items() if shade}, _ANSWER_FILLS, shapes)


def _shaded_map(shades: Mapping[str, str], fills: Mapping[str, tuple[str, str]], shapes: Path) -> str:
    light, dark = (land + _css_rules(shades, fills, mode) for mode, land in enumerate(_LAND_STYLES))
    style = f"<style>{light}@media (prefers-color-scheme:dark){{{dark}}}</style>"
    return re.sub("<style>.*?</style>", style, _shapes(shapes), count=1, flags=re.DOTALL)


def _css_rules(shades: Mapping[str, str], fills: Mapping[str, tuple[str, str]], mode: int) -> str:
    """One rule for each shade, with all its countries."""
    codes_by_shade = {
        shade: sorted(code for code, code_shade in shades.items() if code_shade == shade) for shade in fills
    }
    return "".join(
        ",".join(f"#c-{code}" for code in codes) + f"{{fill:{fills[shade][mode]}}}"
        for shade, codes in codes_by_shade.items()
        if codes
    )


@cache
def _shapes(file: Path) -> str:
    return file.read_text("utf-8")


def svg_policy(svg: str) -> str:
    """The Content-Security-Policy of a picture that is opened by itself: only its own style, named by its hash."""
    match = re.search("<style>(.*?)</style>", svg, re.DOTALL)
    digest = b64encode(hashlib.sha256(match[1].encode() if match else b"").digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
