"""The curve of all signatures: the values of /history-hours.csv, inside its frame, with axes, for any history."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.commands import demo_data
from petition.core.languages import Language
from petition.web.public import history_chart, maps
from petition.web.public.history_chart import BOTTOM, END, TOP, Formats
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
    """The corners of the curve."""
    root = ElementTree.fromstring(history_chart.history_svg(hours))
    (path,) = [p.get("d", "") for p in root.iter(f"{SVG}path") if p.get("class") == "line"]
    x, y = map(int, path[1:].partition("H")[0].split())
    corners = [(x, y)]
    for direction, n in re.findall(r"([HV])(\d+)", path):
        x, y = (int(n), y) if direction == "H" else (x, int(n))
        corners.append((x, y))
    return corners


def _words(svg: str) -> list[str]:
    return [t.text or "" for t in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@examples(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 5000), st.integers(0, 10**7).map(lambda n: n // 10 * 10)), min_size=1, max_size=1500
    )
)
def test_any_history_is_a_curve_within_its_frame(moves: list[tuple[int, int]]) -> None:
    line = _line(_hours(moves))
    assert len(line) <= 2 * (END + 2)
    for (x, y), (later, _) in pairwise(line):
        assert 0 <= x <= later <= END
        assert TOP <= y <= BOTTOM


def test_no_history_is_an_empty_picture() -> None:
    assert _words(history_chart.history_svg([])) == []


def test_a_total_stays_until_it_moves() -> None:
    line = _line(_hours([(0, 100), (50, 200), (50, 400)]))
    quarter, half = (BOTTOM - TOP) // 4, (BOTTOM + TOP) // 2
    moved = [point for point, before in zip(line, [None, *line], strict=False) if point != before]
    assert moved == [(0, BOTTOM - quarter), (END // 2, BOTTOM - quarter), (END // 2, half), (END, half), (END, TOP)]


def test_axes_say_round_numbers_and_days_with_their_year() -> None:
    words = _words(history_chart.history_svg(_hours([(0, 10), (240, 12340)]), source="ours.example"))
    assert words[:4] == ["0", "5\u202f000", "10\u202f000", "15\u202f000"]
    assert words[4:-2] == ["2026-10-24", "2026-10-26", "2026-10-29", "2026-11-01", "2026-11-03"]
    assert words[-2:] == ["12\u202f340", "ours.example"]


def test_a_language_has_its_own_numbers_and_days() -> None:
    german = Language("de", {})
    formats = Formats(german.format_number, german.format_short_date)
    words = _words(history_chart.history_svg(_hours([(0, 10), (240, 12340)]), formats))
    assert {"15.000", "12.340", "24.10.2026"} <= {*words}
    assert history_chart.NEUTRAL.day(date(2026, 10, 24)) == "2026-10-24"


def test_a_theme_is_the_same_for_all_readers() -> None:
    hours = _hours([(0, 10), (1, 20)])
    assert "prefers-color-scheme" in history_chart.history_svg(hours)
    light, dark = (history_chart.history_svg(hours, theme=theme) for theme in ("light", "dark"))
    assert "prefers-color-scheme" not in light + dark
    assert light != dark


@on_sqlite
async def test_the_curve_stands_on_the_page_of_the_tally(time: Clock, visitor: Visitor) -> None:
    def charts(text: str) -> list[str]:
        return [a["src"] for a in Html(text).all("img") if "history" in a["src"]]

    assert charts((await visitor.get("/en/tally")).text) == []
    await demo_data.fill_database(visitor.site.database, 500)
    time.advance(minutes=2)
    await visitor.published()
    assert charts((await visitor.get("/en/tally")).text) == ["/en/history.svg"]
    last = (await visitor.get("/history-hours.csv")).text.splitlines()[-1].split(",")[1]
    for path in ("/history.svg", "/en/history.svg", "/en/history.svg?theme=dark"):
        answer = await visitor.get(path)
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["content-security-policy"] == maps.svg_policy(answer.text)
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert last in answer.text
