"""The map of Europe, one for all languages: shaded by published numbers, or by the answers of governments.

The shapes are Natural Earth's (public domain), with Crimea in Ukraine and Cyprus undivided; they and the places of the
codes are data (europe.svg). Each map says only what the table beside it says. It has no words but codes and numbers.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from itertools import count
from pathlib import Path

from petition.letters.correspondence import Entry
from petition.web.public import themes

SHADE_STEPS = (10, 100, 1_000, 10_000, 100_000)  # a shade for each, from this number on
PER_MILLION_STEPS = (1, 10, 50, 200, 1_000)  # the same shades
Fills = Mapping[str, tuple[str, str]]
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
    "path,circle{stroke:#fff}.eu{fill:#d8d0ca}.by{fill:#aaa19b}text{fill:#1c1a19;stroke:#fff}",
    "path,circle{stroke:#171413}.eu{fill:#3d3633}.by{fill:#6a615c}text{fill:#f1ebe7;stroke:#171413}",
)
_GREY, _PALE = ("#d8d0ca", "#3d3633"), ("#efebe8", "#241f1d")  # countries outside the EU: like the others, or aside
# On a small screen the codes are as large as they can be, and the numbers stay away.
_LABEL_STYLE = (
    "path,circle{stroke-width:.7}text{font:600 14px system-ui,sans-serif;text-anchor:middle;stroke-width:3px;"
    "stroke-linejoin:round;paint-order:stroke}.v,.k,.s{font-weight:400}.v,.s{font-size:12px}.k{text-anchor:start}"
    ".s{text-anchor:end}@media (max-width:500px){text,.k{font-size:20px}.s{font-size:18px}.v{display:none}}"
)
_LEGEND_X, _LEGEND_Y, _LEGEND_STEP = 214, 168, 25  # in the Atlantic
_SOURCE_X, _SOURCE_Y = 924, 773
_LABEL = re.compile(r'<text x="([\d.]+)" y="([\d.]+)">(\w\w)</text>')


def answer_status(entry: Entry | None) -> str:
    """The name of a government's shade, on the map and in its legend; empty if no letter was sent to it."""
    if entry is None or entry.sent is None:
        return ""
    return entry.stance.value or ("acknowledged" if entry.acknowledged else "written")


def numbers_map(counts: Mapping[str, int], shapes: Path, *, theme: str = "", source: str = "") -> str:
    """SVG: each country shaded by its published number, which it also says. `source`: from where, and as of when."""
    return _numbers_map(counts, SHADE_STEPS, shapes, theme, source)


def per_million_map(per_million: Mapping[str, float], shapes: Path, *, theme: str = "", source: str = "") -> str:
    """SVG: the same with its signatures per million people."""
    counts = {code: int(n) for code, n in per_million.items()}
    return _numbers_map(counts, PER_MILLION_STEPS, shapes, theme, source)


def _numbers_map(counts: Mapping[str, int], steps: Sequence[int], shapes: Path, theme: str, source: str) -> str:
    shade_by_step = dict(zip(steps, _NUMBER_FILLS, strict=True))
    shown = {code: n for code, n in counts.items() if n >= steps[0]}
    shades = {code: shade_by_step[max(step for step in steps if step <= n)] for code, n in shown.items()}
    keys = [(f"n{shade}", f"{spaced(step)}+") for step, shade in reversed(shade_by_step.items())]
    legend = _legend([*keys, ("eu", f"< {steps[0]}"), ("by", "BY")])
    svg = _shaded_map(shades, _NUMBER_FILLS, _GREY, shapes, theme, legend + _source(source))
    return _LABEL.sub(lambda label: _with_number(label, shown), svg)


def answers_map(entries: Mapping[str, Entry], shapes: Path, *, theme: str = "", source: str = "") -> str:
    """SVG: each country shaded by what was sent to its government and what it answered."""
    status_by_code = {code: answer_status(entry) for code, entry in entries.items() if len(code) == 2}
    shades = {code: shade for code, shade in status_by_code.items() if shade}
    return _shaded_map(shades, _ANSWER_FILLS, _PALE, shapes, theme, _source(source))


def _shaded_map(
    shades: Mapping[str, str], fills: Fills, others: tuple[str, str], shapes: Path, theme: str, more: str
) -> str:
    """`others`: the fill of countries outside the EU without a shade. `more`: what is drawn over the map."""
    light, dark = (
        f"{land}.x{{fill:{others[mode]}}}{_css_rules(shades, fills, mode)}" for mode, land in enumerate(_LAND_STYLES)
    )
    style = f"<style>{_LABEL_STYLE}{themes.css(light, dark, theme)}</style>"
    svg = re.sub("<style>.*?</style>", style, _shapes(shapes), count=1, flags=re.DOTALL)
    return svg.replace("</svg>", f"{more}</svg>")


def _css_rules(shades: Mapping[str, str], fills: Fills, mode: int) -> str:
    """One rule for each shade, for its key in the legend and all its countries."""
    codes_by_shade = {
        shade: sorted(code for code, code_shade in shades.items() if code_shade == shade) for shade in fills
    }
    return "".join(
        ",".join((f".n{shade}", *(f"#c-{code}" for code in codes))) + f"{{fill:{fills[shade][mode]}}}"
        for shade, codes in codes_by_shade.items()
    )


def _legend(keys: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<rect class="{name}" x="{_LEGEND_X}" y="{y - 13}" width="16" height="16"/>'
        f'<text class="k" x="{_LEGEND_X + 24}" y="{y}">{escape(words)}</text>'
        for y, (name, words) in zip(count(_LEGEND_Y, _LEGEND_STEP), keys, strict=False)
    )


def _source(text: str) -> str:
    return f'<text class="s" x="{_SOURCE_X}" y="{_SOURCE_Y}">{escape(text)}</text>' if text else ""


def _with_number(label: re.Match[str], numbers: Mapping[str, int]) -> str:
    """The label of a country with its number below its code."""
    x, y, code = label.groups()
    if code not in numbers:
        return label[0]
    return f'<text x="{x}" y="{y}">{code}<tspan class="v" x="{x}" dy="12">{spaced(numbers[code])}</tspan></text>'


def spaced(n: int) -> str:
    """A number as all languages read it (ISO 80000-1)."""
    return f"{n:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@cache
def _shapes(file: Path) -> str:
    return file.read_text("utf-8")


def svg_policy(svg: str) -> str:
    """The Content-Security-Policy of a picture that is opened by itself: only its own style, named by its hash."""
    match = re.search("<style>(.*?)</style>", svg, re.DOTALL)
    digest = b64encode(hashlib.sha256(match[1].encode() if match else b"").digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
