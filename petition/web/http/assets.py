"""The files of static/: read and compressed once, at an address that changes with their content."""

import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from petition.core import resources
from petition.web.http.prerendered import PLAIN, EncodedBodies, encode_body

_BROTLI_QUALITY = 11  # of Brotli; slow, and done once


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, its kind, and what names this version of it."""

    bodies: EncodedBodies
    content_type: str
    version: str


@cache
def load_assets() -> dict[str, Asset]:
    """Every file by its name under static/."""
    folder = resources.folder("static")
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(folder).as_posix()): _load_asset(file.name, file.read_bytes()) for file in sorted(files)
    }


def _load_asset(name: str, content: bytes) -> Asset:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    bodies = encode_body(content, _BROTLI_QUALITY)
    charset = "; charset=utf-8" if content_type.startswith("text/") else ""
    return Asset(bodies, content_type + charset, sha256(bodies[PLAIN]).hexdigest()[:8])


def asset_url(name: str) -> str:
    """Where a page finds this version of a file, which then may be kept for ever. Raises KeyError for none."""
    return f"/static/{name}?v={load_assets()[name].version}"
