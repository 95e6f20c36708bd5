"""Renders before any request: the public pages in every language, the open data, the static files."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from petition.core.csv_tables import for_excel
from petition.core.languages import Language
from petition.core.settings import Settings
from petition.features import features
from petition.letters.editions import index_signature
from petition.site import Site
from petition.web.http import assets, security
from petition.web.http.pages import render_template
from petition.web.http.prerendered import PrerenderedResponse, encode_body
from petition.web.http.public_state import PublicState
from petition.web.public import discovery, feed, governments, maps, press, quality, signing, tally
from petition.web.public.themes import THEMES, with_theme

RenderedText = tuple[str, str, dict[str, str]]
Context = Callable[[Site, Language, PublicState], dict[str, Any]]
_HTML = "text/html; charset=utf-8"
BROTLI_QUALITY = 5  # of Brotli: a page takes a millisecond or two, because all pages are made again with each release

# Caches may send an old page for a minute while they fetch a new one, and for a day while our server fails.
_STALE = "stale-while-revalidate=60, stale-if-error=86400"
_PAGE_CACHE = f"public, max-age=60, {_STALE}"
_LIVE_CACHE = f"public, max-age=30, {_STALE}"
_FILE_CACHE = f"public, max-age=3600, {_STALE}"
_IMMUTABLE = "public, max-age=31536000, immutable"
# Any site may read these responses.
_CORS_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}

_FRAMED_STYLE = "embed.css"
_FRAMED_HEADERS = {"Cross-Origin-Resource-Policy": "cross-origin"}  # in a frame with `sandbox`, no origin is the same


def _no_context(*_: object) -> dict[str, Any]:
    return {}


# Path under a language -> (template, Cache-Control, what the template needs).
PAGES: dict[str, tuple[str, str, Context]] = {
    "": ("web/public/appeal/appeal.html", _PAGE_CACHE, signing.appeal_page),
    "help": ("web/public/signing/help.html", _PAGE_CACHE, _no_context),
    "tally": ("web/public/tally/tally.html", _LIVE_CACHE, tally.tally_page),
    "governments": ("web/public/tally/governments.html", _LIVE_CACHE, governments.governments_page),
    "privacy": ("web/public/privacy.html", _PAGE_CACHE, _no_context),
    "safety": ("web/public/safety.html", _PAGE_CACHE, tally.counting_page),
    "press": ("web/public/press.html", _LIVE_CACHE, press.press_page),
    "how-we-count": ("web/public/tally/how_we_count.html", _PAGE_CACHE, quality.how_we_count_page),
    "data": ("web/public/tally/data.html", _PAGE_CACHE, tally.data_page),
}


def pages(settings: Settings | None = None) -> dict[str, tuple[str, str, Context]]:
    """All pages, with those of the folders that can be left out, and those that only some settings bring."""
    added = [{**feature.pages, **(feature.pages_for(settings) if settings else {})} for feature in features()]
    return PAGES | {path: page for found in added for path, page in found.items()}


# Frames for other sites, by their path under a language; each in each theme.
FRAMES: dict[str, tuple[str, Context]] = {
    "embed": ("web/public/tally/embed.html", tally.tally_page),
    "embed/map": ("web/public/tally/frames/map.html", tally.map_frame),
    "embed/map-per-million": ("web/public/tally/frames/map_per_million.html", tally.map_frame),
    "embed/chart": ("web/public/tally/frames/chart.html", tally.map_frame),
}
_SVG, _ATOM = "image/svg+xml", "application/atom+xml; charset=utf-8"
DataFile = Callable[[Site, PublicState], str]
Picture = Callable[[Site, PublicState, str], str]
_PICTURES: dict[str, Picture] = {
    "/tally.svg": tally.tally_svg,
    "/tally-per-million.svg": tally.per_million_svg,
    "/history.svg": tally.history_svg,
    "/governments.svg": governments.governments_svg,
}
_CSV = "text/csv; charset=utf-8"
_TABLES: dict[str, DataFile] = {
    "/tally.csv": tally.tally_csv,
    "/paper.csv": tally.paper_csv,
    "/history.csv": tally.history_csv,
    "/history-hours.csv": tally.history_hours_csv,
    "/governments.csv": governments.governments_csv,
}


def _for_excel(table: DataFile) -> DataFile:
    return lambda site, state: for_excel(table(site, state))


def _in_theme(picture: Picture, theme: str) -> DataFile:
    return lambda site, state: picture(site, state, theme)


DATA_FILES: dict[str, tuple[str, DataFile]] = {
    "/tally.json": ("application/json", tally.tally_json),
    "/history.json": ("application/json", tally.history_json),
    "/governments.json": ("application/json", governments.governments_json),
    "/quality.json": ("application/json", quality.quality_json),
    "/robots.txt": ("text/plain; charset=utf-8", discovery.robots_txt),
    "/sitemap.xml": ("application/xml", discovery.sitemap_xml),
    "/.well-known/security.txt": ("text/plain; charset=utf-8", discovery.security_txt),
    index_signature.PUBLIC_KEY_PATH: ("text/plain; charset=utf-8", discovery.letters_pub),
    **{path: (_CSV, table) for path, table in _TABLES.items()},
    **{path.replace(".csv", "-excel.csv"): (_CSV, _for_excel(table)) for path, table in _TABLES.items()},
    **{
        with_theme(path, theme): (_SVG, _in_theme(picture, theme))
        for path, picture in _PICTURES.items()
        for theme in THEMES
    },
}


def prerender_all(
    site: Site, state: PublicState, previous: Mapping[str, PrerenderedResponse]
) -> dict[str, PrerenderedResponse]:
    """The responses of one public state, by path. A text that is the same as in `previous` is not compressed again.

    For the onion service everything is made a second time, under its host name and path: pages name the onion
    address, and headers for https are left out.
    """
    settings = site.settings
    onion_url = settings.onion_url
    public = _prerender_origin(site, state, previous, "", settings.base_url, onion_url if settings.secure else "")
    onion = _prerender_origin(site, state, previous, settings.onion_host, onion_url) if onion_url else {}
    return public | onion


def _prerender_origin(
    site: Site,
    state: PublicState,
    previous: Mapping[str, PrerenderedResponse],
    host: str,
    base_url: str,
    onion_url: str = "",
) -> dict[str, PrerenderedResponse]:
    """The responses of one origin. With `onion_url`, each page has an Onion-Location header."""
    security_headers = security.security_headers(secure=base_url.startswith("https:"))
    responses = {}
    for path, text, headers in render_texts(site, state, base_url=base_url):
        is_page = onion_url and headers["Content-Type"] == _HTML
        onion_header = {"Onion-Location": onion_url + path} if is_page else {}
        sent_headers = {name: value for name, value in (security_headers | headers | onion_header).items() if value}
        responses[host + path] = _prerender_text(previous.get(host + path), text, sent_headers)
    for path, asset, headers in (*_asset_responses(), *_picture_responses(state)):
        responses[host + path] = previous.get(host + path) or PrerenderedResponse(
            asset.bodies, security_headers | headers
        )
    return responses


def _prerender_text(previous: PrerenderedResponse | None, text: str, headers: Mapping[str, str]) -> PrerenderedResponse:
    body = text.encode()
    if previous is not None and previous.body == body:
        return previous
    return PrerenderedResponse(encode_body(body, BROTLI_QUALITY), headers)


def render_texts(site: Site, state: PublicState, **extra: Any) -> Iterator[RenderedText]:
    """(path, text, headers) of each page and data file; `extra` goes to every page's template."""
    shown = pages(site.settings)
    for language in site.languages:
        for path, (template, cache, context) in shown.items():
            values = extra | {"appeal": state.appeal, "pages": shown} | context(site, language, state)
            text = render_template(site, language, template, page_path=path, private=False, **values)
            headers = {"Content-Type": _HTML, "Content-Language": language.code}
            yield f"/{language.code}/{path}", text, headers | {"Cache-Control": cache}
        yield from _render_frames(site, language, state, extra)
        yield _open_file(f"/{language.code}/feed.xml", _ATOM, feed.feed_xml(site, language, state))
        for theme in THEMES:
            chart = tally.localised_history_svg(site, language, state, theme)
            yield _open_file(with_theme(f"/{language.code}/history.svg", theme), _SVG, chart)
    for path, (content_type, content) in DATA_FILES.items():
        yield _open_file(path, content_type, content(site, state))


def _open_file(path: str, content_type: str, text: str) -> RenderedText:
    policy = {"Content-Security-Policy": maps.svg_policy(text)} if content_type == _SVG else {}
    return path, text, {"Content-Type": content_type, "Cache-Control": _LIVE_CACHE, **_CORS_HEADERS, **policy}


def _render_frames(site: Site, language: Language, state: PublicState, extra: dict[str, Any]) -> Iterator[RenderedText]:
    """The only pages that others may frame."""
    headers = {"Content-Type": _HTML, "Content-Language": language.code, "Cache-Control": _LIVE_CACHE}
    headers |= {"Content-Security-Policy": security.EMBEDDABLE_CSP, "X-Frame-Options": ""}
    text = state.appeal.get_text(language)
    for path, (template, context) in FRAMES.items():
        values = extra | {"appeal": state.appeal, "text": text} | context(site, language, state)
        for theme in THEMES:
            page = render_template(site, language, template, page_path=path, private=False, theme=theme, **values)
            yield with_theme(f"/{language.code}/{path}", theme), page, headers


def _asset_responses() -> Iterator[tuple[str, assets.Asset, dict[str, str]]]:
    """Each static file twice: under its name, and under the address of its version, which never changes."""
    for name, asset in assets.load_assets().items():
        headers = {"Content-Type": asset.content_type} | (_FRAMED_HEADERS if name == _FRAMED_STYLE else {})
        yield f"/static/{name}", asset, headers | {"Cache-Control": _FILE_CACHE}
        yield assets.asset_url(name), asset, headers | {"Cache-Control": _IMMUTABLE}


def _picture_responses(state: PublicState) -> Iterator[tuple[str, assets.Asset, dict[str, str]]]:
    """The pictures that the campaign supplies, each under the address of its version."""
    for picture in state.appeal.pictures:
        asset = assets.make_asset(picture.name, picture.content)
        yield picture.address, asset, {"Content-Type": asset.content_type, "Cache-Control": _IMMUTABLE}
