"""Signatures over time, with axes. Its words are numbers and days, in the formats of a language or of none."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from html import escape
from typing import NamedTuple

from petition.web.public import themes
from petition.web.public.maps import spaced

WIDTH, HEIGHT, TOP, BOTTOM = 720, 400, 40, 340  # the curve is between TOP and BOTTOM, its days below
END = WIDTH - 12  # where the newest total is
_TICKS = 4  # spaces between days, at most
_STYLE = (
    "text{font:14px system-ui,sans-serif}.n{font-weight:600;font-size:18px}.line{fill:none;stroke-width:2.5}"
    ".area{opacity:.13}.s{font-size:12px}"
    "@media (max-width:500px){text{font-size:22px}.n{font-size:26px}.s{font-size:18px}.w{display:none}}"
)
_LIGHT = "text{fill:#5c5653}.n{fill:#1c1a19}.line{stroke:#b3202e}.area,.dot{fill:#b3202e}.base{stroke:#ddd6d1}"
_DARK = "text{fill:#b5aca6}.n{fill:#f1ebe7}.line{stroke:#ff6f78}.area,.dot{fill:#ff6f78}.base{stroke:#433b37}"

HourlyTotals = Sequence[tuple[str, int]]


class Formats(NamedTuple):
    """How a chart writes its numbers and days."""

    number: Callable[[int], str]
    day: Callable[[date], str]


NEUTRAL = Formats(spaced, date.isoformat)


class _Curve(NamedTuple):
    path: str
    begin: datetime
    days: int
    seconds: float
    total: int
    step: int  # between two lines of the scale
    top: int  # the number at TOP


def history_svg(hourly_totals: HourlyTotals, formats: Formats = NEUTRAL, *, theme: str = "", source: str = "") -> str:
    """`hourly_totals`: (moment, total) of each hour, the earliest first. `source`: where it is from, and as of when.

    The numbers are those of /history-hours.csv, at most one for each pixel of the width.
    """
    style = f"<style>{_STYLE}{themes.css(_LIGHT, _DARK, theme)}</style>"
    plot = _plot(_curve(tuple(hourly_totals)), formats) if hourly_totals else ""
    foot = f'<text class="s" x="{WIDTH}" y="{HEIGHT - 6}" text-anchor="end">{escape(source)}</text>' if source else ""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{style}{plot}{foot}</svg>'


def _plot(curve: _Curve, formats: Formats) -> str:
    y = _height(curve.total, curve.top)
    return (
        f'<path class="area" d="{curve.path}V{BOTTOM}H0"/>{_scale(curve, formats)}<path class="line" d="{curve.path}"/>'
        f'<circle class="dot" cx="{END}" cy="{y}" r="5"/>{_days(curve, formats)}'
        f'<text class="n" x="{WIDTH}" y="{y - 12}" text-anchor="end">{formats.number(curve.total)}</text>'
    )


def _scale(curve: _Curve, formats: Formats) -> str:
    """A line and a number at each step of the height."""
    numbers = range(0, curve.top + 1, curve.step)
    return "".join(
        f'<path class="base" d="M0 {_height(n, curve.top)}H{WIDTH}"/>'
        f'<text x="0" y="{_height(n, curve.top) - 5}">{formats.number(n)}</text>'
        for n in numbers
    )


def _round_step(highest: int) -> int:
    """1, 2 or 5 with zeros: three to five steps up to the highest number."""
    power: int = 10 ** max(len(str(highest)) - 2, 1)
    return next(step * power for step in (1, 2, 5, 10, 20, 50) if step * power * 5 >= highest)


def _days(curve: _Curve, formats: Formats) -> str:
    """Some days at their midnight; those that a phone has no room for are of the class w."""
    count = min(_TICKS, curve.days)
    offsets = [round(curve.days * k / count) for k in range(count + 1)] if count else [0]
    return "".join(_day_label(curve, offset, k, formats) for k, offset in enumerate(offsets))


def _day_label(curve: _Curve, offset: int, k: int, formats: Formats) -> str:
    day = curve.begin.date() + timedelta(offset)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    share = (midnight - curve.begin).total_seconds() / (curve.seconds or 1)
    x = round(min(max(share, 0), 1) * END)
    anchor = "start" if k == 0 else "end" if offset == curve.days else "middle"
    hidden = ' class="w"' if k % 2 else ""
    return f'<text{hidden} x="{x}" y="{BOTTOM + 24}" text-anchor="{anchor}">{escape(formats.day(day))}</text>'


def _height(n: int, top: int) -> int:
    return round(BOTTOM - n / top * (BOTTOM - TOP))


@lru_cache(maxsize=1)
def _curve(hourly_totals: tuple[tuple[str, int], ...]) -> _Curve:
    """In steps, since a total stays until it changes. Each column of pixels has its last total."""
    moments = [datetime.fromisoformat(hour) for hour, _ in hourly_totals]
    seconds = (moments[-1] - moments[0]).total_seconds()
    highest = max(n for _, n in hourly_totals)
    step = _round_step(highest)
    top = max(-(-highest // step), 1) * step
    ends = {
        round((moment - moments[0]).total_seconds() / (seconds or 1) * END): n
        for moment, (_, n) in zip(moments, hourly_totals, strict=True)
    }
    moves = zip(ends.items(), (hourly_totals[0][1], *ends.values()), strict=False)
    steps = "".join(f"H{x}V{_height(n, top)}" for (x, n), before in moves if n != before)
    days = (moments[-1].date() - moments[0].date()).days
    start = _height(hourly_totals[0][1], top)
    return _Curve(f"M0 {start}{steps}H{END}", moments[0], days, seconds, hourly_totals[-1][1], step, top)
