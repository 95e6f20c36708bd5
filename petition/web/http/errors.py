"""What people see when something goes wrong: a page in their language, never a traceback.

Nothing personal goes into the log.
"""

import asyncio
import logging
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.core import safe_logging
from petition.core.errors import Busy, DatabaseError, RateLimited
from petition.web.http.pages import render_page
from petition.web.http.security import BODY, cross_site

SLOWLY = 1.0  # seconds
log = logging.getLogger(__name__)


async def http_error(request: Request, error: Exception) -> Response:
    """404, 405, 413, 415 and their like."""
    code = getattr(error, "status_code", 500)
    if code == 405 and request.scope["path"].startswith("/organisers/"):
        return render_page(
            request, "web/http/error.html", status=404, code=404
        )  # or the method would tell what exists there
    answer = render_page(request, "web/http/error.html", status=code, code=code)
    answer.headers.update(getattr(error, "headers", None) or {})
    if code == 413:
        answer.headers["Connection"] = "close"  # nobody reads the rest of a gigabyte
    return answer


async def unavailable(request: Request, error: Exception) -> Response:
    """The database is away or too busy: come back in a moment. What was typed is in the browser still."""
    log.error("%s", error)
    answer = render_page(request, "web/http/error.html", status=503, code=503)
    answer.headers["Retry-After"] = "5" if isinstance(error, Busy) else "30"
    return answer


async def throttled(request: Request, error: Exception) -> Response:
    """Far too much from one network: a short page after a while, or a flood would be all that the processor does."""
    await asyncio.sleep(SLOWLY)
    answer = render_page(request, "web/http/error.html", status=429, code=429)
    answer.headers["Retry-After"] = str(getattr(error, "retry_after", 1))
    return answer


class Broken:
    """The outermost guard: an error of ours becomes a page, and the log gets where it happened, nothing else.

    Starlette would hand the error on to the server, which logs its text; and that may quote what was typed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            log.error("%s", safe_logging.describe_error(error))
            if scope["type"] == "http" and not started:
                await _broken(Request(scope))(scope, receive, send)


class TooLarge:
    """A body that announces more than any form has is refused before it is read, with our page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "0") if scope["type"] == "http" else "0"
        if length.isdecimal() and int(length) > BODY:
            answer = await http_error(Request(scope), HTTPException(413))
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class FromElsewhere:
    """A form that was posted from another site is refused before it is read, with our page."""

    def __init__(self, app: ASGIApp, ours: Collection[str]) -> None:
        self._app, self._ours = app, ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and cross_site(scope, Headers(scope=scope), ours=self._ours):
            answer = render_page(Request(scope), "web/http/error.html", status=403, code="elsewhere")
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _broken(request: Request) -> Response:
    try:
        return render_page(request, "web/http/error.html", status=500, code=500)
    except Exception:  # the error page itself may be what is broken
        return HTMLResponse("<!doctype html><title>Error</title><p>Something went wrong on our side.", 500)


HANDLERS = {HTTPException: http_error, DatabaseError: unavailable, RateLimited: throttled}
