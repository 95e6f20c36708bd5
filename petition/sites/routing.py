"""Gives each request to the campaign whose name stands in Host. None sees what belongs to another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.sites import said
from petition.sites.running import RunningSite
from petition.web.http import security

_HEALTH = ("/healthz", "/readyz")


def create_router(sites: Sequence[RunningSite], broken: Sequence[Sequence[str]] = ()) -> Starlette:
    """`broken`: for each campaign that cannot be served its names, or none if they are unknown."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        tasks = [asyncio.create_task(site.keep(stopping)) for site in sites]
        try:
            await asyncio.gather(*[site.first_try() for site in sites])
            yield
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    app = Starlette(lifespan=lifespan)
    app.router.default = _Router(sites, broken)
    return app


class _Router:
    def __init__(self, sites: Sequence[RunningSite], broken: Sequence[Sequence[str]]) -> None:
        self._sites = sites
        self._by_host = {host: site for site in sites for host in site.site.hosts}
        self._broken, self._any_nameless = {host for names in broken for host in names}, not all(broken)
        self._demo = sites[0].site.settings.demo  # all have the same mode

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = (security.host_name(names[0]) or "") if len(names) == 1 else ""
        found = self._by_host.get(host)
        if found is None:
            await self._answer_unknown(host, scope, receive, send)
            return
        with said.about(found.site.name):
            await (found.app or _AWAY)(scope, receive, send)

    async def _answer_unknown(self, host: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A monitor on this machine needs no name. All else gets nothing that tells which campaigns are here."""
        if self._demo and (reason := security.refuse_unless_local(scope, Headers(scope=scope))):
            await PlainTextResponse(reason, 403)(scope, receive, send)
        elif host in self._broken:
            await _BROKEN(scope, receive, send)
        elif scope["path"] in _HEALTH:
            await self._health(scope, receive, send)
        else:  # the name may be that of a campaign whose file cannot be read
            await (_BROKEN if self._any_nameless else _UNKNOWN)(scope, receive, send)

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Well if one campaign is: a proxy that takes this machine away would take the others with it."""
        messages: list[Message] = []
        for app in [site.app for site in self._sites if site.app]:
            messages = await _answer_of(app, scope, receive)
            if messages[0]["status"] == 200:
                break
        if not messages:
            await _AWAY(scope, receive, send)
        for message in messages:
            await send(message)


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(dict(scope), receive, keep)
    return messages


_UNKNOWN = PlainTextResponse("Nothing is served under this name.", 421)
_BROKEN = PlainTextResponse("Please try again later.", 503, {"Retry-After": "300", "Cache-Control": "no-store"})
_AWAY = PlainTextResponse("Please try again in a few seconds.", 503, {"Retry-After": "5", "Cache-Control": "no-store"})
