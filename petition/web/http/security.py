"""Checks that each request passes before its handler, and the security headers of each response."""

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.core.settings import LOOPBACK_HOSTS

MAX_BODY_BYTES = 32_000  # bytes; the longest honest form has about two thousand
MAX_TEXT_BODY_BYTES = 64_000  # where organisers edit texts: 9,000 letters of six bytes (%D0%B0) each
TEXT_PATHS = "/organisers/texts/"
MAX_PATH_LENGTH = 4000  # characters; the longest of ours, with a token, has about a hundred
MAX_QUERY_BYTES = 1000  # of ours about twenty; some networks add an identifier of two hundred
MAX_COOKIE_BYTES = 4096  # of the whole header, as other sites of the same host may have cookies; ours has forty
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_ONE_CLICK = re.compile(r"/[\w-]+/unsubscribe/[^/]+")  # RFC 8058: mail programs post here, without a cookie of ours
_PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
EMBEDDABLE_CSP = _CSP.replace("frame-ancestors 'none'", "frame-ancestors *")  # for the page that other sites may frame
PREVIEW_CSP = _CSP.replace("form-action 'self'", "form-action 'none'")  # nothing can be sent from it
_NOT_OVER_ONION = ("/organisers", "/metrics", "/bounces")
_SECURITY_HEADERS = {
    "Content-Security-Policy": _CSP,
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=(), interest-cohort=()",
}


def security_headers(*, secure: bool) -> dict[str, str]:
    """The headers of each response; with `secure` also Strict-Transport-Security."""
    return _SECURITY_HEADERS | ({"Strict-Transport-Security": "max-age=63072000; includeSubDomains"} if secure else {})


class SecurityHeaders:
    """Adds the security headers to each response. A header that the handler has set stays."""

    def __init__(self, app: ASGIApp, *, secure: bool, onion_host: str = "") -> None:
        self._app, self._onion_host = app, onion_host
        self._usual = _encode_headers(security_headers(secure=secure))
        self._over_onion = _encode_headers(security_headers(secure=False))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_already = {name for name, _ in message["headers"]}
                via_onion = self._onion_host and is_over_onion(Headers(scope=scope), self._onion_host)
                usual = self._over_onion if via_onion else self._usual
                message["headers"] += [header for header in usual if header[0] not in set_already]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _encode_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class HostCheck:
    """Answers 403 if `refusal` gives a reason, before the body is read."""

    def __init__(self, app: ASGIApp, refusal: Callable[[Scope, Headers], str | None]) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (reason := self._refusal(scope, Headers(scope=scope))):
            await PlainTextResponse(reason, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def is_cross_site(scope: Scope, headers: Headers, *, own_origins: Collection[str]) -> bool:
    """Whether a form came from another site: Sec-Fetch-Site decides, else Origin is compared with Host.

    The same rule as in Go's CrossOriginProtection. The public addresses count as ours too: behind a proxy the Host may
    be another. A client that sends neither header is not a browser, so it cannot abuse a visitor's cookies or mailbox.
    """
    if scope["method"] in _SAFE_METHODS or _ONE_CLICK.fullmatch(scope["path"]):
        return False
    if fetch_site := headers.get("sec-fetch-site"):
        return fetch_site not in ("same-origin", "none")
    if origin := headers.get("origin"):
        host = headers.get("host", "")
        return origin not in own_origins and (host == "" or origin.partition("://")[2] != host)
    return False


def refuse_unless_local(scope: Scope, headers: Headers) -> str | None:
    """Demo mode is for this machine only: no other host name, no other client, no proxy."""
    host = host_name(headers.get("host", ""))
    client = scope.get("client")
    local_client = client is None or client[0] in LOOPBACK_HOSTS
    if host in LOOPBACK_HOSTS and local_client and not any(name in headers for name in _PROXY_HEADERS):
        return None
    return "Demo mode answers on this machine only."


def is_over_onion(headers: Headers, onion_host: str) -> bool:
    """Whether a request came to the onion service: by its Host header, which our proxies set."""
    return onion_host != "" and headers.get("host", "").lower() == onion_host


def refuse_desk_over_onion(scope: Scope, headers: Headers, *, onion_host: str) -> str | None:
    """The desk, the metrics and the bounce webhook are not available at the onion address.

    A `__Host-` cookie needs https, and everyone who comes through Tor seems to come from this machine.
    """
    inside = scope["path"].startswith(_NOT_OVER_ONION) and is_over_onion(headers, onion_host)
    return "This is not available at the onion address." if inside else None


def host_name(host: str) -> str | None:
    """The name in a Host header, without the port; None if there is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_forwarded(headers: Headers) -> bool:
    """Whether the request came through a proxy."""
    return any(name in headers for name in _PROXY_HEADERS)


def has_bearer_token(request: Request, token: str) -> bool:
    """Whether the request has this bearer token (RFC 6750, 2.1). False if no token is set."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    return token != "" and hmac.compare_digest(sent.encode(), token.encode())
