"""What passes between a visitor and our nginx, as seen by who carries it: the lengths of the TLS records."""

import asyncio
import ssl
from collections.abc import Callable
from typing import TypeVar

from tests.project.nginx import NAME, Nginx

T = TypeVar("T")
_APPLICATION_DATA = 23  # the type of a record (RFC 8446, 5.1)
_DATA, _HEADERS, _SETTINGS, _WINDOW_UPDATE = 0, 1, 4, 8  # the types of HTTP/2 frames (RFC 9113, 6)
_END_STREAM, _END_HEADERS = 1, 4
_OPENING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


async def record_lengths(nginx: Nginx, method: str, path: str, body: bytes = b"") -> list[int]:
    """The lengths of all encrypted records that come down for one request over HTTP/2 and TLS 1.3."""
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    line = _Line(nginx, reader, writer)
    await line.act(line.tls.do_handshake)
    line.tls.write(
        _OPENING + _frame(_SETTINGS, 0, 0, b"\0\4\0\x7f\xff\xff") + _frame(_WINDOW_UPDATE, 0, 0, b"\0\x7f\0\0")
    )
    line.tls.write(_request(method, path, body))
    await line.frames_until_end()
    writer.close()
    return [length for kind, length in _records(bytes(line.seen)) if kind == _APPLICATION_DATA]


class _Line:
    """A TLS connection; `seen` is what came down."""

    def __init__(self, nginx: Nginx, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = ssl.create_default_context(cafile=str(nginx.trusted))
        context.set_alpn_protocols(["h2"])
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=NAME)
        self._reader, self._writer, self.seen = reader, writer, bytearray()

    async def act(self, step: Callable[[], T]) -> T:
        """Does a step of TLS, for which more may have to come down first."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._writer.write(self._out.read())
                came = await asyncio.wait_for(self._reader.read(65536), 30)
                assert came
                self.seen += came
                self._in.write(came)

    async def frames_until_end(self) -> None:
        plain = bytearray()
        while True:
            plain += await self.act(lambda: self.tls.read(65536))
            while len(plain) >= 9 and len(plain) >= (whole := 9 + int.from_bytes(plain[:3], "big")):
                if plain[3] in (_DATA, _HEADERS) and plain[4] & _END_STREAM:
                    return
                del plain[:whole]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _request(method: str, path: str, body: bytes) -> bytes:
    fields = {":method": method, ":scheme": "https", ":authority": NAME, ":path": path}
    if body:
        fields |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    # Literal fields that enter no table (RFC 7541, 6.2.2); none is longer than 126 bytes.
    block = b"".join(b"\0%c%s%c%s" % (len(k), k.encode(), len(v), v.encode()) for k, v in fields.items())
    head = _frame(_HEADERS, _END_HEADERS | (0 if body else _END_STREAM), 1, block)
    return head + (_frame(_DATA, _END_STREAM, 1, body) if body else b"")


def _records(seen: bytes) -> list[tuple[int, int]]:
    found = []
    while len(seen) >= 5:
        length = int.from_bytes(seen[3:5], "big")
        found.append((seen[0], length))
        seen = seen[5 + length :]
    return found
