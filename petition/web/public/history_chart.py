"""The number of signatures over time, one picture for all languages: its only words are numbers and days."""

from collections.abc import Sequence
from datetime import datetime

WIDTH, TOP, BOTTOM, HEIGHT = 600, 30, 210, 240  # the curve is between TOP and BOTTOM, its labels above and below
_STYLE = (
    "text{font:18px system-ui,sans-serif;fill:#5c5653}.line{fill:none;stroke:#b3202e;stroke-width:3}"
    ".area{fill:#b3202e;opacity:.15}.base{stroke:#ddd6d1}"
    "@media (prefers-color-scheme:dark){text{fill:#b5aca6}.line{stroke:#ff6f78}.area{fill:#ff6f78}"
    ".base{stroke:#433b37}}"
)


def history_svg(hourly_totals: Sequence[tuple[str, int]]) -> str:
    """`hourly_totals`: (moment, total) of each hour, the earliest first.

    The numbers are those of /history-hours.csv, at most one for each pixel of the width.
    """
    labels = _labels(hourly_totals[0][0], hourly_totals[-1]) if hourly_totals else ""
    curve = " ".join(f"{x:.0f},{y:.0f}" for x, y in _points(hourly_totals))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><style>{_STYLE}</style>'
        f'<polygon class="area" points="0,{BOTTOM} {curve} {WIDTH},{BOTTOM}"/>'
        f'<polyline class="line" points="{curve}"/><path class="base" d="M0 {BOTTOM}h{WIDTH}"/>{labels}</svg>'
    )


def _points(hourly_totals: Sequence[tuple[str, int]]) -> list[tuple[float, float]]:
    """(x, y) of a curve in steps, since a total stays until it changes. Each column of pixels has its last total."""
    if not hourly_totals:
        return []
    times = [datetime.fromisoformat(hour).timestamp() for hour, _ in hourly_totals]
    span, highest = times[-1] - times[0] or 1, max(n for _, n in hourly_totals) or 1
    columns = {round((time - times[0]) / span * WIDTH): n for time, (_, n) in zip(times, hourly_totals, strict=True)}
    heights = [(x, BOTTOM - n / highest * (BOTTOM - TOP)) for x, n in columns.items()]
    previous_heights = [heights[0][1], *(y for _, y in heights)]
    return [
        point for previous, (x, y) in zip(previous_heights, heights, strict=False) for point in ((x, previous), (x, y))
    ]


def _labels(first: str, last: tuple[str, int]) -> str:
    """The first day, the last day, and the last total."""
    day, n = last[0][:10], f"{last[1]:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return (
        f'<text x="0" y="{HEIGHT - 8}">{first[:10]}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT - 8}" text-anchor="end">{day}</text>'
        f'<text x="{WIDTH}" y="{TOP - 10}" text-anchor="end">{n}</text>'
    )
