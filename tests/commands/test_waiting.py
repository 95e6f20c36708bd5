"""The database is away when a server starts: it waits, and says so once; visitors are told to come again."""

import asyncio
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from petition.commands import waiting
from petition.core.errors import DatabaseAway
from tests import postgres
from tests.conftest import Clock
from tests.postgres import Server, free_port
from tests.shell import Shell, ready, wait_for

WAITS = "Waiting for it, 5 minutes at most."


@pytest.fixture
def stopped() -> Iterator[Server]:
    """A PostgreSQL that has a database and is not there yet."""
    with postgres.server() as server:
        server.ask("create database petition")
        server.stop()
        yield server


@contextmanager
def _started(shell: Shell, *command: str, held: socket.socket | None = None) -> Iterator["subprocess.Popen[str]"]:
    inherit = f"LISTEN_FDS=1 LISTEN_PID=$$ exec $0 $@ 3<&{held.fileno()}" if held else "exec $0 $@"
    process = subprocess.Popen(
        ["bash", "-c", inherit, *shell.command, *command],
        cwd=shell.cwd,
        env=shell.environment,
        pass_fds=[held.fileno()] if held else [],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=120)


def _status(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        return error.code, f"{error.headers['Retry-After']} {error.read().decode()}"
    except OSError:
        return 0, ""


@pytest.mark.parametrize("inherits", [False, True], ids=["own socket", "socket of systemd"])
def test_serve_waits_and_answers_answering(inherits: bool, stopped: Server, tmp_path: Path) -> None:
    shell = Shell(tmp_path, PETITION_DATABASE_URL=f"{stopped.url}/petition")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1] if inherits else free_port()
        command = ("serve", "--no-deliver", "--port", str(port))
        with _started(shell, *command, held=held if inherits else None) as server:
            wait_for(lambda: _status(f"http://127.0.0.1:{port}/en/")[0] == 503)
            assert _status(f"http://127.0.0.1:{port}/readyz") == (
                503,
                "30 The site has started and waits for its database. Please try again in a minute.\n",
            )
            stopped.start()
            ready(f"http://127.0.0.1:{port}", server)
            assert _status(f"http://127.0.0.1:{port}/en/") == (200, "")
            server.send_signal(signal.SIGTERM)
            output = server.communicate(timeout=120)[0]
    assert output.count(WAITS) == 1
    assert output.count("The database is there.") == 1


def test_deliver_waits_too(stopped: Server, tmp_path: Path) -> None:
    shell = Shell(tmp_path, PETITION_DATABASE_URL=f"{stopped.url}/petition")
    stopped.start()
    shell.fine("migrate")
    stopped.stop()
    with _started(shell, "deliver") as deliverer:
        assert deliverer.stdout is not None
        assert WAITS in deliverer.stdout.readline()
        stopped.start()
        wait_for(lambda: stopped.ask("select count(*) from pg_stat_activity where application_name = 'petition'") != 0)
        deliverer.send_signal(signal.SIGTERM)
        output = deliverer.communicate(timeout=120)[0]
        assert "Traceback" not in output


def test_it_can_be_stopped_while_it_waits(stopped: Server, tmp_path: Path) -> None:
    shell = Shell(tmp_path, PETITION_DATABASE_URL=f"{stopped.url}/petition")
    with _started(shell, "serve", "--port", str(free_port())) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert WAITS in line
        server.send_signal(signal.SIGTERM)
        assert "Traceback" not in server.communicate(timeout=60)[0]


@pytest.mark.parametrize("wrong", ["database", "role"])
def test_what_waiting_does_not_fix_is_said_at_once(wrong: str, stopped: Server, tmp_path: Path) -> None:
    stopped.start()
    url = f"{stopped.url}/nothing" if wrong == "database" else f"{stopped.url}/petition".replace("petition@", "nobody@")
    assert "The database cannot be used" in Shell(tmp_path, PETITION_DATABASE_URL=url).fails("serve")


async def test_after_five_minutes_it_gives_up(time: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    @asynccontextmanager
    async def answering() -> AsyncIterator[None]:
        time.advance(seconds=waiting.WAIT_SECONDS + 1)
        yield

    with pytest.raises(DatabaseAway, match="cannot be used"):
        await waiting.await_database("postgresql://127.0.0.1:1/petition", answering)
    assert capsys.readouterr().err.count("\n") == 1


async def test_a_request_that_never_ends_or_is_too_long_gets_no_answer() -> None:
    port = free_port()
    async with waiting.not_ready("127.0.0.1", port, None):
        for request in (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, b"GET / HTTP/1.1\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            writer.write_eof()
            with suppress(ConnectionError):  # that is no answer either
                assert await reader.read() == b""
            writer.close()
