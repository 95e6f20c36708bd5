"""The probe tells when the certificate of the site ends: it sees what visitors see."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from petition.probe.mailbox import Mailbox
from petition.probe.steps import Result, try_to_sign
from petition.probe.visitor import ProbeError, Visitor
from tests.probe.conftest import ADDRESS
from tests.tls import server_context

DAY = 86_400


class _Unwell(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(502)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal of the tests."""


@contextmanager
def _served(folder: Path, days: float) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Unwell)
    server.socket = server_context(folder, "localhost", days).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _probe(address: str, folder: Path) -> Result:
    (folder / "mails").mkdir()
    for name in ("cur", "new", "tmp"):
        (folder / "mails" / name).mkdir()
    return try_to_sign(address, ADDRESS, Mailbox(folder / "mails", ADDRESS), 1)


def test_its_end_is_noted_also_if_signing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    with _served(tmp_path, days=5) as address:
        result = _probe(address, tmp_path)
    assert (result.step, "502" in result.problem) == ("page", True)
    assert abs(result.certificate_ends - time.time() - 5 * DAY) < 600


def test_one_that_has_ended_is_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    visitor = Visitor("")
    with _served(tmp_path, days=-1) as visitor.base_url, pytest.raises(ProbeError, match="the certificate"):
        visitor.get("/", "page")
    assert visitor.certificate_ends == 0
