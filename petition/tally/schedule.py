"""When figures are released, and to what: functions of published figures, the count and a secret remainder.

A release inside a window would show who signed inside it. So the times of releases come from published figures alone.
"""

from dataclasses import dataclass

from petition.core.clock import DAY, HOUR

_WEEK, _FIRST_MONDAY = 7 * DAY, 4 * DAY  # 1 January 1970 was a Thursday
REMAINDERS = range(1, 11)  # the secret ones; without 0, "more than" a figure is true when it is released
_STEP = 10


@dataclass(frozen=True, slots=True)
class Windows:
    """Seconds between releases of a figure, and how much it must have grown for the short window.

    `growth`: what it grew by in the last regular window; `short_growth`: in the last window, if that was short.
    """

    regular: int
    short: int
    growth: int
    short_growth: int

    def next_window(self, last_window: int, grew_in_last: int, grew_in_regular: int) -> int:
        """`last_window`: seconds since the release before."""
        enough = grew_in_last >= self.short_growth if last_window == self.short else grew_in_regular >= self.growth
        return self.short if enough else self.regular


@dataclass(frozen=True, slots=True)
class Schedule:
    """The windows of a site. The first release: at a secret count in `first_counts`, after `first_wait` at the latest.

    `max_ahead`: a release that is so many seconds ahead of the clock was made by a wrong clock.
    """

    total: Windows
    country: Windows
    first_counts: range
    first_wait: int

    @property
    def max_ahead(self) -> int:
        return self.total.regular


_SHORT = 600
PRODUCTION = Schedule(
    total=Windows(2 * HOUR, _SHORT, 1200, 100),
    country=Windows(6 * HOUR, _SHORT, 3600, 100),
    first_counts=range(500, 1501),
    first_wait=2 * HOUR,
)
DEMO = Schedule(Windows(60, 60, 0, 0), Windows(60, 60, 0, 0), range(1), 0)  # so that one sees it work


def window_start(moment: int, window: int) -> int:
    return moment - moment % window


def last_monday(moment: int) -> int:
    """Monday 00:00 UTC, at `moment` or before."""
    return moment - (moment - _FIRST_MONDAY) % _WEEK


def is_midnight(moment: int) -> bool:
    return moment % DAY == 0


def round_off(counted: int, remainder: int) -> int:
    """A count in tens, at most 19 below it and never above; where its edges are, only `remainder` tells."""
    return max(counted - remainder, 0) // _STEP * _STEP


def released_figure(old: int, counted: int, remainder: int, *, falls: bool) -> int:
    """A figure falls only if its time has come (a Monday, a day after a removal) and the count is below it by then."""
    new = round_off(counted, remainder)
    return new if falls and old > counted else max(old, new)
