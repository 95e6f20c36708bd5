"""Makes what is ready before anybody asks: the public pages in every language, the open data, the static files."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from petition.core.languages import Language
from petition.site import Site
from petition.web.http import assets, security
from petition.web.http.pages import render_template
from petition.web.http.prerendered import PrerenderedResponse, encode_body
from petition.web.http.public_state import PublicState
from petition.web.public import discovery, governments, maps, signing, tally

Text = tuple[str, str, dict[str, str]]
Context = Callable[[Site, Language, PublicState], dict[str, Any]]
_HTML = "text/html; charset=utf-8"
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
    "": ("web/public/appeal/appeal.html", _PAGE, signing.appeal),
    "help": ("web/public/signing/help.html", _PAGE, _nothing),
    "tally": ("web/public/tally/tally.html", _LIVE, tally.tally_page),
    "governments": ("web/public/tally/governments.html", _LIVE, governments.page),
    "privacy": ("web/public/privacy.html", _PAGE, _nothing),
    "data": ("web/public/tally/data.html", _PAGE, tally.data_page),
}
THEMES = ("", "light", "dark")  # of the counter for other sites
_SVG = "image/svg+xml"
DATA: dict[str, tuple[str, Callable[[Site, PublicState], str]]] = {
    "/tally.json": ("application/json", tally.tally_json),
    "/tally.csv": ("text/csv; charset=utf-8", tally.tally_csv),
    "/history.csv": ("text/csv; charset=utf-8", tally.history_csv),
    "/governments.json": ("application/json", governments.as_json),
    "/governments.csv": ("text/csv; charset=utf-8", governments.as_csv),
    "/tally.svg": (_SVG, tally.tally_svg),
    "/history.svg": (_SVG, tally.history_svg),
    "/governments.svg": (_SVG, governments.svg),
    "/robots.txt": ("text/plain; charset=utf-8", discovery.robots),
    "/sitemap.xml": ("application/xml", discovery.sitemap),
    "/.well-known/security.txt": ("text/plain; charset=utf-8", discovery.security),
}


def made(site: Site, moment: PublicState, before: Mapping[str, PrerenderedResponse]) -> dict[str, PrerenderedResponse]:
    """Everything of one moment, by path. What did not change since `before` is not compressed again.

    All of it once more for the onion service, behind its name: its pages name that address, its headers no https.
    """
    given = site.settings
    public = _made_for(site, moment, before, "", given.base_url, given.onion_url if given.secure else "")
    return public | (_made_for(site, moment, before, given.onion_host, given.onion_url) if given.onion_url else {})


def _made_for(
    site: Site,
    moment: PublicState,
    before: Mapping[str, PrerenderedResponse],
    host: str,
    base_url: str,
    elsewhere: str = "",
) -> dict[str, PrerenderedResponse]:
    """For one origin; each page names itself under the address `elsewhere` too, if there is one."""
    usual = security.security_headers(secure=base_url.startswith("https:"))
    found = {}
    for path, text, headers in texts(site, moment, base_url=base_url):
        page = elsewhere and headers["Content-Type"] == _HTML
        told = {"Onion-Location": elsewhere + path} if page else {}
        sent = {name: value for name, value in (usual | headers | told).items() if value}
        found[host + path] = _made(before.get(host + path), text, sent)
    for path, file, headers in _files():
        found[host + path] = before.get(host + path) or PrerenderedResponse(file.bodies, usual | headers)
    return found


def _made(before: PrerenderedResponse | None, text: str, headers: Mapping[str, str]) -> PrerenderedResponse:
    body = text.encode()
    return (
        before
        if before is not None and before.body == body
        else PrerenderedResponse(encode_body(body, QUALITY), headers)
    )


def texts(site: Site, moment: PublicState, **also: Any) -> Iterator[Text]:
    """(path, text, headers) of each page and of the data; `also` goes to every template."""
    for spoken in site.languages:
        for path, (template, cache, context) in PAGES.items():
            filled = also | context(site, spoken, moment)
            text = render_template(site, spoken, template, page_path=path, private=False, **filled)
            headers = {"Content-Type": _HTML, "Content-Language": spoken.code}
            yield f"/{spoken.code}/{path}", text, headers | {"Cache-Control": cache}
        for theme in THEMES:
            yield _embed(site, spoken, moment, theme, also)
    for path, (kind, content) in DATA.items():
        text = content(site, moment)
        policy = {"Content-Security-Policy": maps.policy(text)} if kind == _SVG else {}
        yield path, text, {"Content-Type": kind, "Cache-Control": _LIVE, **_OPEN, **policy}


def _embed(site: Site, spoken: Language, moment: PublicState, theme: str, also: dict[str, Any]) -> Text:
    """The counter for other sites: the one page that others may frame."""
    path = f"/{spoken.code}/embed" + (f"?theme={theme}" if theme else "")
    filled = also | tally.tally_page(site, spoken, moment) | {"text": site.appeal.text(spoken), "theme": theme}
    text = render_template(site, spoken, "web/public/tally/embed.html", page_path="embed", private=False, **filled)
    headers = {"Content-Type": _HTML, "Content-Language": spoken.code, "Cache-Control": _LIVE}
    return path, text, headers | {"Content-Security-Policy": security.EMBEDDABLE_CSP, "X-Frame-Options": ""}


def _files() -> Iterator[tuple[str, assets.Asset, dict[str, str]]]:
    """Each static file twice: under its name, and for ever under the address of its version."""
    for name, file in assets.load_assets().items():
        kind = {"Content-Type": file.content_type}
        yield f"/static/{name}", file, kind | {"Cache-Control": _FILE}
        yield assets.asset_url(name), file, kind | {"Cache-Control": _FOR_EVER}
