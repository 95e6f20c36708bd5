"""The public address, asked over TLS: a real server on this machine plays each of the sites that may answer there."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from petition.commands.doctor import Finding, reachability
from petition.commands.doctor.reachability import FORGED, Visit
from petition.core.settings import Settings
from tests.tls import server_context

Pages = Callable[[str, str], tuple[int, str]]  # path and X-Forwarded-For to status and text
OURS = "Contact: mailto:help@example.org\nCanonical: https://petition.example/.well-known/security.txt\n"


@contextmanager
def _serving(folder: Path, pages: Pages, name: str = "petition.example", days: float = 80.5) -> Iterator[Visit]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = pages(self.path, self.headers.get("X-Forwarded-For", ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context(folder, name, days).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        trusting = ssl.create_default_context(cafile=str(folder / "trusted.pem"))
        yield Visit(("127.0.0.1", server.server_port), ("127.0.0.77", 0), trusting)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pages(security: str = OURS, metrics: str = "# asked from 203.0.113.7\n", status: int = 200) -> Pages:
    return lambda path, _: (status, metrics if path == "/metrics" else security)


async def _said(settings: Settings, visit: Visit) -> dict[str, Finding]:
    return {finding.subject: finding for finding in await reachability.check_public_address(settings, visit)}


OUTSIDE, PROXY = "public address from outside", "address of visitors behind the proxy"


async def test_a_site_that_is_ours_is_well(healthy: Settings, tmp_path: Path) -> None:
    with _serving(tmp_path, _pages()) as visit:
        said = await _said(healthy, visit)
    assert {finding.state for finding in said.values()} == {"ok"}
    assert set(said) == {"certificate", OUTSIDE, PROXY}


@pytest.mark.parametrize(
    ("pages", "subject", "state", "words"),
    [
        (_pages(security="<h1>Welcome to nginx!</h1>"), OUTSIDE, "fix", "another site answers there"),
        (_pages(security=OURS.replace("petition.", "old.")), OUTSIDE, "fix", "another site answers there"),
        (_pages(status=502), OUTSIDE, "warn", "it answers with error 502"),
        (
            lambda path, forged: (200, f"# asked from {forged}\n" if path == "/metrics" else OURS),
            PROXY,
            "fix",
            "of their own",
        ),
        (_pages(metrics="# asked from 127.0.0.1\n"), PROXY, "fix", "takes every visitor for the proxy"),
    ],
)
async def test_each_fault_of_the_way_is_said(
    pages: Pages, subject: str, state: str, words: str, healthy: Settings, tmp_path: Path
) -> None:
    with _serving(tmp_path, pages) as visit:
        found = (await _said(healthy, visit))[subject]
    assert (found.state, words in found.what) == (state, True), found
    assert FORGED not in found.what


async def test_over_the_loopback_one_comes_from_the_loopback(healthy: Settings, tmp_path: Path) -> None:
    with _serving(tmp_path, _pages(metrics="# asked from 127.0.0.1\n")) as visit:
        said = await _said(healthy, replace(visit, source=None))
    assert said[PROXY].state == "ok"


async def test_metrics_that_anybody_may_read_are_said(healthy: Settings, tmp_path: Path) -> None:
    with _serving(tmp_path, _pages()) as visit:
        found = (await _said(replace(healthy, metrics_token=""), visit))[PROXY]
    assert "/metrics is open to everybody" in found.fix


@pytest.mark.parametrize(("days", "state"), [(80.5, "ok"), (20.5, "warn"), (3.5, "fix")])
async def test_a_certificate_that_ends_soon_is_said(days: float, state: str, healthy: Settings, tmp_path: Path) -> None:
    with _serving(tmp_path, _pages(), days=days) as visit:
        found = (await _said(healthy, visit))["certificate"]
    assert (found.state, f"it ends in {int(days)} days" in found.what) == (state, state != "ok")


@pytest.mark.parametrize(("name", "days"), [("petition.example", -1), ("other.example", 80)])
async def test_a_certificate_that_no_browser_trusts_is_said(
    name: str, days: float, healthy: Settings, tmp_path: Path
) -> None:
    with _serving(tmp_path, _pages(), name, days) as visit:
        said = await _said(healthy, visit)
    assert "browsers will not trust the certificate" in said[OUTSIDE].fix


async def test_a_name_or_a_server_that_is_not_there_is_a_warning(healthy: Settings) -> None:
    assert "has no address in the DNS" in (await _said(healthy, Visit()))[OUTSIDE].warning
    assert "does not answer" in (await _said(healthy, Visit(("127.0.0.1", 1))))[OUTSIDE].warning
