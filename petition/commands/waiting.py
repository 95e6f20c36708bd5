"""Waits, at the start of a server, for a database that is away: after a reboot, or while a standby takes over."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from socket import socket

from petition.core import clock
from petition.core.database.database import open_database
from petition.core.errors import DatabaseAway

WAIT_SECONDS = 300
_PAUSE = 1.0
_REQUEST_SECONDS, _REQUEST_BYTES = 10, 16_384
_BODY = b"The site has started and waits for its database. Please try again in a minute.\n"
_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    b"Retry-After: 30\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
Answering = Callable[[], AbstractAsyncContextManager[object]]


async def await_database(url: str, answering: Answering = nullcontext) -> None:
    """Returns when the database can be reached; `answering` is entered only if that takes time.

    Raises DatabaseError after WAIT_SECONDS, and at once for what waiting does not fix, such as a wrong password.
    """
    if not (problem := await why_away(url)):
        return
    print(f"{problem} Waiting for it, {WAIT_SECONDS // 60} minutes at most.", file=sys.stderr, flush=True)
    end = clock.running_seconds() + WAIT_SECONDS
    async with answering():
        while problem := await why_away(url):
            if clock.running_seconds() > end:
                raise DatabaseAway(problem)
            await asyncio.sleep(_PAUSE)
    print("The database is there.", file=sys.stderr, flush=True)


async def why_away(url: str) -> str:
    """Why it cannot be reached now; empty if it can."""
    if url.startswith("sqlite"):
        return ""
    try:
        async with open_database(url) as database, database.reading():
            return ""
    except DatabaseAway as error:
        return str(error)


@asynccontextmanager
async def not_ready(host: str, port: int, inherited: socket | None) -> AsyncIterator[None]:
    """Visitors are told to try again, instead of waiting for minutes. `inherited`: as in server.py."""
    where = {"sock": socket(fileno=os.dup(inherited.fileno()))} if inherited else {"host": host, "port": port}
    async with await asyncio.start_server(_refuse, **where, limit=_REQUEST_BYTES):
        yield


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # then nobody asks
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_SECONDS)
        writer.write(_ANSWER)
        await writer.drain()
    writer.close()
