"""Counts answers for the metrics, by class of address and of status: not who has asked, nor for what language."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.core.counted import REQUESTS, SLOW, SLOW_ANSWERS
from petition.core.counters import Counters

_EXACT = {429: "429", 500: "500", 503: "503"}
_FIRST_PARTS = {"organisers": "desk", "healthz": "operations", "readyz": "operations", "metrics": "operations"}
_LATER_PARTS = {
    **{name: name for name in ("sign", "confirm", "manage")},
    **dict.fromkeys(("never-write", "unsubscribe"), "manage"),
}
SLOW_SECONDS = tuple((float(seconds), seconds) for seconds in SLOW)


class RequestCounts:
    """Outside all other middleware, so that it sees every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()

        async def count_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                counters = scope["app"].state.site.counters
                _count(counters, route_class(scope["path"]), message["status"], time.monotonic() - started)
            await send(message)

        await self._app(scope, receive, count_and_send)


def _count(counters: Counters, route: str, status: int, seconds: float) -> None:
    counters.add(REQUESTS, route, status_class(status))
    for limit, name in SLOW_SECONDS:
        if seconds >= limit and status != 429:
            counters.add(SLOW_ANSWERS, route, name)


def route_class(path: str) -> str:
    """One of ROUTES; whatever is asked for, also what is no address of ours."""
    first, _, rest = path[1:].partition("/")
    return _FIRST_PARTS.get(first) or _LATER_PARTS.get(rest.partition("/")[0], "pages")


def status_class(status: int) -> str:
    """One of STATUSES. Any other 5xx is as bad as 500."""
    return _EXACT.get(status) or (f"{status // 100}xx" if status < 500 else "500")
