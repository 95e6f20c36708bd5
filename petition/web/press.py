"""Makes what is ready before anybody asks: the public pages in every language, the open data, the static files."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from petition.languages import Language
from petition.site import Site
from petition.web import guards, signing, static, tally
from petition.web.pages import rendered
from petition.web.published import Moment
from petition.web.readymade import Made, pack

Context = Callable[[Site, Language, Moment], dict[str, Any]]
QUALITY = 5  # of Brotli: a page in a millisecond or two, for these are made anew every minute

# What caches may do: a page is fresh for a while, old while a new one is fetched, and better than none for a day.
_KEPT = "stale-while-revalidate=60, stale-if-error=86400"
_PAGE = f"public, max-age=60, {_KEPT}"
_LIVE = f"public, max-age=30, {_KEPT}"
_FILE = f"public, max-age=3600, {_KEPT}"
_FOR_EVER = "public, max-age=31536000, immutable"
_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}  # any site may read it


def _nothing(*_: object) -> dict[str, Any]:
    return {}


# Path under a language -> (template, Cache-Control, what the template needs).
PAGES: dict[str, tuple[str, str, Context]] = {
    "": ("appeal/appeal.html", _PAGE, signing.appeal),
    "help": ("signing/help.html", _PAGE, _nothing),
    "tally": ("tally/tally.html", _LIVE, tally.tally_page),
    "governments": ("tally/governments.html", _LIVE, tally.governments),
    "privacy": ("privacy/privacy.html", _PAGE, _nothing),
}
DATA: dict[str, tuple[str, Callable[[Moment], str]]] = {
    "/tally.json": ("application/json", tally.tally_json),
    "/tally.csv": ("text/csv; charset=utf-8", tally.tally_csv),
    "/history.csv": ("text/csv; charset=utf-8", tally.history_csv),
}


def made(site: Site, moment: Moment, before: Mapping[str, Made]) -> dict[str, Made]:
    """Everything of one moment, by path. What did not change since `before` is not compressed again."""
    usual = guards.usual_headers(secure=site.settings.secure)
    fresh = {path: _made(before.get(path), text, usual | headers) for path, text, headers in _texts(site, moment)}
    lasting = {path: before.get(path) or Made(file.packed, usual | headers) for path, file, headers in _files()}
    return fresh | lasting


def _made(before: Made | None, text: str, headers: Mapping[str, str]) -> Made:
    body = text.encode()
    return before if before is not None and before.body == body else Made(pack(body, QUALITY), headers)


def _texts(site: Site, moment: Moment) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(path, text, headers) of each page and of the data."""
    for spoken in site.languages:
        for path, (template, cache, context) in PAGES.items():
            text = rendered(site, spoken, template, elsewhere=path, private=False, **context(site, spoken, moment))
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Language": spoken.code}
            yield f"/{spoken.code}/{path}", text, headers | {"Cache-Control": cache}
    for path, (kind, content) in DATA.items():
        yield path, content(moment), {"Content-Type": kind, "Cache-Control": _LIVE, **_OPEN}


def _files() -> Iterator[tuple[str, static.File, dict[str, str]]]:
    """Each static file twice: under its name, and for ever under the address of its version."""
    for name, file in static.files().items():
        kind = {"Content-Type": file.kind}
        yield f"/static/{name}", file, kind | {"Cache-Control": _FILE}
        yield static.address(name), file, kind | {"Cache-Control": _FOR_EVER}
