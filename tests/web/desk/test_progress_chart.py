"""The curve at the desk: inside its frame for any history, with goal, deadline and range in the right order."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.tally.progress import Projection
from petition.web.desk.progress_chart import BOTTOM, TOP, WIDTH, Chart

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def _paths(chart: Chart) -> dict[str, list[tuple[float, float]]]:
    """The points of each path by its class. Raises if the SVG is not well-formed."""
    svg = ElementTree.fromstring(chart.svg("Goal <&>", lambda day: f"{day:%d.%m.} <&>"))
    pairs = {
        path.get("class", ""): re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d", "")) for path in svg.iter("path")
    }
    return {name: [(float(x), float(y)) for x, y in points] for name, points in pairs.items()}


@examples(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=40),
    st.one_of(st.none(), st.integers(0, 400)),
    st.one_of(st.none(), st.integers(1, 10**7)),
    st.tuples(*[st.integers(0, 10**7)] * 3),
)
def test_any_history_lies_within_the_frame(
    totals: list[int], days: int | None, goal: int | None, ahead: tuple[int, int, int]
) -> None:
    points = [(BEGIN + timedelta(n), total) for n, total in enumerate(totals)]
    deadline = None if days is None else BEGIN + timedelta(days)
    shown = Projection((1, 2, 3), (min(ahead), sorted(ahead)[1], max(ahead)), (None, None, None))
    for projection in (None, shown):
        for name, path in _paths(Chart(points, deadline, goal, projection)).items():
            for x, y in path:
                assert 0 <= x <= WIDTH, name
                assert TOP - 1 <= y <= BOTTOM, name


def test_the_range_begins_at_the_newest_total_and_ends_at_the_deadline() -> None:
    points, deadline = [(BEGIN, 0), (BEGIN + timedelta(10), 100)], BEGIN + timedelta(40)
    projection = Projection((1, 2, 3), (130, 160, 190), (None, None, None))
    paths = _paths(Chart(points, deadline, 200, projection))
    assert paths["range"] == [paths["line"][-1], (WIDTH, paths["range"][1][1]), (WIDTH, paths["range"][2][1])]
    assert paths["range"][1][1] < paths["ahead"][-1][1] < paths["range"][2][1], "fast, middle, slow"
    assert paths["goal"][0][1] == TOP


def test_nothing_is_drawn_of_nothing() -> None:
    assert Chart([], BEGIN, 100, None).svg("Goal", str) == ""
