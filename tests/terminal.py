"""A person at a terminal (a pty), who reads what a command asks and types an answer."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.shell import Shell

_PATIENCE = 60  # seconds


class Terminal:
    """`said` has everything that was on the screen."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int) -> None:
        self._process, self._screen = process, screen
        self.said, self._seen = "", 0

    def wait_for(self, text: str) -> None:
        """Until a text is on the screen that was not there at the last call."""
        end = time.monotonic() + _PATIENCE
        while text not in self.said[self._seen :]:
            assert time.monotonic() < end, f"{text!r} did not come: {self.said[self._seen :]!r}"
            assert self._read(), f"it ended before {text!r}: {self.said[self._seen :]!r}"
        self._seen = self.said.index(text, self._seen) + len(text)

    def answer(self, prompt: str, *lines: str) -> None:
        """Types a line each time that a prompt is there."""
        for line in lines:
            self.wait_for(prompt)
            os.write(self._screen, f"{line}\n".encode())

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)

    def end(self) -> int:
        """Its exit code."""
        while self._read():
            pass
        return self._process.wait(timeout=_PATIENCE)

    def _read(self) -> bool:
        """Adds what was printed; False if the program has ended."""
        try:
            if select.select([self._screen], [], [], 1)[0]:
                self.said += os.read(self._screen, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # the other side is closed
            return False
        return True


@contextmanager
def at_terminal(shell: Shell, *arguments: str) -> Iterator[Terminal]:
    """petition ARGUMENTS, at a terminal."""
    screen, inside = pty.openpty()
    process = subprocess.Popen(
        [*shell.command, *arguments], cwd=shell.cwd, env=shell.environment, stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
