"""Pages: renders templates in the visitor's language, and gives handlers what they need from a request."""

from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from petition.campaign.appeal import Appeal
from petition.core.languages import Language
from petition.protection.networks import is_circuit
from petition.site import Site
from petition.tally.tally import Snapshot
from petition.web.http import assets
from petition.web.http.public_state import PublicState, PublicStateCache
from petition.web.http.public_status import PublicStatus
from petition.web.http.security import is_over_onion

NO_STORE = "no-store"
_MAX_SWITCH_LENGTH = 100  # characters of a path


def get_site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def get_language(request: Request) -> Language:
    """The language in the path. If the site does not have it: 404, a page that offers the others."""
    code = request.path_params["lang"]
    if code not in get_site(request).languages:
        raise HTTPException(404)
    return get_site(request).languages[code]


def client_address(request: Request) -> str | None:
    """The client's address. The server believes trusted proxies only (see commands/server.py).

    The address of a circuit counts only if such a proxy names it at the onion address.
    """
    host, settings = request.client.host if request.client else None, get_site(request).settings
    at_onion = bool(settings.trusted_proxies) and is_over_onion(request.headers, settings.onion_host)
    return None if host and is_circuit(host) and not at_onion else host


async def not_found(request: Request) -> Response:
    """404. Prerendered pages are sent before routing, so a request that gets here has no page."""
    raise HTTPException(404)


def _public_state_cache(request: Request) -> PublicStateCache:
    cache: PublicStateCache = request.app.state.public_state
    return cache


def get_public_state(request: Request) -> PublicState:
    return _public_state_cache(request).state


def get_public_status(request: Request) -> PublicStatus:
    """The published numbers and the form's rules, from this process's copy: a few seconds old at most."""
    return _public_state_cache(request).status


def get_snapshot(request: Request) -> Snapshot:
    return get_public_status(request).snapshot


async def refresh_public_pages(request: Request) -> None:
    """Puts what this request has just written on the public pages, before it is answered."""
    await _public_state_cache(request).refresh()


def render_page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    wait: int = 0,
    language: Language | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page for one visitor, which is neither cached nor indexed. `wait`: seconds, for Retry-After."""
    language = language or negotiate_language(request)
    headers = {"Cache-Control": NO_STORE, "X-Robots-Tag": "noindex, nofollow", "Content-Language": language.code}
    if wait:
        headers["Retry-After"] = str(wait)
    if "token" in request.path_params:  # no path, not even to our own site: a server's log would then have the link
        headers["Referrer-Policy"] = "strict-origin"
    page_path = _path_in_other_languages(request, language) if status < 400 else ""
    context |= {"base_url": _base_url(request)}
    text = render_template(get_site(request), language, template, page_path=page_path, private=True, **context)
    return HTMLResponse(text, status, headers)


def _base_url(request: Request) -> str:
    """The address by which the visitor came: the public one, or that of the onion service."""
    settings = get_site(request).settings
    return settings.onion_url if is_over_onion(request.headers, settings.onion_host) else settings.base_url


def render_template(
    site: Site, language: Language, template: str, /, *, page_path: str, private: bool, **context: Any
) -> str:
    """Renders with what every page needs. `page_path`: the path without its language, for the language switch."""
    common = {"languages": site.languages, "page_path": page_path, "private": private, "static": assets.asset_url}
    appeal: Appeal = context.get("appeal", site.appeal)
    of_campaign = {"appeal": appeal, "campaign": appeal.campaign}
    return language.render(template, **({"mirror": False} | common | of_campaign | context))


def negotiate_language(request: Request) -> Language:
    """The language of the path, else the one that Accept-Language prefers."""
    code = request.scope["path"].removeprefix("/").partition("/")[0]
    languages = get_site(request).languages
    if code in languages:
        return languages[code]
    return languages.choose(request.headers.get("accept-language", ""))


def _path_in_other_languages(request: Request, language: Language) -> str:
    """The path without its language, for the language switch, which has it 27 times.

    Empty if it has a token, is the target of a form, or is longer than any page of ours. Error pages have none.
    """
    prefix = f"/{language.code}/"
    path: str = request.scope["path"]
    too_long = len(path) > _MAX_SWITCH_LENGTH
    if too_long or "token" in request.path_params or request.method == "POST" or not path.startswith(prefix):
        return ""
    return quote(path.removeprefix(prefix))
