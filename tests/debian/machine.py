"""A booted Debian: `systemd-nspawn` on a root of its own, without a network but its own loopback."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from tests.debian import roots

STATES = ("running", "degraded")


class Machine:
    """A booted Debian and its root as a folder of this machine."""

    def __init__(self, root: Path, leader: int) -> None:
        self.root, self.leader = root, leader

    def run(self, script: str, stdin: str = "", timeout: float = 300) -> "subprocess.CompletedProcess[str]":
        """Runs a script as root with a HOME that only root may enter, as a login does. Output and errors are one."""
        clean = ("env", "-i", "HOME=/root", "USER=root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        inside = ("nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-r", "-w")
        return subprocess.run(
            [*inside, *clean, path, "bash", "-c", script],
            input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout,
        )  # fmt: skip

    def fine(self, script: str, stdin: str = "", timeout: float = 300) -> str:
        """The output of a script of which no command may fail."""
        done = self.run(f"set -e\n{script}", stdin, timeout)
        assert done.returncode == 0, f"{script}\n{done.stdout[-5000:]}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the booted machine."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(mode)


@contextmanager
def booted(tar: Path, shown: Mapping[Path, str]) -> Iterator[Machine]:
    """A machine that has booted; `shown` are folders that it sees but cannot change."""
    assert shutil.which("systemd-nspawn"), "systemd-nspawn is missing: install systemd-container."
    with roots.unpacked(tar) as root:
        (root / "etc" / "machine-id").write_text("")  # nothing is preset, as after an installation
        (root / "root").chmod(0o700)
        binds = [f"--bind-ro={folder}:{inside}" for folder, inside in shown.items()]
        command = [
            "setpriv",
            "--pdeathsig",
            "TERM",
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--private-network",
            "-b",
        ]
        command += ["--console=pipe", f"--machine=petition-{token_hex(4)}", "-D", str(root), *binds]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            machine = Machine(root, _leader(process))
            _wait_until_booted(machine)
            yield machine
        finally:
            process.terminate()  # a clean power-off
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _leader(process: "subprocess.Popen[bytes]") -> int:
    """The first process of the booted machine."""
    for _ in range(1200):
        assert process.poll() is None, "systemd-nspawn cannot boot on this machine"
        for child in _children(process.pid):
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return child
            for grandchild in _children(child):
                return grandchild
        time.sleep(0.1)
    raise AssertionError("nothing was booted")


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_until_booted(machine: Machine) -> None:
    state = ""
    for _ in range(1200):
        state = machine.run("systemctl is-system-running").stdout.strip()
        if state in STATES:
            return
        time.sleep(0.2)
    raise AssertionError(f"not booted: {state}")
