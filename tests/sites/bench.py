"""Memory and start of one process with several campaigns: `python -m tests.sites.bench`. Results: docs/scale.md.

Each campaign is in production on SQLite, empty, with the shipped texts in all languages.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.postgres import free_port
from tests.shell import wait_for
from tests.sites.conftest import shell_for, write_production
from tests.web import tools

SEVERAL = (1, 2, 5)


def main() -> None:
    for n in SEVERAL:
        with tempfile.TemporaryDirectory(prefix="petition-bench-") as name:
            folder = Path(name)
            names = [f"campaign{k}" for k in range(n)]
            for one in names:
                (folder / "campaigns").mkdir(exist_ok=True)
                tools.campaign(folder / "campaigns" / one, deadline="2090-01-01", destruction="2091-01-01")
                write_production(folder, one, "smtp://127.0.0.1:1?tls=no")
            first, again = _measure(folder, names), _measure(folder, names)
            print(f"| {n} | {again[0]:.0f} MB | {first[1]:.0f} s | {again[1]:.0f} s |", flush=True)


def _measure(folder: Path, names: list[str]) -> tuple[float, float]:
    """Megabytes in memory once each campaign has answered, and seconds until then."""
    begin = time.perf_counter()
    with _serving(folder) as (process, address), httpx2.Client() as client:

        def answers(name: str) -> bool:
            try:
                return client.get(f"{address}/de/", headers={"Host": f"{name}.example"}).status_code == 200
            except httpx2.TransportError:
                return False

        wait_for(lambda: all(map(answers, names)))
        seconds = time.perf_counter() - begin
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1000, seconds


@contextmanager
def _serving(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    shell, port = shell_for(folder), free_port()
    command = [*shell.command, "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=shell.cwd, env=shell.environment)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
