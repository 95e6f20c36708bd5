"""Prerendered responses: bytes in every content coding with their headers, sent before routing."""

import gzip
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256

import brotli
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROTLI, GZIP, PLAIN = b"br", b"gzip", b"identity"
_CODINGS = (BROTLI, GZIP, PLAIN)  # the smallest first: of equal weights the first wins
_MAX_HEADER_BYTES = 200  # of Accept-Encoding; a browser sends under fifty bytes
_WEIGHT_PATTERN = re.compile(rb"\s*q=([01](?:\.\d{0,3})?)\s*")
_BODY_HEADERS = (b"content-type", b"content-language")  # a 304 has no body, so these are left out of it
_PREFLIGHT_HEADERS = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
]
_NO_BODY: Message = {"type": "http.response.body", "body": b""}

EncodedBodies = Mapping[bytes, bytes]
RefusalRule = Callable[[Scope, Headers], str | None]


def encode_body(body: bytes, quality: int) -> EncodedBodies:
    """The body in each content coding; unchanged if a coding does not make it smaller. `quality`: Brotli's, 0 to 11."""
    bodies = {
        BROTLI: brotli.compress(body, quality=quality),
        GZIP: gzip.compress(body, mtime=0),  # without the time: every process makes the same bytes and the same ETag
        PLAIN: body,
    }
    return {coding: min(content, body, key=len) for coding, content in bodies.items()}


class PrerenderedResponse:
    """The responses of one address, one for each content coding."""

    __slots__ = ("_encodings", "body", "preflight")

    def __init__(self, bodies: EncodedBodies, headers: Mapping[str, str]) -> None:
        raw_headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self.body = bodies[PLAIN]
        self.preflight = _preflight(raw_headers)
        self._encodings = {
            coding: EncodedResponse(PLAIN if content is self.body else coding, content, raw_headers)
            for coding, content in bodies.items()
        }

    def encoding_for(self, accept_encoding: bytes) -> "EncodedResponse":
        return self._encodings[choose_coding(accept_encoding)]


def _preflight(headers: list[tuple[bytes, bytes]]) -> Message | None:
    """The answer to a browser that asks whether a script of another site may read this; None if it may not (CORS)."""
    if all(name != b"access-control-allow-origin" for name, _ in headers):
        return None
    kept = [header for header in headers if header[0] not in (*_BODY_HEADERS, b"cache-control")]
    return {"type": "http.response.start", "status": 204, "headers": kept + _PREFLIGHT_HEADERS}


class EncodedResponse:
    """The ASGI messages that send one content coding, and its strong ETag."""

    __slots__ = ("body", "etag", "not_modified", "start")

    def __init__(self, coding: bytes, content: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.etag = b'"%s"' % sha256(content).hexdigest()[:32].encode()
        common = [*headers, (b"etag", self.etag), (b"vary", b"Accept-Encoding")]
        body_headers = [(b"content-length", b"%d" % len(content))]
        if coding != PLAIN:
            body_headers.append((b"content-encoding", coding))
        without_body = [header for header in common if header[0] not in _BODY_HEADERS]
        self.start: Message = {"type": "http.response.start", "status": 200, "headers": common + body_headers}
        self.body: Message = {"type": "http.response.body", "body": content}
        self.not_modified: Message = {"type": "http.response.start", "status": 304, "headers": without_body}

    def is_known_by(self, if_none_match: bytes) -> bool:
        """Whether If-None-Match names this ETag. A weak one counts too (RFC 9110, 13.1.2)."""
        return self.etag in if_none_match or if_none_match.strip() == b"*"


@lru_cache(maxsize=256)
def choose_coding(header: bytes) -> bytes:
    """The content coding that an Accept-Encoding header prefers (RFC 9110, 12.5.3).

    Plain bytes if it accepts none of ours, even if it refuses plain bytes: that is better than no answer.
    """
    weights = {}
    for part in header.lower().split(b","):
        name, _, weight = part.partition(b";")
        weights[name.strip()] = _parse_weight(weight)
    others = weights.get(b"*", 0.0)
    accepted = {coding: weights.get(coding, 0.0 if coding == PLAIN else others) for coding in _CODINGS}
    return max(accepted, key=accepted.__getitem__) if any(accepted.values()) else PLAIN


def _parse_weight(text: bytes) -> float:
    """1 if no weight is given, 0 if it is invalid."""
    match = _WEIGHT_PATTERN.fullmatch(text)
    return float(match[1]) if match else float(not text)


class ResponseStore:
    """Responses by path (of the onion service: host name and path). Replaced all at once: they show the same moment."""

    __slots__ = ("responses",)

    def __init__(self) -> None:
        self.responses: Mapping[str, PrerenderedResponse] = {}


class PrerenderedResponses:
    """Sends what is prerendered. The application gets everything else, and what `refusal` refuses."""

    def __init__(
        self, app: ASGIApp, store: ResponseStore, refusal: RefusalRule | None = None, onion_host: str = ""
    ) -> None:
        self._app, self._store, self._refusal = app, store, refusal
        self._onion_host = onion_host.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        onion = self._onion_host
        origin = onion.decode() if onion and onion in _host_headers(scope) else ""
        prerendered = _find_response(scope, self._store.responses, origin)
        if prerendered is None or (self._refusal is not None and self._refusal(scope, Headers(scope=scope))):
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and prerendered.preflight is not None:
            await send(prerendered.preflight)
            await send(_NO_BODY)
            return
        accept_encoding = if_none_match = b""
        for name, value in scope["headers"]:  # a header may come in several lines
            if name == b"accept-encoding":
                accept_encoding = accept_encoding + b"," + value if accept_encoding else value
            elif name == b"if-none-match":
                if_none_match = if_none_match + b"," + value if if_none_match else value
        response = prerendered.encoding_for(accept_encoding[:_MAX_HEADER_BYTES])
        if if_none_match and response.is_known_by(if_none_match):
            await send(response.not_modified)
            await send(_NO_BODY)
        else:
            await send(response.start)
            await send(response.body if scope["method"] == "GET" else _NO_BODY)


def _host_headers(scope: Scope) -> list[bytes]:
    return [value.lower() for name, value in scope.get("headers", ()) if name == b"host"]


def _find_response(
    scope: Scope, responses: Mapping[str, PrerenderedResponse], origin: str
) -> PrerenderedResponse | None:
    """The prerendered response to a request. A query string counts only if there is a response of that name."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD", "OPTIONS"):
        return None
    path: str = origin + scope["path"]
    response = responses.get(path)
    if query := scope["query_string"]:
        response = responses.get(f"{path}?{query.decode('latin-1')}") or response
    is_open = response is not None and (scope["method"] != "OPTIONS" or response.preflight is not None)
    return response if is_open else None
