"""Machines as network namespaces, with the addresses that docs/deploy/cluster names: nothing leaves this computer.

All of it is inside a namespace of its own, which `make cluster` enters first. The front machine is that one.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAMES = Path("/run/netns")
FRONT = "192.0.2.31"
DATABASES = {f"db{n}": f"192.0.2.1{n}" for n in (1, 2, 3)}
APPS = {f"app{n}": f"192.0.2.2{n}" for n in (1, 2, 3)}


def connect() -> None:
    """Makes all machines and the cable between them. Their names are in this mount namespace alone."""
    NAMES.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "petition", NAMES], check=True)
    _ip("link", "set", "lo", "up")
    _ip("link", "add", "hub", "type", "bridge")
    _ip("addr", "add", f"{FRONT}/24", "dev", "hub")
    _ip("link", "set", "hub", "up")
    for name, address in (DATABASES | APPS).items():
        _ip("netns", "add", name)
        _ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", f"to-{name}", "master", "hub", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")


def disconnect() -> None:
    """Kills what still runs on a machine and removes all of them."""
    for name in DATABASES | APPS:
        send(name, signal.SIGKILL)
        _ip("netns", "del", name)


def inside(name: str, account: str = "") -> tuple[str, ...]:
    """The words before a command that runs on a machine."""
    words = ("nsenter", f"--net={NAMES / name}")
    if not account:
        return words
    return (*words, "setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups", "--")


def send(name: str, number: signal.Signals) -> None:
    """A signal to every process of a machine: SIGKILL is a cut of its power, SIGSTOP a machine that hangs."""
    found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True).stdout
    for process in found.split():
        with suppress(ProcessLookupError):  # it has ended
            os.kill(int(process), number)


@contextmanager
def cut(name: str) -> Iterator[None]:
    """Nothing reaches the machine, and it reaches nobody."""
    _ip("link", "set", f"to-{name}", "down")
    try:
        yield
    finally:
        _ip("link", "set", f"to-{name}", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
