"""Connects to one of several hosts. asyncpg asks them one after the other too, but in one time for all of them.

So a frozen host, which still takes connections and never answers, would keep us from the one that took over.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

import asyncpg

SECONDS = 5  # that one host has to answer
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
            return made
        raise last

    return connect
