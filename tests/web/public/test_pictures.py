"""The picture of a shared link and the poster: what they say, and how they look in each language."""

import asyncio
import re
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html import unescape
from itertools import groupby
from pathlib import Path

import pytest
import typst

from petition.core.languages import Language
from petition.letters.formats import pdf
from petition.web.public import sharing
from petition.web.public.sharing import FileCache
from tests.conftest import Clock, Visit, Visitor
from tests.letters.structure import paragraphs, plain, read_structure
from tests.web.tools import campaign, in_each_language, on_sqlite, publish_many

PNG = b"\x89PNG\r\n\x1a\n"
_WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
_WORD_HEIGHT = 1.371  # em, of a word in the largest letters


@dataclass(frozen=True)
class Drawn:
    """A page as a person sees it: its words with their places (points, from the top), and its rows of pixels."""

    content: bytes  # PDF of one page

    @cached_property
    def words(self) -> list[tuple[float, float, float, float, str]]:
        page = self._run("pdftotext", "-bbox", "-", "-").decode()
        return [(float(a), float(b), float(c), float(d), unescape(text)) for a, b, c, d, text in _WORD.findall(page)]

    @property
    def text(self) -> str:
        return plain(" ".join(word[4] for word in self.words))

    def title_lines(self) -> list[tuple[float, str]]:
        """Width and text of each line in the largest letters."""
        lines = [list(line) for _, line in groupby(self._large(), key=lambda word: round(word[1]))]
        return [(line[-1][2] - line[0][0], " ".join(word[4] for word in line)) for line in lines]

    def title_size(self) -> float:
        """Points."""
        return max(word[3] - word[1] for word in self._large()) / _WORD_HEIGHT

    def _large(self) -> list[tuple[float, float, float, float, str]]:
        height = max(word[3] - word[1] for word in self.words)
        return [word for word in self.words if word[3] - word[1] > 0.99 * height]

    def longest_void(self) -> float:
        """The tallest band in which nothing stands, as a share of the height."""
        head, _, pixels = self._run("pdftoppm", "-gray", "-r", "36", "-singlefile", "-").partition(b"\n255\n")
        width, height = map(int, head.split()[1:])
        rows = [pixels[n * width : (n + 1) * width] for n in range(height)]
        runs = groupby(len(set(row)) == 1 and row[0] for row in rows)
        return max((len(list(run)) for shade, run in runs if shade is not False), default=0) / height

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, input=self.content, capture_output=True, check=True).stdout


def _check_looks(drawn: Drawn, size: tuple[float, float], side: float) -> None:
    """Nothing outside the margins, nothing on top of another, even lines."""
    for left, _, right, _, text in drawn.words:
        assert side - 0.5 <= left < right <= size[0] - side + 0.5, text
    for one in drawn.words:
        for other in drawn.words:
            apart = one[2] <= other[0] + 0.5 or other[2] <= one[0] + 0.5 or _middle(one) != _middle(other)
            assert one is other or apart, (one, other)
    widths = [width for width, _ in drawn.title_lines()]
    assert len(widths) > 1
    assert min(widths) > 0.3 * max(widths), drawn.title_lines()
    assert widths[-1] > 0.4 * max(widths), drawn.title_lines()


def _middle(word: tuple[float, float, float, float, str]) -> int:
    return round((word[1] + word[3]) / 2)


@on_sqlite
@in_each_language
async def test_the_poster_is_read_from_afar(lang: str, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    language = visitor.site.languages[lang]
    poster = Drawn((await visitor.get(f"/{lang}/poster.pdf")).content)
    whom, title, deadline, demand, call, address, _ = paragraphs(poster.content)
    assert whom == ("P", visitor.site.appeal.get_text(language).whom)
    assert title == ("H1", plain(visitor.site.appeal.get_text(language).title))
    assert _written(visitor.site.appeal.campaign.deadline, language) in deadline[1]
    assert plain(visitor.site.appeal.get_text(language).demand.striptags()) == demand[1]
    assert (call[1], address[1]) == (language.translate("Sign the ultimatum"), f"127.0.0.1:8000/{lang}")
    assert not read_structure(poster.content).stray_text()
    assert _scanned(poster.content, tmp_path / "poster.pdf") == f"http://127.0.0.1:8000/{lang}/"
    _check_looks(poster, (595.3, 841.9), 51)
    assert poster.title_size() > 42, "a capital letter of 10 mm can be read at three metres"
    assert poster.longest_void() < 0.12


def _written(day: object, language: Language) -> str:
    """A day as the language writes it; a placeholder as it is."""
    return plain(language.format_date(day) if isinstance(day, date) else str(day))


def _scanned(content: bytes, file: Path) -> str:
    """What a phone reads from the page that a printer without colour has printed."""
    file.write_bytes(content)
    subprocess.run(["pdftoppm", "-gray", "-r", "60", "-png", "-singlefile", file, file.with_suffix("")], check=True)
    scan = ["zbarimg", "-q", "--raw", str(file.with_suffix(".png"))]
    return subprocess.run(scan, capture_output=True, check=True).stdout.decode().strip()


@on_sqlite
@pytest.mark.parametrize(
    ("number", "frozen", "dated"), [(0, False, False), (0, False, True), (10, False, True), (1_234_560, True, True)]
)
@in_each_language
async def test_the_picture_looks_finished_on_every_day(
    lang: str, number: int, frozen: bool, dated: bool, visit: Visit, tmp_path: Path
) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign") if dated else None)
    site, language = visitor.site, visitor.site.languages[lang]
    snapshot = replace(visitor.app.state.public_state.status.snapshot, confirmed=number)
    values = sharing._picture_values(site, language, snapshot, frozen=frozen)
    picture = Drawn(_as_pdf(values))
    text = site.appeal.get_text(language)
    assert picture.text.startswith(plain(f"{text.whom} {text.title} "))
    assert picture.text.endswith("127.0.0.1:8000")
    said = language.format_number(number) if number else language.translate("Sign the ultimatum")
    assert plain(said) in picture.text
    for day, there in ((site.appeal.campaign.deadline, dated), (snapshot.as_of.date(), frozen)):
        assert (_written(day, language) in picture.text) == there
    _check_looks(picture, (600, 315), 34)
    assert picture.title_size() > 35, "it can be read at 200 pixels, where a point is a third of one"
    assert picture.longest_void() < 0.22


def _as_pdf(values: Mapping[str, str]) -> bytes:
    """The picture with its words, which PNG has no more."""
    template, inputs = pdf._TEMPLATES / "share.typ", {"tree": pdf._tree(values)}
    return typst.compile(template, format="pdf", font_paths=pdf._fonts(), sys_inputs=inputs)


@on_sqlite
@pytest.mark.parametrize(
    "title",
    [
        "Freedom",
        "Freedom now",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen",
        "Yes – no",
        "One, two, three, four, five, six, seven, eight, nine, ten: all of them are free, or the trains stop",
        "All of the people who are in prison in Belarus for what they said go free, or no train with cargo passes",
    ],
)
async def test_every_title_fits(title: str, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    status = visitor.app.state.public_state.status
    language = visitor.site.languages["en"]
    picture = sharing._picture_values(visitor.site, language, status.snapshot, frozen=False)
    poster = sharing._poster_values(visitor.site, language)
    new = {"title": title, "whom": ""}  # another campaign may have no such line
    drawings = Drawn(_as_pdf(picture | new)), Drawn(sharing._render_poster(poster | new))
    for drawn, side, width in zip(drawings, (34, 51), (600, 595.3), strict=True):
        assert title in drawn.text
        assert all(side - 0.5 <= left < right <= width - side + 0.5 for left, _, right, _, _ in drawn.words)


@on_sqlite
async def test_a_picture_is_new_when_its_number_is(time: Clock, visitor: Visitor) -> None:
    before = await visitor.get("/en/share.png")
    again = await visitor.client.get("/en/share.png", headers={"If-None-Match": before.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (before.headers["content-type"], before.content[:8]) == ("image/png", PNG)
    assert [int.from_bytes(before.content[at : at + 4]) for at in (16, 20)] == [1200, 630]
    assert len(before.content) < 150_000
    await publish_many(visitor, time, 500)
    after = await visitor.get("/en/share.png")
    assert after.headers["etag"] != before.headers["etag"]
    assert "max-age=3600" in after.headers["cache-control"]


async def test_one_makes_and_the_others_get_the_old() -> None:
    cache, go_on, made = FileCache(), threading.Event(), []

    def make(content: bytes) -> bytes:
        made.append(content)
        assert go_on.wait(30)
        return content

    go_on.set()
    assert await cache.get("a", 1, lambda: make(b"old")) == b"old"
    go_on.clear()
    making = asyncio.create_task(cache.get("a", 2, lambda: make(b"new")))
    await asyncio.sleep(0)
    assert [await cache.get("a", 2, lambda: make(b"never")) for _ in range(20)] == [b"old"] * 20
    go_on.set()
    assert await making == b"new"
    assert await cache.get("a", 2, lambda: make(b"never")) == b"new"
    assert made == [b"old", b"new"]


async def test_whoever_comes_first_waits_for_the_one_who_makes() -> None:
    cache, contents = FileCache(), iter([b"x", b"y"])
    served = await asyncio.gather(*[cache.get("a", 1, lambda: next(contents)) for _ in range(20)])
    assert served == [b"x"] * 20
