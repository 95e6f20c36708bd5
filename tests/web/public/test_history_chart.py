"""The curve of all signatures: the values of /history-hours.csv, inside its frame, for any history."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.commands import demo_data
from petition.web.public import history_chart, maps
from petition.web.public.history_chart import BOTTOM, TOP, WIDTH
from tests.conftest import Clock, Visitor
from tests.web.tools import Html, on_sqlite

BEGIN = datetime(2026, 10, 24, tzinfo=UTC)  # one day before the clocks in Europe go back
SVG = "{http://www.w3.org/2000/svg}"


def _hours(moves: list[tuple[int, int]]) -> list[tuple[str, int]]:
    """A history from steps of (hours later, total)."""
    totals, hour = [], BEGIN
    for later, n in moves:
        hour += timedelta(hours=later)
        totals.append((hour.strftime("%Y-%m-%dT%H:00:00Z"), n))
    return totals


def _line(hours: list[tuple[str, int]]) -> list[tuple[int, int]]:
    line = ElementTree.fromstring(history_chart.history_svg(hours)).find(f"{SVG}polyline")
    assert line is not None
    return [(int(x), int(y)) for x, y in (point.split(",") for point in line.get("points", "").split())]


@examples(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 10**7).map(lambda n: n // 10 * 10)), max_size=1500))
def test_any_history_is_a_curve_within_its_frame(moves: list[tuple[int, int]]) -> None:
    line = _line(_hours(moves))
    assert len(line) <= 2 * (WIDTH + 1)
    for (x, y), (later, _) in pairwise(line):
        assert 0 <= x <= later <= WIDTH
        assert TOP <= y <= BOTTOM


def test_a_total_stays_until_it_moves() -> None:
    line = _line(_hours([(0, 100), (50, 200), (50, 400)]))
    half = (TOP + BOTTOM) // 2
    assert line == [(0, 165), (0, 165), (300, 165), (300, half), (600, half), (600, TOP)]


def test_a_curve_is_named_by_its_days_and_its_last_number() -> None:
    text = "".join(ElementTree.fromstring(history_chart.history_svg(_hours([(0, 10), (48, 12340)]))).itertext())
    assert "2026-10-24" in text
    assert "2026-10-26" in text
    assert "12\u202f340" in text


@on_sqlite
async def test_the_curve_stands_on_the_page_of_the_tally(time: Clock, visitor: Visitor) -> None:
    assert not [a for a in Html((await visitor.get("/en/tally")).text).all("img") if a["src"] == "/history.svg"]
    await demo_data.fill_database(visitor.site.database, 500)
    time.advance(minutes=2)
    await visitor.published()
    (image,) = [a for a in Html((await visitor.get("/en/tally")).text).all("img") if a["src"] == "/history.svg"]
    assert image["alt"]
    answer = await visitor.get("/history.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"] == maps.svg_policy(answer.text)
    last = (await visitor.get("/history-hours.csv")).text.splitlines()[-1]
    assert last.split(",")[1] in answer.text
