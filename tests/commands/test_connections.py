"""A PostgreSQL that takes fewer connections than the configured processes may open: said where a process starts."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from petition.commands import server
from petition.core.settings import Settings
from tests import ROOT, postgres
from tests.postgres import free_port
from tests.shell import Shell, ready


async def test_serve_says_it_in_one_sentence(postgresql_settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """The tests' server takes a hundred connections, three of them for its owner alone."""
    await server.prepare(postgresql_settings, 8)
    assert capsys.readouterr().err == ""
    await server.prepare(postgresql_settings, 9)
    assert capsys.readouterr().err == (
        "Warning: PostgreSQL takes 97 connections, and 9 processes may open 108, and in a rush some visitors would get "
        "an error: set max_connections = 118 in postgresql.conf, then systemctl restart postgresql.\n"
    )


async def test_sqlite_has_no_such_limit(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await server.prepare(settings, 3)
    assert capsys.readouterr().err == ""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Shell]:
    """Commands over a PostgreSQL that takes twenty connections."""
    with postgres.server("-c", "max_connections=20", parent=postgres.memory()) as made:
        made.ask("create database petition")
        yield Shell(tmp_path, PETITION_DATABASE_URL=f"{made.url}/petition")


@pytest.mark.slow  # a PostgreSQL of its own, a web server and a deliverer
def test_serve_and_deliver_say_it_as_commands(small: Shell) -> None:
    port = free_port()
    for command in (("serve", "--workers", "2", "--no-deliver", "--port", str(port)), ("deliver",)):
        process = subprocess.Popen(
            [sys.executable, "-m", "petition", *command],
            cwd=ROOT,
            env=small.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(
                f"Warning: PostgreSQL takes 17 connections, and {3 if len(command) > 1 else 2} processes"
            )
            if command[0] == "serve":
                ready(f"http://127.0.0.1:{port}", process)
            process.send_signal(signal.SIGTERM)
            assert "Warning" not in process.communicate(timeout=120)[0]
        finally:
            process.kill()
            process.wait(timeout=60)
