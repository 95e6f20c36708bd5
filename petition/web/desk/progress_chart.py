"""The curve to the goal and to the deadline, with the projection: SVG whose colours come from the style sheet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from petition.tally.progress import Projection

WIDTH, HEIGHT, TOP, BOTTOM = 360, 220, 20, 198  # the curve is between TOP and BOTTOM, days are below
Point = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """`points`: (moment, total), the earliest first. `deadline`: its end. `texts`: of goal, first day and deadline."""

    points: Sequence[tuple[datetime, int]]
    deadline: datetime | None
    goal: int | None
    projection: Projection | None

    def svg(self, goal: str, day: Callable[[datetime], str]) -> str:
        """`goal`: the words at its line; `day`: writes one in the language of the page. Empty without points."""
        if not self.points:
            return ""
        curve = self._line(self.points)
        first, last = self.points[0][0], self.points[-1][0]
        parts = [
            f'<path class="area" d="M{curve}V{BOTTOM}H{self._x(first):.0f}z"/>',
            *self._projected(),
            f'<path class="line" d="M{curve}"/>',
            f'<path class="base" d="M0 {BOTTOM}H{WIDTH}"/>',
            self._label(0, "start", day(first)),
            *self._goal_line(goal),
            *self._end(last, day),
        ]
        return f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(parts)}</svg>'

    def _projected(self) -> list[str]:
        if self.projection is None or self.deadline is None:
            return []
        last = self.points[-1]
        slow, middle, fast = self.projection.totals
        fan = self._line([last, (self.deadline, fast), (self.deadline, slow)])
        return [
            f'<path class="range" d="M{fan}z"/>',
            f'<path class="ahead" d="M{self._line([last, (self.deadline, middle)])}"/>',
        ]

    def _goal_line(self, words: str) -> list[str]:
        if self.goal is None:
            return []
        y = self._y(self.goal)
        return [
            f'<path class="goal" d="M0 {y:.0f}H{WIDTH}"/>',
            f'<text x="0" y="{y - 6:.0f}">{escape(words)}</text>',
        ]

    def _end(self, last: datetime, day: Callable[[datetime], str]) -> list[str]:
        if self.deadline is None or self.deadline <= last:
            return [self._label(WIDTH, "end", day(last))]
        return [f'<path class="end" d="M{WIDTH - 1} {TOP}V{BOTTOM}"/>', self._label(WIDTH, "end", day(self.deadline))]

    def _label(self, x: int, anchor: str, text: str) -> str:
        return f'<text x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{escape(text)}</text>'

    def _line(self, points: Sequence[Point]) -> str:
        return "L".join(f"{self._x(moment):.1f} {self._y(n):.1f}" for moment, n in points)

    def _x(self, moment: datetime) -> float:
        first, end = self.points[0][0], max(self.points[-1][0], self.deadline or self.points[-1][0])
        return (moment - first).total_seconds() / ((end - first).total_seconds() or 1) * WIDTH

    def _y(self, n: float) -> float:
        highest = max(self.goal or 0, *(total for _, total in self.points), *(self._totals()), 1)
        return BOTTOM - n / highest * (BOTTOM - TOP)

    def _totals(self) -> tuple[int, ...]:
        return self.projection.totals if self.projection and self.deadline else ()
