"""What every request passes before a handler: who may reach the site, from where a post may come.

And which headers every answer carries.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.settings import LOOPBACK

BODY = 32_000  # bytes; the longest honest form has about two thousand
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=(), interest-cohort=()",
}


def usual_headers(*, secure: bool) -> dict[str, str]:
    """The headers of every answer; over https also the one that keeps to it."""
    return _HEADERS | ({"Strict-Transport-Security": "max-age=63072000; includeSubDomains"} if secure else {})


class SecurityHeaders:
    """Sets the usual headers on every answer; a handler that set one itself keeps it."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        usual = usual_headers(secure=secure).items()
        self._headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in usual]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_already = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in self._headers if header[0] not in set_already]
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


class Refusing:
    """Answers 403 where a rule says so, before anything is read."""

    def __init__(self, app: ASGIApp, refused: Callable[[Scope, Headers], str | None]) -> None:
        self._app = app
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (why := self._refused(scope, Headers(scope=scope))):
            await PlainTextResponse(why, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def cross_site(scope: Scope, headers: Headers, *, base_url: str) -> str | None:
    """Posts from other sites: Sec-Fetch-Site decides, else Origin against Host, as in Go's CrossOriginProtection.

    The public address is ours too: behind a proxy the Host may be another.
    A client that sends neither is no browser, and no browser's cookies or mailbox can be abused through it.
    """
    if scope["method"] in _SAFE:
        return None
    if site := headers.get("sec-fetch-site"):
        allowed = site in ("same-origin", "none")
    elif origin := headers.get("origin"):
        allowed = origin == base_url or origin.partition("://")[2] == headers.get("host") != ""
    else:
        allowed = True
    return None if allowed else "This form was sent from another site."


def not_this_machine(scope: Scope, headers: Headers) -> str | None:
    """Demo mode is for this machine only: no other host name, no other client, nothing forwarded."""
    host = _name(headers.get("host", ""))
    client = scope.get("client")
    local = client is None or client[0] in LOOPBACK
    if host in LOOPBACK and local and not any(name in headers for name in _FORWARDED):
        return None
    return "Demo mode answers on this machine only."


def _name(host: str) -> str | None:
    """The name in a Host header without its port, or None if it holds none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def forwarded(headers: Headers) -> bool:
    """Whether a proxy stands between us and the client."""
    return any(name in headers for name in _FORWARDED)
