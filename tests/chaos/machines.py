"""The processes of a site, each of which may be killed at any moment and started again on the same folder and port."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.postgres import Server, children, free_port
from tests.shell import Shell, ready


class Machine:
    """One `petition` command; what it says goes to a file, since a pipe that nobody reads would stop it."""

    def __init__(self, shell: Shell, *arguments: str, under: tuple[str, ...] = (), program: str = "petition") -> None:
        self._command = [*under, sys.executable, "-m", program, *arguments]
        # Who is killed leaves torn files of coverage behind.
        self._environment = {k: v for k, v in shell.environment.items() if not k.startswith("COV")}
        self._log = shell.folder / f"{arguments[0]}.log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Nobody waits for a deliverer."""
        self.begin()

    def begin(self) -> None:
        """Returns at once."""
        with self._log.open("a") as log:
            told: dict[str, Any] = {"stdout": log, "stderr": log, "text": True, "start_new_session": True}
            self.process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, **told)

    def kill(self) -> None:
        """Without a warning, and its workers with it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=60)

    def stop(self) -> None:
        """As an operator does; it must end well."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) in (0, -signal.SIGTERM), self.said()

    def said(self) -> str:
        """All that it ever wrote."""
        return self._log.read_text("utf-8")


class Web(Machine):
    """`petition serve` without delivery."""

    def __init__(self, shell: Shell, *options: str, host: str = "127.0.0.1", **how: Any) -> None:
        port = free_port()
        super().__init__(shell, "serve", "--host", host, "--port", str(port), *options, **how)
        self.address = f"http://{host}:{port}"

    def start(self) -> None:
        """Returns when it is ready."""
        self.begin()
        assert self.process is not None
        ready(self.address, self.process)


class Worker:
    """One of the workers of a web server, which starts another one in its place."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def kill(self) -> None:
        """The eldest."""
        os.kill(self.all()[0], signal.SIGKILL)

    def all(self) -> list[int]:
        """Their process ids; the server has other children too."""
        assert self._web.process is not None
        started = children(self._web.process.pid)
        return [child for child in started if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def begin(self) -> None:
        """Nothing to do."""

    def start(self) -> None:
        """Nothing to do."""


class Backend:
    """Any process of PostgreSQL but the first: when it dies, PostgreSQL ends all others and begins anew by itself."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._family: set[int] = set()

    def kill(self) -> None:
        """The youngest, who serves somebody if anybody is served."""
        self._family = set(self._server.children())
        os.kill(max(self._family), signal.SIGKILL)

    def begin(self) -> None:
        """Nothing to do."""

    def start(self) -> None:
        """Nothing to do but to wait until none of the old ones is there."""
        while self._family & set(self._server.children()):
            time.sleep(0.05)
        self._server.start()


def email_key(shell: Shell) -> str:
    """The key of the hashes that a demo made for itself."""
    return (Path(shell.environment["PETITION_VAR"]) / "secrets" / "email_key").read_text("utf-8").strip()
