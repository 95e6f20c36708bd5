"""Maps: a place, a code and a number for each country, a key of all colours, a source, and a theme for newspapers."""

import re
from datetime import datetime
from xml.etree import ElementTree

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.languages import Language
from petition.site import Site
from petition.web.public import maps
from tests.conftest import Clock, Visitor
from tests.web.tools import Html, on_sqlite

SHAPES = SHIPPED_DATA / "europe.svg"
SVG = "{http://www.w3.org/2000/svg}"
COUNTS = {"PL": 10, "DE": 99, "FR": 100, "LT": 99_999, "LV": 5_000_000, "EE": 0, "MT": 1230}


def _words(svg: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_government_and_every_published_number_has_its_place_on_the_map(site: Site) -> None:
    root = ElementTree.parse(SHAPES).getroot()
    ids = {element.get("id") for element in root.iter()}
    assert {f"c-{code}" for code in site.address_book.countries} <= ids
    assert {*site.address_book.countries, "BY"} <= {text.text for text in root.iter(f"{SVG}text")}
    left, top, width, height = map(float, root.get("viewBox", "").split())
    for text in root.iter(f"{SVG}text"):
        assert left < float(text.get("x", 0)) < left + width
        assert top < float(text.get("y", 0)) < top + height
    light = maps.numbers_map(COUNTS, SHAPES).partition("@media (prefers")[0]
    assert "#c-DE,#c-PL{" in light
    assert "#c-EE" not in light


def test_each_published_number_stands_under_its_code() -> None:
    words = _words(maps.numbers_map(COUNTS, SHAPES))
    assert {"PL10", "DE99", "LT99\u202f999", "LV5\u202f000\u202f000", "MT1\u202f230", "EE", "SE", "BY"} <= {*words}
    assert "LT34" in _words(maps.per_million_map({"LT": 34.6, "SE": 0.9}, SHAPES))


def test_the_key_has_every_colour_of_the_map() -> None:
    for svg, steps in (
        (maps.numbers_map(COUNTS, SHAPES, theme="light"), maps.SHADE_STEPS),
        (maps.per_million_map({"LT": 34.6}, SHAPES, theme="light"), maps.PER_MILLION_STEPS),
    ):
        root = ElementTree.fromstring(svg)
        keys = [rect.get("class") for rect in root.iter(f"{SVG}rect")]
        assert keys == [*(f"n{step}" for step in reversed(maps.SHADE_STEPS)), "eu", "by"]
        assert {*[f"{step:,}+".replace(",", "\u202f") for step in steps], f"< {steps[0]}", "BY"} <= {*_words(svg)}
        fills = dict(re.findall(r"\.(n\d+|eu|by|x)[^{}]*\{fill:(#\w+)\}", svg))
        assert fills["x"] == fills["eu"], "all without a number look the same"
        assert len({*fills.values()}) == len(keys)


def test_belarus_is_not_the_brightest_country_at_night() -> None:
    def lightness(colour: str) -> int:
        return sum(bytes.fromhex(colour.removeprefix("#")))

    svg = maps.numbers_map({"LT": 10_000, "PL": 200_000, "CZ": 1_000}, SHAPES, theme="dark")
    fills = dict(re.findall(r"\.(n\d+|by)[^{}]*\{fill:(#\w+)\}", svg))
    assert lightness(fills["by"]) < lightness(fills["n10000"]) < lightness(fills["n100000"])


def test_a_source_is_text_and_nothing_else() -> None:
    assert "a<b>.example" in _words(maps.numbers_map({}, SHAPES, source="a<b>.example"))


@on_sqlite
async def test_pictures_have_a_theme_a_date_and_a_source(time: Clock, visitor: Visitor) -> None:
    await visitor.published()
    for name in ("tally", "tally-per-million", "governments", "history"):
        plain, light, dark = [
            (await visitor.get(f"/{name}.svg{query}")).text for query in ("", "?theme=light", "?theme=dark")
        ]
        assert "prefers-color-scheme" in plain
        assert "prefers-color-scheme" not in light + dark
        assert light != dark
        assert [word for word in _words(light) if word.startswith("127.0.0.1:8000 · 2026-11-22")]


@on_sqlite
async def test_frames_say_what_they_show_as_of_when_and_where_it_is_from(time: Clock, visitor: Visitor) -> None:
    for n in range(31):
        await visitor.confirmed(f"anna{n}@example.net", "LT")
    time.advance(hours=3)
    as_of = datetime.fromisoformat((await visitor.published())["as_of"])
    english = Language("en", {})
    for name, picture in (
        ("map", "/tally.svg"),
        ("map-per-million", "/tally-per-million.svg"),
        ("chart", "/en/history.svg"),
    ):
        for query in ("", "?theme=light", "?theme=dark"):
            answer = await visitor.get(f"/en/embed/{name}{query}")
            page = Html(answer.text)
            assert [image["src"] for image in page.all("img")] == [picture + query]
            assert (await visitor.get(picture + query)).status_code == 200
            assert [a["href"] for a in page.all("a")] == ["http://127.0.0.1:8000/en/tally"]
            assert f"As of {english.format_date(as_of)}" in page.text
            assert "127.0.0.1:8000" in page.text
            assert "frame-ancestors *" in answer.headers["content-security-policy"]
    per_million = Html((await visitor.get("/en/embed/map-per-million")).text).text
    populations = visitor.site.populations
    assert f"Population: {populations.publisher}, {populations.year}." in per_million
    assert "Belarus: not counted by country" in per_million
    assert (await visitor.get("/en/embed/nothing")).status_code == 404
