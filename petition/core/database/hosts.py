"""Connects to one of several hosts. asyncpg asks them one after the other too, but in one time for all of them.

So a frozen host, which still takes connections and never answers, would keep us from the one that took over.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

import asyncpg

SECONDS = 5  # that one host has to answer
CUT_SECONDS = 10  # without a sign of life of its machine: cut off, or without power. One that is frozen still gives it.
Connect = Callable[..., Awaitable[Any]]


def split_hosts(url: str) -> list[str]:
    """One address for each host of an address such as postgresql://petition@one,two:5433/petition."""
    scheme, _, rest = url.partition("://")
    netloc, slash, path = rest.partition("/")
    login, at, hosts = netloc.rpartition("@")
    return [f"{scheme}://{login}{at}{host}{slash}{path}" for host in hosts.split(",")]


def connecting(urls: Sequence[str]) -> Connect:
    """What a pool calls for each new connection. It begins with the host that answered last."""
    ordered = list(urls)

    async def connect(*_: object, **options: Any) -> Any:
        last: Exception = OSError("no host")
        for url in tuple(ordered):
            try:
                made = await asyncpg.connect(**options | {"dsn": url})
            except (OSError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
                last = error
                continue
            ordered[:] = dict.fromkeys(chain([url], ordered))
            _notice_a_cut(made._transport.get_extra_info("socket"))  # asyncpg offers no other way
            return made
        raise last

    return connect


def _notice_a_cut(line: socket.socket) -> None:
    """Else who waits for an answer would do so until a statement may take no longer, over a minute."""
    options = {"TCP_KEEPIDLE": CUT_SECONDS // 2, "TCP_KEEPINTVL": 1, "TCP_USER_TIMEOUT": CUT_SECONDS * 1000}
    if line.family in (socket.AF_INET, socket.AF_INET6):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options.items():
            if (number := getattr(socket, name, None)) is not None:  # Linux has all of them
                line.setsockopt(socket.IPPROTO_TCP, number, value)
