"""The files of static/: read and compressed once, at an address that changes with their content."""

import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from petition.core import resources
from petition.web.http.prerendered import PLAIN, EncodedBodies, encode_body

_SMALLEST = 11  # of Brotli; slow, and done once


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes, its kind, and what names this version of it."""

    packed: EncodedBodies
    kind: str
    version: str


@cache
def files() -> dict[str, File]:
    """Every file by its name under static/."""
    folder = resources.folder("static")
    found = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder).as_posix()): _file(file.name, file.read_bytes()) for file in sorted(found)}


def _file(name: str, content: bytes) -> File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = encode_body(content, _SMALLEST)
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    return File(packed, kind + charset, sha256(packed[PLAIN]).hexdigest()[:8])


def address(name: str) -> str:
    """Where a page finds this version of a file, which then may be kept for ever. Raises KeyError for none."""
    return f"/static/{name}?v={files()[name].version}"
