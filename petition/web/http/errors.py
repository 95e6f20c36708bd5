"""Error pages in the visitor's language, never a traceback.

No personal data goes into the log.
"""

import asyncio
import logging
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.core import safe_logging
from petition.core.errors import Busy, DatabaseError, RateLimited
from petition.core.repeated_errors import RepeatedErrors
from petition.web.http.pages import render_page
from petition.web.http.security import (
    MAX_BODY_BYTES,
    MAX_PATH_LENGTH,
    MAX_QUERY_BYTES,
    MAX_TEXT_BODY_BYTES,
    TEXT_PATHS,
    is_cross_site,
)

THROTTLE_DELAY_SECONDS = 1.0
log = logging.getLogger(__name__)


async def http_error(request: Request, error: Exception) -> Response:
    """404, 405, 413, 415 and other HTTP errors."""
    code = getattr(error, "status_code", 500)
    if code == 405 and request.scope["path"].startswith("/organisers/"):
        # A 405 would show which addresses exist there
        return render_page(request, "web/http/error.html", status=404, code=404)
    response = render_page(request, "web/http/error.html", status=code, code=code)
    response.headers.update(getattr(error, "headers", None) or {})
    if code == 413:
        response.headers["Connection"] = "close"  # so that the server need not read the rest of a gigabyte
    return response


async def database_unavailable(request: Request, error: Exception) -> Response:
    """503 if the database is down or too busy. What was typed is still in the browser."""
    request.app.state.repeated_errors.add(str(error))
    response = render_page(request, "web/http/error.html", status=503, code=503)
    response.headers["Retry-After"] = "5" if isinstance(error, Busy) else "30"
    return response


async def too_many_requests(request: Request, error: Exception) -> Response:
    """429: a short page after a delay. Without the delay, a flood would use up the processor."""
    await asyncio.sleep(THROTTLE_DELAY_SECONDS)
    response = render_page(request, "web/http/error.html", status=429, code=429)
    response.headers["Retry-After"] = str(getattr(error, "retry_after", 1))
    return response


class ErrorPages:
    """Any other exception becomes an error page. The log gets the place where it happened, and nothing else.

    Starlette would pass the exception on to the server, which logs its text; the text may quote what was typed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._errors = app, RepeatedErrors(log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting_start)
        except Exception as error:
            self._errors.add(safe_logging.describe_error(error))
            if scope["type"] == "http" and not started:
                await _error_page(Request(scope))(scope, receive, send)


class RequestLimits:
    """Before anything is parsed: a page of ours for a path or a body (by its Content-Length) that is longer than any.

    A body without a Content-Length is refused where it gets too long. A query that is longer than any is not read: mail
    programs and networks add theirs to links.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._limited = {
            limit: RequestBodyLimitMiddleware(app, limit) for limit in (MAX_BODY_BYTES, MAX_TEXT_BODY_BYTES)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["query_string"]) > MAX_QUERY_BYTES:
            scope["query_string"] = b""
        if scope["type"] == "http" and (code := _excess(scope)):
            response = await http_error(Request(scope), HTTPException(code))
            await response(scope, receive, send)
        else:
            await self._limited[_max_body_bytes(scope)](scope, receive, send)


def _excess(scope: Scope) -> int:
    """404 for a long path, 413 for a long body, else 0."""
    if len(scope["path"]) > MAX_PATH_LENGTH:
        return 404
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return 413 if length.isdigit() and (len(length) > 9 or int(length) > _max_body_bytes(scope)) else 0


def _max_body_bytes(scope: Scope) -> int:
    longer = scope["type"] == "http" and scope["path"].startswith(TEXT_PATHS)
    return MAX_TEXT_BODY_BYTES if longer else MAX_BODY_BYTES


class CrossSiteCheck:
    """Refuses a form that was posted from another site before it is read, with our error page."""

    def __init__(self, app: ASGIApp, own_origins: Collection[str]) -> None:
        self._app, self._own_origins = app, own_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_cross_site(scope, Headers(scope=scope), own_origins=self._own_origins):
            response = render_page(Request(scope), "web/http/error.html", status=403, code="cross_site")
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _error_page(request: Request) -> Response:
    try:
        return render_page(request, "web/http/error.html", status=500, code=500)
    except Exception:  # the error page itself may be what is broken
        return HTMLResponse("<!doctype html><title>Error</title><p>Something went wrong on our side.", 500)


EXCEPTION_HANDLERS = {HTTPException: http_error, DatabaseError: database_unavailable, RateLimited: too_many_requests}
