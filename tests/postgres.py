"""A real PostgreSQL of our own for the tests: started on a free port, thrown away at the end."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg


@contextmanager
def running() -> Iterator[str]:
    """The URL of a fresh server without its database, such as `postgresql://petition@127.0.0.1:40001`."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="petition-postgresql-"))
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    as_user: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
    try:
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "petition",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)
        options: list[str | Path] = ["-D", data, "-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        command: list[str | Path] = [binaries / "postgres", *options]
        quiet = subprocess.DEVNULL
        server = subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=folder, **as_user)
        try:
            _wait(binaries, port)
            yield f"postgresql://petition@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(binaries: Path, port: int) -> None:
    ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(100):
        if subprocess.run(ready, check=False).returncode == 0:
            return
    raise RuntimeError("PostgreSQL did not start.")


def _binaries() -> Path:
    """Where initdb is: PETITION_TEST_POSTGRESQL, the newest of Debian's, or on the path."""
    if given := os.environ.get("PETITION_TEST_POSTGRESQL"):
        return Path(given)
    debian = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if debian:
        return max(debian, key=lambda p: int(re.findall(r"\d+", p.parent.name)[0]))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise RuntimeError("The tests need PostgreSQL's server programs: initdb and postgres.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def hang_up(url: str) -> None:
    """Ends every other connection to a database, as a restart of the server does."""
    connection = await asyncpg.connect(url)
    others = "datname = current_database() and pid <> pg_backend_pid()"
    await connection.execute(f"select pg_terminate_backend(pid, 10000) from pg_stat_activity where {others}")
    await connection.close()
