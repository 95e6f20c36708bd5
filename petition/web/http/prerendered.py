"""Answers made before anybody asks: bytes in every content coding with their headers, sent ahead of routing."""

import gzip
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256

import brotli
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROTLI, GZIP, PLAIN = b"br", b"gzip", b"identity"
_PREFERRED = (BROTLI, GZIP, PLAIN)  # the smallest first: of equal weights the first wins
_LONGEST_HEADER = 200  # of Accept-Encoding; a browser sends under fifty bytes
_WEIGHT = re.compile(rb"\s*q=([01](?:\.\d{0,3})?)\s*")
_OF_THE_BODY = (b"content-type", b"content-language")  # which a 304 does not describe
_NO_BODY: Message = {"type": "http.response.body", "body": b""}

Packed = Mapping[bytes, bytes]
Rule = Callable[[Scope, Headers], str | None]


def pack(body: bytes, quality: int) -> Packed:
    """The body by content coding; as it is where a coding does not make it smaller. `quality` is Brotli's: 0 to 11."""
    packed = {
        BROTLI: brotli.compress(body, quality=quality),
        GZIP: gzip.compress(body, mtime=0),  # no clock in it: every process makes the same bytes, and so the same tag
        PLAIN: body,
    }
    return {coding: min(content, body, key=len) for coding, content in packed.items()}


class Made:
    """One address's answers, one for each content coding."""

    __slots__ = ("_answers", "body")

    def __init__(self, packed: Packed, headers: Mapping[str, str]) -> None:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self.body = packed[PLAIN]
        self._answers = {
            coding: Answer(PLAIN if content is self.body else coding, content, raw)
            for coding, content in packed.items()
        }

    def answer(self, accept: bytes) -> "Answer":
        """The one for an Accept-Encoding header."""
        return self._answers[chosen(accept)]


class Answer:
    """The messages that send one content coding, and its strong tag."""

    __slots__ = ("body", "start", "tag", "unchanged")

    def __init__(self, coding: bytes, content: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self.tag = b'"%s"' % sha256(content).hexdigest()[:32].encode()
        always = [*headers, (b"etag", self.tag), (b"vary", b"Accept-Encoding")]
        described = [(b"content-length", b"%d" % len(content))]
        if coding != PLAIN:
            described.append((b"content-encoding", coding))
        kept = [header for header in always if header[0] not in _OF_THE_BODY]
        self.start: Message = {"type": "http.response.start", "status": 200, "headers": always + described}
        self.body: Message = {"type": "http.response.body", "body": content}
        self.unchanged: Message = {"type": "http.response.start", "status": 304, "headers": kept}

    def known(self, tags: bytes) -> bool:
        """Whether If-None-Match names it. A weak tag counts too (RFC 9110, 13.1.2)."""
        return self.tag in tags or tags.strip() == b"*"


@lru_cache(maxsize=256)
def chosen(header: bytes) -> bytes:
    """The content coding that an Accept-Encoding header likes best (RFC 9110, 12.5.3).

    Plain bytes if it takes none of ours, even where it refuses them: better than no answer.
    """
    weights = {}
    for part in header.lower().split(b","):
        name, _, weight = part.partition(b";")
        weights[name.strip()] = _weight(weight)
    others = weights.get(b"*", 0.0)
    given = {coding: weights.get(coding, 0.0 if coding == PLAIN else others) for coding in _PREFERRED}
    return max(given, key=given.__getitem__) if any(given.values()) else PLAIN


def _weight(text: bytes) -> float:
    """One without a weight, none for a broken one."""
    found = _WEIGHT.fullmatch(text)
    return float(found[1]) if found else float(not text)


class Stock:
    """What is ready, by path, for the onion service behind its name; replaced as a whole: all is of one moment."""

    __slots__ = ("made",)

    def __init__(self) -> None:
        self.made: Mapping[str, Made] = {}


class Readymade:
    """Sends what is ready; everything else goes on to the application, and so does what a rule refuses."""

    def __init__(self, app: ASGIApp, stock: Stock, refused: Rule | None = None, onion_host: str = "") -> None:
        self._app, self._stock, self._refused = app, stock, refused
        self._onion = onion_host.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = "" if not self._onion or self._onion not in _hosts(scope) else self._onion.decode()
        made = _ready(scope, self._stock.made, origin)
        if made is None or (self._refused is not None and self._refused(scope, Headers(scope=scope))):
            await self._app(scope, receive, send)
            return
        accept = tags = b""
        for name, value in scope["headers"]:  # a header may come in several lines
            if name == b"accept-encoding":
                accept = accept + b"," + value if accept else value
            elif name == b"if-none-match":
                tags = tags + b"," + value if tags else value
        answer = made.answer(accept[:_LONGEST_HEADER])
        if tags and answer.known(tags):
            await send(answer.unchanged)
            await send(_NO_BODY)
        else:
            await send(answer.start)
            await send(answer.body if scope["method"] == "GET" else _NO_BODY)


def _hosts(scope: Scope) -> list[bytes]:
    return [value.lower() for name, value in scope.get("headers", ()) if name == b"host"]


def _ready(scope: Scope, made: Mapping[str, Made], origin: str) -> Made | None:
    """What is ready for a request. A query string counts only where it names the version of a file."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    path: str = origin + scope["path"]
    if query := scope["query_string"]:
        return made.get(f"{path}?{query.decode('latin-1')}") or made.get(path)
    return made.get(path)
