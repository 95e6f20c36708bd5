"""Pages: a template in the visitor's language, with the headers that its kind of page wants."""

from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from petition.core.languages import Language
from petition.site import PublicStatus, Site
from petition.tally.tally import Snapshot
from petition.web.http import assets
from petition.web.http.public_state import PublicStateCache
from petition.web.http.security import is_over_onion

NO_STORE = "no-store"


def get_site(request: Request) -> Site:
    """The site this request came to."""
    site: Site = request.app.state.site
    return site


def get_language(request: Request) -> Language:
    """The language in the path; a page that offers the others where there is no such language."""
    code = request.path_params["lang"]
    if code not in get_site(request).languages:
        raise HTTPException(404)
    return get_site(request).languages[code]


def client_address(request: Request) -> str | None:
    """The address of the client, as the server knows it behind trusted proxies alone (see server.py)."""
    return request.client.host if request.client else None


async def not_found(request: Request) -> Response:
    """404: what is prerendered is sent ahead of routing, so that a request that comes here has no page."""
    raise HTTPException(404)


def _public_state_cache(request: Request) -> PublicStateCache:
    cache: PublicStateCache = request.app.state.public_state
    return cache


def get_public_status(request: Request) -> PublicStatus:
    """The published numbers and the form's rules, from this process's copy, a few seconds behind at most."""
    return _public_state_cache(request).status


def get_snapshot(request: Request) -> Snapshot:
    """The published numbers."""
    return get_public_status(request).snapshot


async def refresh_public_pages(request: Request) -> None:
    """What this request has just written is on the public pages before it is answered."""
    await _public_state_cache(request).refresh()


def render_page(request: Request, template: str, *, status: int = 200, wait: int = 0, **context: Any) -> HTMLResponse:
    """A page for one visitor, in the language of its path: neither stored nor indexed; `wait` is for Retry-After."""
    language = negotiate_language(request)
    headers = {"Cache-Control": NO_STORE, "X-Robots-Tag": "noindex, nofollow", "Content-Language": language.code}
    if wait:
        headers["Retry-After"] = str(wait)
    if "token" in request.path_params:  # not even to ourselves: the next server's log would have the link
        headers["Referrer-Policy"] = "strict-origin"
    page_path = _path_in_other_languages(request, language)
    context |= {"base_url": _base_url(request)}
    text = render_template(get_site(request), language, template, page_path=page_path, private=True, **context)
    return HTMLResponse(text, status, headers)


def _base_url(request: Request) -> str:
    """The address of the site where the visitor is: the public one, or the onion service's."""
    settings = get_site(request).settings
    return settings.onion_url if is_over_onion(request.headers, settings.onion_host) else settings.base_url


def render_template(
    site: Site, language: Language, template: str, /, *, page_path: str, private: bool, **context: Any
) -> str:
    """A template with what every page needs; `page_path` is its path under the other languages."""
    common = {"languages": site.languages, "page_path": page_path, "private": private, "static": assets.asset_url}
    return language.render(template, **({"mirror": False} | common | context))


def negotiate_language(request: Request) -> Language:
    """The language to answer in, on paths without one too."""
    code = request.scope["path"].removeprefix("/").partition("/")[0]
    languages = get_site(request).languages
    if code in languages:
        return languages[code]
    return languages.choose(request.headers.get("accept-language", ""))


def _path_in_other_languages(request: Request, language: Language) -> str:
    """What the language switch keeps of the path: the page, never a link's token or the target of a form."""
    prefix = f"/{language.code}/"
    path: str = request.scope["path"]
    if "token" in request.path_params or request.method == "POST" or not path.startswith(prefix):
        return ""
    return quote(path.removeprefix(prefix))
