"""Where a stranger reads a site: over HTTP below the address that they gave and nowhere else, or from a folder."""

import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request

from petition.log.errors import LogError

MAX_BYTES = 20_000_000  # of one file: the largest bundle has 17 million
_TIMEOUT, _LONGEST = 30, 120  # seconds without a byte, and for one file
_AT_ONCE = 8
_CHUNK = 1 << 16
_LOG = "log/"


class NotThere(LogError):
    """The source has no such file."""


class Source(ABC):
    """Paths are those of a site, without the first slash: `log/checkpoint`, `tally.json`."""

    has_site = True  # whether there is more than the log
    is_copy = True  # which may lack some pages

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Raises LogError; NotThere if there is no such file."""

    def may_have(self, path: str) -> bool:
        """Whether it is worth asking for a file that need not be there any more."""
        return False

    def read_all(self, paths: Iterable[str]) -> dict[str, bytes | LogError]:
        """By path, the file or what went wrong."""
        names = list(dict.fromkeys(paths))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(names, pool.map(self._try, names), strict=True))

    def _try(self, path: str) -> bytes | LogError:
        try:
            return self.read(path)
        except LogError as error:
            return error


def open_source(place: str) -> Source:
    """`place`: the address of a site or of its log, or a folder with a copy of either. Raises LogError."""
    if place.startswith(("http://", "https://")):
        return Site(place.rstrip("/").removesuffix("/log"))
    folder = Path(place)
    if not folder.is_dir():
        raise LogError(f"{place} is no address (https://…) and no folder.")
    is_log = (folder / "checkpoint").is_file()
    return Folder(folder, has_site=not is_log)


@dataclass(frozen=True)
class Folder(Source):
    """A mirror or a saved copy: of a site, or (without `has_site`) of its log alone."""

    folder: Path
    has_site: bool = True

    def read(self, path: str) -> bytes:
        if (file := self._file(path)) is None:
            raise NotThere(f"There is no {path} in {self.folder}.")
        try:
            with file.open("rb") as opened:
                return _limited(path, opened.read(MAX_BYTES + 1))
        except OSError as error:
            raise LogError(f"{path} cannot be read: {error.strerror}.") from None

    def may_have(self, path: str) -> bool:
        return self._file(path) is not None

    def _file(self, path: str) -> Path | None:
        """A page of a mirror ends in .html."""
        if not self.has_site and not path.startswith(_LOG):
            return None
        file = self.folder / (path if self.has_site else path.removeprefix(_LOG))
        return next((one for one in (file, file.with_name(f"{file.name}.html")) if one.is_file()), None)


class _SameHost(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if urlsplit(newurl)[:2] != urlsplit(req.full_url)[:2]:
            raise LogError(f"{req.full_url} leads to another site, which is not followed: {newurl[:200]}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Site(Source):
    prefix: str

    is_copy = False

    def read(self, path: str) -> bytes:
        url = f"{self.prefix}/{quote(path)}"
        try:
            with urllib.request.build_opener(_SameHost).open(url, timeout=_TIMEOUT) as answer:
                return _limited(path, _read_in_time(answer, url))
        except HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise NotThere(f"{url} is not there ({error.code}).") from None
            raise LogError(f"{url} cannot be read: the site answers {error.code}.") from None
        except (OSError, HTTPException, ValueError) as error:
            raise LogError(f"{url} cannot be read: {_reason(error)}.") from None


def post(url: str, body: bytes) -> tuple[int, bytes]:
    """Status and answer, whatever the status is; a redirect is not followed. Raises LogError."""
    if not url.startswith(("http://", "https://")):
        raise LogError(f"{url} is no address (https://…).")
    try:
        request = Request(url, body, {"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310 (checked above)
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT) as answer:
            return answer.status, _limited(url, _read_in_time(answer, url))
    except HTTPError as error:
        with error:
            return error.code, error.read(_CHUNK)
    except (OSError, HTTPException, ValueError) as error:
        raise LogError(f"{url} cannot be asked: {_reason(error)}.") from None


def _read_in_time(answer: IO[bytes], url: str) -> bytes:
    end, content = time.monotonic() + _LONGEST, bytearray()
    while chunk := answer.read(_CHUNK):
        content += chunk
        if len(content) > MAX_BYTES:
            break
        if time.monotonic() > end:
            raise LogError(f"{url} took longer than {_LONGEST} seconds.")
    return bytes(content)


def _limited(path: str, content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise LogError(f"{path} is larger than {MAX_BYTES} bytes.")
    return content


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", "")) or str(error) or type(error).__name__
