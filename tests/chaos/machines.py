"""The processes of a site: each can be killed at any moment and started again on the same folder and port."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.postgres import Server, children, free_port
from tests.shell import Shell, ready


class Machine:
    """One `petition` command. Its output goes to a file, since a full pipe that nobody reads would stop it."""

    def __init__(
        self,
        shell: Shell,
        *arguments: str,
        under: tuple[str, ...] = (),
        program: str = "petition",
        files: tuple[int, ...] = (),
    ) -> None:
        self.shell, self._files = shell, files
        self._command = [*under, sys.executable, "-m", program, *arguments]
        # A killed process leaves broken coverage files behind.
        self._environment = {k: v for k, v in shell.environment.items() if not k.startswith("COV")}
        self._log = shell.folder / f"{arguments[0]}.log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts and returns at once: nobody waits for a deliverer."""
        self.begin()

    def begin(self) -> None:
        """Starts the process and returns at once."""
        with self._log.open("a") as log:
            told: dict[str, Any] = {"stdout": log, "stderr": log, "text": True, "start_new_session": True}
            more: dict[str, Any] = {"cwd": self.shell.cwd, "env": self._environment, "pass_fds": self._files}
            self.process = subprocess.Popen(self._command, **told, **more)

    def kill(self) -> None:
        """Kills it and its workers without a warning."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=120)

    def stop(self) -> None:
        """Stops it as an operator does; it must end without an error."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=120) in (0, -signal.SIGTERM), self.said()

    def finish(self) -> None:
        """Waits until it ends by itself; it must end without an error."""
        assert self.process is not None
        assert self.process.wait(timeout=120) == 0, self.said()

    def said(self) -> str:
        """All output so far."""
        return self._log.read_text("utf-8")


class Web(Machine):
    """`petition serve` without delivery. `held` is a listening socket that somebody holds for it, as systemd does."""

    def __init__(
        self, shell: Shell, *options: str, host: str = "127.0.0.1", held: socket.socket | None = None, **how: Any
    ) -> None:
        port = held.getsockname()[1] if held else free_port()
        if held:
            take_socket = f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&{held.fileno()}'
            how |= {"under": ("bash", "-c", take_socket, "systemd"), "files": (held.fileno(),)}
        super().__init__(shell, "serve", "--host", host, "--port", str(port), *options, **how)
        self.address = f"http://{host}:{port}"

    def start(self) -> None:
        """Returns when it is ready."""
        self.begin()
        assert self.process is not None
        ready(self.address, self.process)


class Worker:
    """One worker of a web server; the server starts another one in its place."""

    def __init__(self, web: Web) -> None:
        self._web = web

    def kill(self) -> None:
        """Kills the oldest worker."""
        os.kill(self.all()[0], signal.SIGKILL)

    def all(self) -> list[int]:
        """The process ids of the workers; the server has other children too."""
        assert self._web.process is not None
        started = children(self._web.process.pid)
        return [child for child in started if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def begin(self) -> None:
        """Nothing to do."""

    def start(self) -> None:
        """Nothing to do."""


class Backend:
    """Any process of PostgreSQL but the first: if one crashes, PostgreSQL restarts all others by itself."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._family: set[int] = set()

    def kill(self) -> None:
        """Kills the youngest process: it serves a client if any process does."""
        self._family = set(self._server.children())
        os.kill(max(self._family), signal.SIGKILL)

    def begin(self) -> None:
        """Nothing to do."""

    def start(self) -> None:
        """Waits until none of the old processes is there."""
        while self._family & set(self._server.children()):
            time.sleep(0.05)
        self._server.start()


def email_key(shell: Shell) -> str:
    """The key of the email hashes that a demo made for itself."""
    return (Path(shell.environment["PETITION_VAR"]) / "secrets" / "email_key").read_text("utf-8").strip()
