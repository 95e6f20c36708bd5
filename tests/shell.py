"""A person at a terminal, and the server they start, each as its own process."""

import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.conftest import IDENTITY
from tests.postgres import free_port

Run = subprocess.CompletedProcess[str]


class Shell:
    """A person at a terminal, with their own environment and folder."""

    command: tuple[str, ...] = (sys.executable, "-m", "petition")
    cwd = ROOT

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        keep = {k: v for k, v in os.environ.items() if not k.startswith("PETITION_")}
        self.environment = {**keep, "PETITION_VAR": str(folder / "var"), **environment}

    def run(self, *arguments: str, stdin: str = "") -> Run:
        """petition ARGUMENTS"""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.cwd,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def fine(self, *arguments: str, stdin: str = "") -> str:
        """The output of a command that must succeed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments: str, stdin: str = "") -> str:
        """The one error sentence of a command that must fail."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr.strip()


@contextmanager
def serving(shell: Shell, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`petition serve` on a free port, ready; its address and process."""
    port = free_port()
    server = subprocess.Popen(
        [*shell.command, "serve", "--port", str(port), *options],
        cwd=shell.cwd,
        env={**shell.environment, "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        ready(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.send_signal(signal.SIGTERM)
        output = _output_at_end(server)
    assert "Traceback" not in output, output
    assert server.returncode in (0, -signal.SIGTERM), output


def _output_at_end(server: "subprocess.Popen[str]") -> str:
    """What it printed. If it does not end, it prints what each of its threads is doing, and is killed."""
    try:
        return server.communicate(timeout=120)[0]
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER
        return server.communicate(timeout=120)[0]


def ready(address: str, server: "subprocess.Popen[Any]") -> None:
    """Waits until the server says that it is ready."""
    for _ in range(3000):  # making every letter takes long under coverage or strace
        try:
            with urllib.request.urlopen(f"{address}/readyz"):
                return
        except OSError:
            assert server.poll() is None
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


def post_form(address: str, **fields: str) -> int:
    """The status of the answer, after redirects."""
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body)) as answer:
        return int(answer.status)


def wait_for(condition: Callable[[], bool], seen: Callable[[], str] = str) -> None:
    """Waits four minutes for what another process does; `seen` says what there is if it does not happen."""
    for _ in range(2400):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen: {seen()}")


def production_settings(folder: Path) -> dict[str, str]:
    """What production mode needs, but for its campaign and database."""
    return {
        "PETITION_BASE_URL": "https://example.org",
        "PETITION_SECRET_KEY": "s" * 40,
        "PETITION_EMAIL_KEY": "e" * 40,
        "PETITION_DESK_KEY": "d" * 40,
        "PETITION_RECIPIENTS": f"{IDENTITY.to_public()}",
        "PETITION_SMTP_URL": "smtps://mail.example.org",
        "PETITION_MAIL_FROM": "links@example.org",
        "PETITION_OUTBOX_KEYS": str(folder / "keys"),
    }
