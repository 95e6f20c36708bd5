"""A database server that is frozen: it keeps its connections and takes new ones, and answers nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from petition.core.database import database as database_module
from petition.core.database import hosts
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Settings


class Host:
    """A way to the server that can be frozen."""

    def __init__(self, url: str) -> None:
        self._url, self._flowing = urlsplit(url), asyncio.Event()
        self._flowing.set()
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def freeze(self) -> None:
        self._flowing.clear()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                writer.transport.abort()
                with suppress(OSError):  # it was closed while data waited
                    await writer.wait_closed()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._writers += [writer, back]
        for source, target in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._pass_on(source, target)))

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # one end was closed
            while data := await source.read(65_536):
                await self._flowing.wait()
                target.write(data)
                await target.drain()
            target.close()


async def _write(c: Connection) -> None:
    await c.run("state.put", name="x", value="")


async def test_a_new_connection_asks_the_next_host(postgresql_settings: Settings) -> None:
    """The driver would wait a minute for the first, and then begin with it again."""
    with socket.socket() as frozen:
        frozen.bind(("127.0.0.1", 0))
        frozen.listen()
        url = postgresql_settings.database_url.replace("@", f"@127.0.0.1:{frozen.getsockname()[1]},")
        async with asyncio.timeout(40), open_database(url) as database, database.reading() as c:
            assert await c.count_rows("signatures") == 0


async def test_a_connection_that_answers_no_more_is_given_up(
    postgresql_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits gets an error after the longest time that a statement may take; then the next host is asked."""
    monkeypatch.setitem(database_module._POOL_OPTIONS, "command_timeout", 1)
    host = Host(postgresql_settings.database_url)
    async with host.running():
        url = postgresql_settings.database_url.replace("@", f"@127.0.0.1:{host.port},")
        async with asyncio.timeout(100), open_database(url) as database:
            await database.write(_write)
            host.freeze()
            for act in (database.write, database.own_transaction):
                with suppress(DatabaseError):  # the error of who waited on the frozen host
                    await act(_write)
            await database.write(_write)
            await database.own_transaction(_write)
            async with database.reading() as c:
                assert await c.one("state.get", name="x") == {"value": ""}


async def test_of_several_hosts_one_that_is_cut_off_is_noticed(postgresql_settings: Settings) -> None:
    """Its machine acknowledges nothing: `make cluster` cuts one off for real; here is what makes the kernel look."""
    url = postgresql_settings.database_url.replace(
        "@", f"@127.0.0.1:{urlsplit(postgresql_settings.database_url).port},"
    )
    async with open_database(url) as database, database.reading() as c:
        line = c._raw._transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == hosts.CUT_SECONDS * 1000
