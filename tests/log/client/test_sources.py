"""Where a stranger reads: only below the address that they gave, and never more than there is room for."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from petition.log.client import sources
from petition.log.client.sources import Folder, NotThere, open_source
from petition.log.errors import LogError
from tests.log.command_line import run
from tests.log.samples import KEY
from tests.log.story import MOVED, Served, served


def test_a_site_may_lie_below_a_path(folder: Path) -> None:
    with served(folder.parent) as server:
        for place in (f"{server.url}/site", f"{server.url}/site/", f"{server.url}/site/log", f"{server.url}/site/log/"):
            assert open_source(place).read("tally.json") == (folder / "tally.json").read_bytes()


def test_another_host_is_not_asked(site: Served, folder: Path) -> None:
    with served(folder) as other:
        site.moved_to = other.url
        with pytest.raises(LogError, match="leads to another site, which is not followed"):
            open_source(site.url).read("log/checkpoint")
        done = run("verify", site.url, "--vkey", KEY.vkey)
        assert done.code == 1
        assert "leads to another site" in done.failures[0]
    site.moved_to = "file:///etc/passwd?"
    with pytest.raises(LogError, match="the site answers 302"):
        open_source(site.url).read("log/checkpoint")


def test_a_redirect_on_the_same_host_is_followed(site: Served, folder: Path) -> None:
    site.moved_to = f"{site.url}{MOVED}"
    assert open_source(site.url).read("tally.json") == (folder / "tally.json").read_bytes()


def test_what_is_not_there(url: str, folder: Path) -> None:
    for source in (open_source(url), open_source(str(folder))):
        with pytest.raises(NotThere):
            source.read("log/tile/7/000")
        assert isinstance(source.read_all(["nothing"])["nothing"], NotThere)
    with pytest.raises(LogError, match="cannot be read"):
        open_source("http://127.0.0.1:9").read("log/checkpoint")
    with pytest.raises(LogError, match="cannot be read"):
        open_source("http://[").read("log/checkpoint")
    assert not open_source(url).may_have("tally.json")
    assert open_source(str(folder)).may_have("tally.json")


def test_a_copy_of_the_log_gives_no_file_beside_it(folder: Path) -> None:
    source = open_source(str(folder / "log"))
    assert not source.has_site
    assert source.read("log/checkpoint") == (folder / "log/checkpoint").read_bytes()
    with pytest.raises(NotThere):
        source.read("tally.json")


class _Odd(http.server.BaseHTTPRequestHandler):
    """Answers that no honest site gives."""

    def do_GET(self) -> None:
        if self.path == "/broken":
            self.wfile.write(b"hello\r\n\r\n")
            return
        self.send_response(500 if self.path == "/busy" else 200)
        self.end_headers()
        if self.path == "/endless":
            with suppress(ConnectionError):  # the reader has had enough
                for _ in range(40):
                    self.wfile.write(bytes(1 << 20))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def odd() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_file_is_endless(odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1 << 20)
    with pytest.raises(LogError, match="is larger than"):
        open_source(odd).read("endless")
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(LogError, match="is larger than"):
        Folder(tmp_path).read("large")
    with pytest.raises(LogError, match="the site answers 500"):
        open_source(odd).read("busy")
    with pytest.raises(LogError, match="cannot be read"):
        open_source(odd).read("broken")
    monkeypatch.setattr(sources, "_LONGEST", -1)
    with pytest.raises(LogError, match="took longer than"):
        open_source(odd).read("endless")


def test_a_file_that_nobody_may_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(LogError):
        Folder(tmp_path).read("loop")
