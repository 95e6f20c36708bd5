"""The server as a process: crowds that only hold connections, endless bodies, and a restart that refuses nobody."""

import asyncio
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from petition.web.http import forms
from tests import ROOT
from tests.conftest import Visitor
from tests.mail.delivering import until
from tests.shell import Shell, ready, serving
from tests.web.tools import on_sqlite

IDLE = 2000


async def _ask(address: str, method: str = "GET", path: str = "/healthz", body: str = "") -> str:
    """The first line of the answer, over a new connection."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Content-Type: {FORM}\r\n\r\n{body}".encode())
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n")[0].decode()


FORM = "application/x-www-form-urlencoded"
SIGNING = "email=anna%40example.net&country=PL&consent=on"
BEGUN = (
    f"POST /en/sign HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\nContent-Length: 300\r\n\r\nemail=".encode()
)


@pytest.fixture
def many_files() -> None:
    """Enough files for both ends of the crowd's connections: the test's own ends are files too."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def test_a_crowd_that_holds_connections_locks_nobody_out(tmp_path: Path, many_files: None) -> None:
    with serving(Shell(tmp_path)) as (address, _):
        parts = urlsplit(address)
        crowd = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(IDLE)]
        for _, writer in crowd[: IDLE // 4]:
            writer.write(BEGUN)
        for _, writer in crowd[IDLE // 4 : IDLE // 2]:
            writer.write(b"GET / HTTP/1.1\r\nHost:")
        for _ in range(20):
            assert await _ask(address, "POST", "/en/sign", SIGNING) == "HTTP/1.1 303 See Other"
        for _, writer in crowd:
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize("framing", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
async def test_a_gigabyte_is_not_read(framing: str, tmp_path: Path) -> None:
    with serving(Shell(tmp_path)) as (address, _):
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST /en/sign HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {FORM}\r\n{framing}\r\n\r\n"
        writer.write(head.encode())
        piece = b"x" * 65536 if "Length" in framing else b"10000\r\n" + b"x" * 65536 + b"\r\n"
        sent = 0
        with suppress(ConnectionError):
            while sent < 1_000_000_000:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
        assert sent < 20_000_000
        with suppress(ConnectionError):  # the answer may be lost together with bytes that were still on their way
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()
        assert await _ask(address) == "HTTP/1.1 200 OK"


async def test_broken_requests_fill_no_log(tmp_path: Path) -> None:
    """Nobody reads the log of this server, which is a pipe of 64 kB: each line would bring its end nearer."""
    broken = (b"no request\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    with serving(Shell(tmp_path)) as (address, _):
        parts = urlsplit(address)
        for request in broken * 750:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(request)
            assert await asyncio.wait_for(reader.readline(), 60)
            writer.close()
        assert await _ask(address) == "HTTP/1.1 200 OK"


@on_sqlite
async def test_a_body_that_never_comes_is_not_waited_for(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "BODY_TIMEOUT_SECONDS", 0.05)

    async def slowly() -> "asyncio.AsyncIterator[bytes]":  # type: ignore[name-defined]  # only httpx2 reads it
        yield b"email="
        await asyncio.sleep(5)

    answer = await visitor.client.post("/en/sign", content=slowly(), headers={"Content-Type": FORM})
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


@contextmanager
def _holding() -> Iterator[socket.socket]:
    """A listening socket that systemd holds during every restart."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(500)
        yield held


def _serve(shell: Shell, held: socket.socket) -> "subprocess.Popen[str]":
    """`petition serve` as systemd starts it: the socket is file 3."""
    port = held.getsockname()[1]
    command = f'LISTEN_FDS=1 LISTEN_PID=$$ exec "{sys.executable}" -m petition serve --port {port} 3<&{held.fileno()}'
    return subprocess.Popen(
        ["bash", "-c", command],
        cwd=ROOT,
        env=shell.environment,
        pass_fds=[held.fileno()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


async def test_a_restart_refuses_nobody(tmp_path: Path) -> None:
    with _holding() as held:
        shell, address = Shell(tmp_path), f"http://127.0.0.1:{held.getsockname()[1]}"
        server = _serve(shell, held)
        await asyncio.to_thread(ready, address, server)
        answers: list[str] = []
        stop = asyncio.Event()

        async def visitors() -> None:
            while not stop.is_set():
                answers.append(await _ask(address, "POST", "/en/sign", SIGNING))

        crowd = [asyncio.create_task(visitors()) for _ in range(4)]
        for _ in range(2):
            server.send_signal(signal.SIGTERM)
            assert "Traceback" not in (await asyncio.to_thread(server.communicate))[0]
            wanted = len(answers) + 20
            server = _serve(shell, held)
            await until(lambda: len(answers) >= wanted)  # noqa: B023 (called before it changes)
        stop.set()
        await asyncio.gather(*crowd)
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.communicate)
    assert set(answers) == {"HTTP/1.1 303 See Other"}
