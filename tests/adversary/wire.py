"""The site behind a real server, and a browser whose every answer is kept as bytes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import uvicorn

from petition.commands import server
from tests.conftest import Visitor
from tests.mail.delivering import until
from tests.postgres import free_port

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
# What a browser fetches by itself once it has a page.
_RESOURCE = re.compile(r'<(?:link rel="(?:icon|stylesheet)"|script|img)[^>]*?(?:href|src)="([^"]+)"')


class Answer:
    """One answer as it went over the wire."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head, self.body = head, body

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def size(self) -> int:
        """What who watches the wire counts."""
        return len(self.head) + len(self.body)

    @property
    def undated(self) -> bytes:
        """Every byte, but for the time."""
        return re.sub(rb"\ndate: [^\r]+", b"", self.head) + self.body

    def header(self, name: str) -> str:
        found = re.findall(rf"^{name}: (.*)\r$", self.head.decode("latin-1"), re.M)
        return found[0] if found else ""

    @property
    def kind(self) -> tuple[int, frozenset[str]]:
        """The status and the names of the headers."""
        return self.status, frozenset(re.findall(r"^([\w-]+): ", self.head.decode("latin-1"), re.M))

    @property
    def resources(self) -> list[str]:
        """The addresses that a browser fetches for this page."""
        return sorted(_RESOURCE.findall(self.body.decode()))


class Browser:
    """Sends requests over a connection of its own. It keeps no cookies unless it is given some."""

    def __init__(self, port: int) -> None:
        self._port, self.cookie = port, ""

    async def send(self, method: str, path: str, body: bytes = b"", /, **headers: str) -> Answer:
        lines = {"Host": f"127.0.0.1:{self._port}", "Content-Length": str(len(body)), "Cookie": self.cookie} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        try:
            answered = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\ncontent-length: (\d+)", answered)
            assert length is not None, answered
            return Answer(answered, b"" if method == "HEAD" else await reader.readexactly(int(length[1])))
        finally:
            writer.close()

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.send("GET", path, **headers)

    async def post(self, path: str, **fields: str) -> Answer:
        return await self.send("POST", path, urlencode(fields).encode(), **FORM)


@asynccontextmanager
async def served(visitor: Visitor) -> AsyncIterator[Browser]:
    """A browser of the visitor's site, which a server answers as `petition serve` does."""
    port = free_port()
    config = server._config(visitor.site.settings, "127.0.0.1", port, 1)
    config.app, config.factory, config.lifespan = visitor.app, False, "off"  # it runs already
    web = uvicorn.Server(config)
    running = asyncio.create_task(web._serve())
    await until(lambda: web.started)
    yield Browser(port)
    web.should_exit = True
    await running
