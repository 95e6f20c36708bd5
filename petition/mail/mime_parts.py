"""Reads an email part by part, in time that grows with its length alone: strangers send what is read here.

Python's own parser needs minutes for some heads of a few kilobytes. What only that one understands (comments inside a
media type, boundaries in pieces as in RFC 2231) no mail server writes into a report.
"""

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

MAX_HEAD_BYTES, MAX_PARTS, MAX_DEPTH = 64_000, 50, 5  # of a report that we read; none has more
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"base64": binascii.a2b_base64, "quoted-printable": binascii.a2b_qp}
Head = dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """`kind`: its media type, in lower case; `body` without base64 or quoted-printable."""

    kind: str
    head: Head
    body: bytes


def read_parts(content: bytes) -> list[Part]:
    """The parts of an email in their order. An email inside it (message/rfc822) is one part."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return list(islice(_parts(lines, MAX_DEPTH), MAX_PARTS))


def _parts(content: bytes, depth: int) -> Iterator[Part]:
    raw_head, body = split_head(content)
    head = parse_head(raw_head)
    content_type = head.get("content-type", "text/plain")
    kind = (content_type.partition(";")[0].split() or [""])[0].lower()
    boundary = _BOUNDARY.search(content_type) if kind.startswith("multipart/") and depth else None
    if boundary is None:
        yield Part(kind, head, _decode(body, head))
        return
    for piece in _pieces(body, boundary[1] or boundary[2]):
        yield from _parts(piece, depth - 1)


def split_head(content: bytes) -> tuple[bytes, bytes]:
    """(head, body); lines end in a line feed alone."""
    head, _, body = content.partition(b"\n\n") if not content.startswith(b"\n") else (b"", b"", content[1:])
    return head[:MAX_HEAD_BYTES], body


def parse_head(raw: bytes) -> Head:
    """The fields by their names in lower case, unfolded; of several fields with one name the first."""
    fields: list[tuple[str, list[str]]] = []
    for line in raw.decode("utf-8", "replace").split("\n"):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1].append(line)
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.append((name.strip().lower(), [value]))
    return {name: "".join(values).strip() for name, values in reversed(fields)}


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    """What is between two lines with the boundary, or after the last one if the end is missing."""
    line = re.compile(b"\n--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\n|\Z)")
    body = b"\n" + body
    for mark, following in pairwise([*islice(line.finditer(body), MAX_PARTS), None]):
        if mark is None or mark[1]:
            return
        yield body[mark.end() + 1 : following.start() if following else len(body)]


def _decode(body: bytes, head: Head) -> bytes:
    decode = _DECODERS.get(head.get("content-transfer-encoding", "").lower())
    try:
        return decode(body) if decode else body
    except binascii.Error:
        return b""
