"""`make bench`: what the site does per second on this machine, with a floor beside each figure. Loopback only, bounded.

The load generator is asyncio over kept connections in this process; it takes about half a core, so figures are lower
bounds. Ratios within one run mean more than the figures.
"""

import asyncio
import io
import resource
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from petition import editions
from petition.site import opened
from tests import postgres
from tests.conftest import make_settings
from tests.shell import Shell, serving

CONNECTIONS, SECONDS = 32, 5.0
Request = Callable[[int], bytes]


async def rate(address: str, request: Request) -> tuple[float, float]:
    """(requests per second, 99th percentile in milliseconds) over SECONDS."""
    host, port = address.removeprefix("http://").split(":")
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    async def client(n: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while (begin := time.perf_counter()) < end:
            writer.write(request(n + CONNECTIONS * len(times)))
            await _answer(reader)
            times.append(time.perf_counter() - begin)
        writer.close()

    await asyncio.gather(*[client(n) for n in range(CONNECTIONS)])
    return len(times) / SECONDS, sorted(times)[int(len(times) * 0.99)] * 1000


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith((b"http/1.1 2", b"http/1.1 3")), head[:40]
    await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0))


def get(path: str) -> Request:
    """The same page again and again."""
    raw = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    return lambda _: raw


def sign(n: int) -> bytes:
    """Somebody new each time."""
    body = urlencode({"email": f"someone{n}@example.net", "country": "PL", "consent": "on"})
    head = f"POST /en/sign HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()


async def letters(folder: Path, url: str) -> tuple[float, float]:
    """(seconds, MB of ZIP) for all letters."""
    async with opened(make_settings(url, folder), migrate=True) as site:
        async with site.database.reading() as c:
            edition = await editions.draw_up(c, site.appeal, site.book, site.settings.base_url)
        begin, file = time.perf_counter(), io.BytesIO()
        editions.archive(edition, {}, file)
        return time.perf_counter() - begin, len(file.getvalue()) / 1e6


def measure(name: str, url: str) -> None:
    """One server over one database: fixed bytes, the appeal, the tally, signing."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Shell(Path(folder), PETITION_DATABASE_URL=url), "--no-deliver") as (address, _),
    ):
        floor = _show(name, "fixed bytes (/healthz)", rate(address, get("/healthz")), None)
        _show(name, "appeal page", rate(address, get("/en/")), floor)
        _show(name, "tally.json", rate(address, get("/tally.json")), floor)
        _show(name, "sign", rate(address, sign), floor)


def _show(name: str, what: str, run: Coroutine[Any, Any, tuple[float, float]], floor: float | None) -> float:
    per_second, p99 = asyncio.run(run)
    ratio = f"{per_second / floor:6.2f}" if floor else "     1"
    print(f"{name:12} {what:24} {per_second:9.0f} /s   p99 {p99:7.1f} ms   ratio {ratio}", flush=True)
    return per_second


def main() -> None:
    """The whole table."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, size = asyncio.run(letters(Path(folder), f"sqlite:///{folder}/petition.db"))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(
            f"{'letters':12} {'39 as PDF in one ZIP':24} {seconds:9.2f} s    {size:.1f} MB, {memory:.0f} MB of memory"
        )
        measure("sqlite", f"sqlite:///{folder}/bench.db")
    with postgres.running() as server:
        measure("postgresql", f"{server}/postgres")


if __name__ == "__main__":
    main()
