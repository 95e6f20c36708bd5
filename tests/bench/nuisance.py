"""What makes life hard for a server, in its own process that is stopped from outside. Loopback only.

`python -m tests.bench.nuisance KIND ADDRESS`, KIND of NUISANCES; prints "begun" at full strength.
"""

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import uvloop

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD = (
    "POST /en/sign HTTP/1.1\r\nHost: petition.example\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
)
FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"


async def idle(line: Line) -> None:
    """Sends nothing."""
    await line[0].read()


async def slow(line: Line) -> None:
    """Sends a body of 300 bytes, one per second."""
    line[1].write(f"{HEAD}{FORM}Content-Length: 300\r\n\r\n".encode())
    for letter in b"x" * 300:
        line[1].write(bytes([letter]))
        await asyncio.sleep(1)


async def upload(line: Line) -> None:
    """Sends a gigabyte."""
    line[1].write(f"{HEAD}{FORM}Content-Length: 1000000000\r\n\r\n".encode())
    for _ in range(16_000):
        line[1].write(b"x" * 65_536)
        await line[1].drain()


async def flood(line: Line) -> None:
    """Signs with made-up mailboxes, all from one network, as fast as the answers come."""
    for n in range(1_000_000):
        body = f"email=x{id(line)}x{n}%40example.net&country=PL&consent=on"
        line[1].write(f"{HEAD}{FORM}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        head = (await line[0].readuntil(b"\r\n\r\n")).lower()
        await line[0].readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0))


# The number of each at the same time.
NUISANCES: dict[str, tuple[Callable[[Line], Awaitable[None]], int]] = {
    "10,000 idle connections": (idle, 10_000),
    "500 bodies, a byte a second": (slow, 500),
    "20 uploads of a gigabyte": (upload, 20),
    "a flood from one network": (flood, 64),
}


async def _again(act: Callable[[Line], Awaitable[None]], host: str, port: int, first: asyncio.Semaphore) -> None:
    """Repeats an act; if the server closes the connection, it comes back a moment later."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            line = await asyncio.open_connection(host, port)
            first.release()
            await act(line)
        await asyncio.sleep(0.1)


async def _main(kind: str, address: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    act, many = NUISANCES[kind]
    host, _, port = address.removeprefix("http://").partition(":")
    connected = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(_again(act, host, int(port), connected)) for _ in range(many)]
    for _ in range(many):
        await connected.acquire()
    print("begun", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    uvloop.run(_main(*sys.argv[1:]))
