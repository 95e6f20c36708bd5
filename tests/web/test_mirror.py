"""The mirror: complete or not there, every link leads to a page, and it has no form to type in."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from petition.commands import demo_data
from petition.core.errors import DataError
from petition.core.settings import Settings
from petition.web import mirror, prerender
from petition.web.http import assets
from tests.conftest import Clock, Visit, Visitor
from tests.shell import Shell
from tests.web.tools import LANGUAGES, Html, campaign, in_production, on_sqlite

PUBLIC = "https://petition.example"
ONION = "http://" + "p" * 55 + "d.onion"


@pytest.fixture
async def visitor(visit: Visit, settings: Settings, tmp_path: Path, time: Clock) -> Visitor:
    """A visitor of a site with some signatures."""
    found = await in_production(visit, settings, tmp_path, onion_url=ONION)
    await demo_data.fill_database(found.site.database, 2345)
    time.advance(minutes=2)
    return found


def _pages(folder: Path) -> dict[Path, Html]:
    return {file: Html(file.read_text("utf-8")) for file in folder.rglob("*.html")}


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def _links(page: Html) -> list[str]:
    return [a[name] for _, a in page.tags for name in ("href", "src", "action") if name in a]


@pytest.mark.all_languages
async def test_it_has_every_public_page_the_data_and_the_files(visitor: Visitor, tmp_path: Path) -> None:
    count = await mirror.write_mirror(visitor.site, tmp_path / "mirror")
    names = {str(file.relative_to(tmp_path / "mirror")) for file in (tmp_path / "mirror").rglob("*") if file.is_file()}
    pages = {f"{lang}/{page or 'index'}.html" for lang in LANGUAGES for page in prerender.pages()}
    data = {path.removeprefix("/") for path in prerender.DATA_FILES if mirror._in_mirror(path)}
    data |= {f"{lang}/{name}" for lang in LANGUAGES for name in ("history.svg", "feed.xml")}
    assert names == {"index.html"} | pages | data | {f"static/{name}" for name in assets.load_assets()}
    assert len(names) == count
    await visitor.published()
    for path in filter(mirror._in_mirror, prerender.DATA_FILES):
        assert (tmp_path / f"mirror{path}").read_bytes() == (await visitor.get(path)).content
    assert "2,340" in (tmp_path / "mirror" / "en" / "tally.html").read_text("utf-8")


@pytest.mark.all_languages
@on_sqlite
async def test_no_link_is_broken_and_none_begins_at_the_root(visitor: Visitor, tmp_path: Path) -> None:
    await mirror.write_mirror(visitor.site, tmp_path / "mirror")
    pages = _pages(tmp_path / "mirror")
    ours: set[str] = set()
    for file, page in pages.items():
        for link in _links(page):
            parts = urlsplit(link)
            if parts.scheme:
                ours |= {link.removeprefix(PUBLIC)} if link.startswith(PUBLIC) else set()
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert not link.startswith("/"), (file, link)
            assert target.is_file(), (file, link)
            assert target.is_relative_to((tmp_path / "mirror").resolve()), (file, link)
            assert not parts.fragment or parts.fragment in {a.get("id") for _, a in pages[target].tags}, (file, link)
    assert {f"/{lang}/{page}" for lang in LANGUAGES for page in ("#sign", "manage")} <= ours
    for link in ours:
        expected = 302 if link == "/" else 200  # "/" redirects to the visitor's language
        assert (await visitor.get(link.partition("#")[0])).status_code == expected, link


@pytest.mark.all_languages
@on_sqlite
async def test_nothing_can_be_typed_in_it(visitor: Visitor, tmp_path: Path) -> None:
    await mirror.write_mirror(visitor.site, tmp_path / "mirror")
    for file, page in _pages(tmp_path / "mirror").items():
        assert {tag for tag, _ in page.tags} & {"form", "input", "button", "select", "textarea", "script"} == set(), (
            file
        )
        assert {"name": "referrer", "content": "no-referrer"} in page.all("meta")
        assert f"{PUBLIC}/{file.parent.name if file.parent.name in LANGUAGES else 'en'}/manage" in _links(page)
    for lang in LANGUAGES:
        page = Html((tmp_path / "mirror" / lang / "index.html").read_text("utf-8"))
        assert f"{PUBLIC}/{lang}/#sign" in _links(page)
        assert f"{ONION}/{lang}/" in page.text
    assert "This is a copy" not in (await visitor.get("/en/")).text


@on_sqlite
async def test_where_signing_is_over_the_mirror_says_so(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", met="2026-11-01"))
    await mirror.write_mirror(visitor.site, tmp_path / "mirror")
    page = Html((tmp_path / "mirror" / "en" / "index.html").read_text("utf-8"))
    assert "The demand has been met" in page.text
    assert "This is a copy" not in page.text


@on_sqlite
async def test_it_is_there_as_a_whole_or_not_at_all(visitor: Visitor, tmp_path: Path) -> None:
    before = _names(tmp_path)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="a new or an empty folder"):
        await mirror.write_mirror(visitor.site, full)
    assert [file.name for file in full.iterdir()] == ["mine.txt"]
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "mirror"):
        with pytest.raises(DataError, match="cannot be written"):
            await mirror.write_mirror(visitor.site, folder)
    assert _names(tmp_path) == before | {"full", "file"}


@on_sqlite
async def test_what_fails_half_way_leaves_nothing(visitor: Visitor, tmp_path: Path) -> None:
    """The name of a later file is longer than the system allows."""
    deep = tmp_path
    while (left := 4067 - len(str(deep))) > 1:
        deep /= "d" * min(200, left - 1 if left < 203 else 200)
    deep.mkdir(parents=True)
    with pytest.raises(DataError, match="File name too long"):
        await mirror.write_mirror(visitor.site, deep / "m")
    assert _names(deep) == set()


def test_the_command_makes_files_that_any_server_may_read(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("demo", "--signatures", "100")
    folder = tmp_path / "new" / "mirror"
    output = shell.fine("mirror", str(folder))
    assert re.fullmatch(r"\d+ files; the form stays at http://127\.0\.0\.1:8000\.\n", output)
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}
    assert modes == {(True, 0o755), (False, 0o644)}
    assert "a new or an empty folder" in shell.fails("mirror", str(folder))
