"""The mirror that is kept fresh: what is published appears in it, and nothing that goes wrong is lost or left half."""

import re
import shutil
import signal
import subprocess
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petition.commands import demo_data
from petition.core.errors import DataError
from petition.web import mirror, mirror_folder
from petition.web.http import public_state
from petition.web.mirror_folder import LIST, MirrorFolder
from petition.web.mirror_watch import MirrorWatch
from tests import postgres
from tests.conftest import Clock, Visitor
from tests.shell import Shell, wait_for
from tests.web.tools import on_sqlite


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _inodes(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_ino for file in folder.rglob("*") if file.is_file()}


@on_sqlite
async def test_what_is_published_appears_and_nothing_else_is_written(
    visitor: Visitor, tmp_path: Path, time: Clock
) -> None:
    await visitor.published()  # the first release of all
    folder = tmp_path / "mirror"
    watch = MirrorWatch(visitor.site, folder)
    assert await watch.look() > 50
    before, nodes = _files(folder), _inodes(folder)
    assert await watch.look() == 0
    await demo_data.fill_database(visitor.site.database, 2345)
    time.advance(minutes=2)
    await visitor.published()
    assert await watch.look() > 0
    after = _files(folder)
    assert b"2,340" in after["en/tally.html"]
    state = await public_state.read_public_state(visitor.site)
    whole = mirror.render_files(visitor.site, state) | mirror.feature_files(visitor.site)
    assert {name: content for name, content in after.items() if name != LIST} == whole
    same = {name for name in after if before[name] == after[name]} - {LIST}
    assert len(same) > 20
    assert {name for name in same if _inodes(folder)[name] != nodes[name]} == set()
    watch.close()


def test_assets_come_first_and_feeds_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each moment every page has what it links to, and no feed names what is not there."""
    written: list[str] = []
    replace = MirrorFolder._replace

    def note(folder: MirrorFolder, name: str, content: bytes) -> None:
        written.append(name)
        replace(folder, name, content)

    monkeypatch.setattr(MirrorFolder, "_replace", note)
    names = ("en/feed.xml", "en/index.html", "log/checkpoint", "log/tile/0/000", "static/new.css", "tally.json")
    assert MirrorFolder(tmp_path / "mirror").update(dict.fromkeys(names, b"x")) == 6
    expected = ["log/tile/0/000", "static/new.css", "en/index.html", "tally.json", "en/feed.xml", "log/checkpoint"]
    assert written == [LIST, *expected, LIST]


def test_what_is_no_page_any_more_is_deleted_and_what_others_wrote_stays(tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    first = MirrorFolder(folder)
    first.update({"en/old.html": b"1", "en/index.html": b"1", "de/index.html": b"1"})
    (folder / "status.html").write_text("mine")
    first.close()
    again = MirrorFolder(folder)  # another process, which has written nothing yet
    assert again.update({"en/index.html": b"1"}) == 2
    assert _files(folder).keys() == {"en/index.html", "status.html", LIST}
    assert not (folder / "de").exists()
    again.close()
    (folder / LIST).write_text('["../outside", "/etc/hosts", 7, "status.html"]')
    (tmp_path / "outside").touch()
    again.update({"en/index.html": b"1"})
    assert (tmp_path / "outside").exists()


def test_a_folder_of_somebody_else_and_a_second_process_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").touch()
    with pytest.raises(DataError, match="files that no mirror wrote"):
        MirrorFolder(tmp_path / "own").update({"index.html": b""})
    first, second = MirrorFolder(tmp_path / "mirror"), MirrorFolder(tmp_path / "mirror")
    first.update({"index.html": b"1"})
    with pytest.raises(DataError, match="Another process keeps"):
        second.update({"index.html": b"2"})
    assert (tmp_path / "mirror" / "index.html").read_bytes() == b"1"
    first.close()
    assert second.update({"index.html": b"2"}) == 1


def test_a_folder_that_vanished_is_written_again_as_a_whole(tmp_path: Path) -> None:
    folder = MirrorFolder(tmp_path / "disk" / "mirror")
    with pytest.raises(DataError, match="No such file"):
        folder.update({"a/index.html": b"1"})
    (tmp_path / "disk").mkdir()
    assert folder.update({"a/index.html": b"1", "b.html": b"1"}) == 2
    (tmp_path / "disk").rename(tmp_path / "away")
    with pytest.raises(DataError, match="No such file"):
        folder.update({"a/index.html": b"2", "b.html": b"1"})
    (tmp_path / "away").rename(tmp_path / "disk")
    assert folder.update({"a/index.html": b"2", "b.html": b"1"}) == 1
    shutil.rmtree(tmp_path / "disk" / "mirror")
    assert folder.update({"a/index.html": b"2", "b.html": b"1"}) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB, which only root may make."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("only root may mount a small disk")  # a container may not even let root
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_on_a_full_disk_old_pages_stay_whole_and_the_new_ones_come_later(small_disk: Path) -> None:
    folder = MirrorFolder(small_disk / "mirror")
    old, new = b"old" * 10_000, b"new" * 10_000
    folder.update({f"{n}.html": old for n in range(5)})
    (small_disk / "filler").write_bytes(bytes(230_000))
    wanted = {f"{n}.html": new for n in range(20)}
    with pytest.raises(DataError, match="No space left on device"):
        folder.update(wanted)
    there = {name: content for name, content in _files(small_disk / "mirror").items() if name != LIST}
    assert set(there.values()) <= {old, new}, "never half of a page"
    assert not [name for name in there if name.startswith(mirror_folder._TEMPORARY)]
    (small_disk / "filler").unlink()
    few = dict.fromkeys(list(wanted)[:8], new)
    folder.update(few)
    folder.close()
    assert {n: c for n, c in _files(small_disk / "mirror").items() if n != LIST} == few


@contextmanager
def _watching(shell: Shell, folder: Path) -> Iterator[Callable[[], str]]:
    """`petition mirror FOLDER --watch` until the end, when it must stop in good order; what it has said so far."""
    said = shell.folder / "mirror.log"
    with said.open("w") as log:
        command = [*shell.command, "mirror", str(folder), "--watch"]
        process = subprocess.Popen(command, cwd=shell.cwd, env=shell.environment, stdout=log, stderr=log)
    try:
        wait_for((folder / "en" / "feed.xml").exists, said.read_text)
        yield said.read_text
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=120)
    assert code == 0, said.read_text()
    assert "Traceback" not in said.read_text()


def test_the_command_follows_the_site_until_sigterm(tmp_path: Path) -> None:
    """A second one is refused; a folder that was moved away is written again."""
    shell, folder = Shell(tmp_path), tmp_path / "mirror"
    shell.fine("migrate")
    with _watching(shell, folder) as said:
        assert "Another process keeps" in shell.fails("mirror", str(folder), "--watch")
        shutil.move(folder, tmp_path / "away")
        wait_for((folder / "en" / "feed.xml").exists)
    assert "files changed; the form stays at http://127.0.0.1:8000." in said()


@pytest.mark.slow
def test_while_the_database_is_away_pages_stay_and_then_it_catches_up(tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    with postgres.server() as server:
        shell = Shell(tmp_path, PETITION_DATABASE_URL=f"{server.url}/postgres")
        shell.fine("migrate")
        with _watching(shell, folder) as said:
            before = _files(folder)
            server.stop()
            wait_for(lambda: "MirrorWatch.look_again failed: The database cannot be used" in said(), said)
            real_time.sleep(5)  # so that it fails more than once; nothing below depends on how often
            assert _files(folder) == before
            server.start()
            shell.fine("demo", "--signatures", "2350")  # less a remainder from 1 to 10, in tens
            wait_for(lambda: b"2,340" in (folder / "en/tally.html").read_bytes(), said)
            wait_for(lambda: "works again" in said(), said)
    lines = [line for line in said().splitlines() if line.startswith(("WARNING", "ERROR"))]
    assert re.search(r"MirrorWatch.look_again works again: it failed \d+ times in \d+ s\.$", lines[-1])
    assert len(lines) == len(set(lines)), "each reason once"
    assert len(lines) <= 3, "the connection breaks, none can be made, and it works again"
