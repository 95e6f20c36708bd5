"""Pages: a template in the visitor's language, with the headers that its kind of page wants."""

from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from petition.core.languages import Language
from petition.site import Board, Site
from petition.tally.tally import Snapshot
from petition.web.http import assets
from petition.web.http.public_state import Published
from petition.web.http.security import over_onion

PRIVATE = "no-store"


def get_site(request: Request) -> Site:
    """The site this request came to."""
    site: Site = request.app.state.site
    return site


def language(request: Request) -> Language:
    """The language in the path; a page that offers the others where there is no such language."""
    code = request.path_params["lang"]
    if code not in get_site(request).languages:
        raise HTTPException(404)
    return get_site(request).languages[code]


def client(request: Request) -> str | None:
    """The address of the client, as the server knows it behind trusted proxies alone (see server.py)."""
    return request.client.host if request.client else None


async def absent(request: Request) -> Response:
    """Where an address is ready-made (web/press), all that comes here is none of the site's."""
    raise HTTPException(404)


def _published(request: Request) -> Published:
    found: Published = request.app.state.published
    return found


def board(request: Request) -> Board:
    """The published numbers and the form's rules, from this process's copy, a few seconds behind at most."""
    return _published(request).board


def snapshot(request: Request) -> Snapshot:
    """The published numbers."""
    return board(request).snapshot


async def renew(request: Request) -> None:
    """What this request has just written is on the public pages before it is answered."""
    await _published(request).renew()


def page(request: Request, template: str, *, status: int = 200, wait: int = 0, **context: Any) -> HTMLResponse:
    """A page for one visitor, in the language of its path: neither stored nor indexed; `wait` is for Retry-After."""
    spoken = spoken_in(request)
    headers = {"Cache-Control": PRIVATE, "X-Robots-Tag": "noindex, nofollow", "Content-Language": spoken.code}
    if wait:
        headers["Retry-After"] = str(wait)
    if "token" in request.path_params:  # not even to ourselves: the next server's log would have the link
        headers["Referrer-Policy"] = "strict-origin"
    elsewhere = _elsewhere(request, spoken)
    context |= {"base_url": _base_url(request)}
    text = rendered(get_site(request), spoken, template, elsewhere=elsewhere, private=True, **context)
    return HTMLResponse(text, status, headers)


def _base_url(request: Request) -> str:
    """The address of the site where the visitor is: the public one, or the onion service's."""
    given = get_site(request).settings
    return given.onion_url if over_onion(request.headers, given.onion_host) else given.base_url


def rendered(here: Site, spoken: Language, template: str, /, *, elsewhere: str, private: bool, **context: Any) -> str:
    """A template with what every page needs; `elsewhere` is this page's path under the other languages."""
    usual = {"languages": here.languages, "elsewhere": elsewhere, "private": private, "static": assets.address}
    return spoken.render(template, **({"mirror": False} | usual | context))


def spoken_in(request: Request) -> Language:
    """The language to answer in, on paths without one too."""
    code = request.scope["path"].removeprefix("/").partition("/")[0]
    languages = get_site(request).languages
    if code in languages:
        return languages[code]
    return languages.choose(request.headers.get("accept-language", ""))


def _elsewhere(request: Request, spoken: Language) -> str:
    """What the language switch keeps of the path: the page, never a link's token or the target of a form."""
    prefix = f"/{spoken.code}/"
    path: str = request.scope["path"]
    if "token" in request.path_params or request.method == "POST" or not path.startswith(prefix):
        return ""
    return quote(path.removeprefix(prefix))
