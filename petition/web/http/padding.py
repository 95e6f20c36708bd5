"""Answers for one visitor all have one length: TLS hides what an answer says, but not how long it is.

Otherwise an internet provider could tell who has just confirmed, or whose page to manage shows a signature.
"""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER_BYTES = 1024  # status line and headers, without those that the server adds; nginx reads 4 kB of them
BODY_BYTES = 24 * 1024  # more than the longest page: the form in Greek, with an error at each field
_HTML = b"text/html; charset=utf-8"
_LINE_ENDS = b"\n" * BODY_BYTES
_PHRASES = {status.value: len(status.phrase) for status in HTTPStatus}
_BETWEEN = len(": \r\n")  # name and value, and the end of the line
_PUBLIC_REDIRECTS = (302, 308)  # to a page that is the same for everybody


class Padding:
    """Pads HTML and redirects: the body with line ends, the headers with one more header.

    What is longer is padded to the next multiple. Not padded: files, JSON, and prerendered responses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        missing = 0

        async def send_padded(message: Message) -> None:
            nonlocal missing
            if message["type"] == "http.response.start":
                missing = _pad_start(message)
            elif missing and not message.get("more_body"):
                message["body"] += _LINE_ENDS[:missing]  # no copy for an empty body
            await send(message)

        await self._app(scope, receive, send_padded if scope["type"] == "http" else send)


def _pad_start(message: Message) -> int:
    """Pads the headers. Returns by how many bytes the body must grow; 0 if this answer is not padded."""
    raw, status = message["headers"], message["status"]
    headers = dict(raw)
    length = headers.pop(b"content-length", None)
    if status in _PUBLIC_REDIRECTS or length is None or headers.get(b"content-type", _HTML) != _HTML:
        return 0
    missing = BODY_BYTES - int(length) % BODY_BYTES
    kept = [line for line in raw if line[0] != b"content-length"]
    kept += [(b"content-length", b"%d" % (int(length) + missing)), (b"x-padding", b"")]
    lines = _PHRASES[status] + sum([len(name) + len(value) + _BETWEEN for name, value in kept])
    kept[-1] = (b"x-padding", b"0" * (-lines % HEADER_BYTES))
    message["headers"] = kept
    return missing
