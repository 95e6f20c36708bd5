"""The files of static/: each is read and compressed once; its address changes with its content."""

import mimetypes
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from petition.core import resources
from petition.web.http.prerendered import BROTLI, GZIP, PLAIN, EncodedBodies, encode_body

_BROTLI_QUALITY = 11  # of Brotli, the highest: slow, but done once
_FONT, _SVG = "font/woff2", "image/svg+xml"
mimetypes.add_type(_FONT, ".woff2")  # Python 3.11 does not know it, nor does every machine


@dataclass(frozen=True, slots=True)
class Asset:
    """`version`: the first 8 hex digits of the file's SHA-256."""

    bodies: EncodedBodies
    content_type: str
    version: str


@cache
def load_assets() -> dict[str, Asset]:
    """Every file, by its path under static/."""
    folder = resources.folder("static")
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(folder).as_posix()): make_asset(file.name, file.read_bytes()) for file in sorted(files)
    }


def make_asset(name: str, content: bytes) -> Asset:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_compressed = content_type == _FONT or (content_type.startswith("image/") and content_type != _SVG)
    bodies = _as_it_is(content) if is_compressed else encode_body(content, _BROTLI_QUALITY)
    charset = "; charset=utf-8" if content_type.startswith("text/") else ""
    return Asset(bodies, content_type + charset, sha256(bodies[PLAIN]).hexdigest()[:8])


def _as_it_is(content: bytes) -> EncodedBodies:
    """Fonts and photographs are compressed already; all fonts have one length, which must stay."""
    return dict.fromkeys((BROTLI, GZIP, PLAIN), content)


def asset_url(name: str) -> str:
    """The address of this version of a file, which caches may keep for ever. Raises KeyError for an unknown name."""
    return f"/static/{name}?v={load_assets()[name].version}"
