"""Pages: a template in the visitor's language, with the headers that its kind of page wants."""

from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from petition.languages import Language
from petition.site import Board, Site
from petition.tally import Snapshot
from petition.web.published import Published

PUBLIC = "public, max-age=60"
PRIVATE = "no-store"
LIVE = "public, max-age=30"


def site(request: Request) -> Site:
    """The site this request came to."""
    found: Site = request.app.state.site
    return found


def language(request: Request) -> Language:
    """The language in the path; a page that offers the others where there is no such language."""
    code = request.path_params["lang"]
    if code not in site(request).languages:
        raise HTTPException(404)
    return site(request).languages[code]


async def board(request: Request) -> Board:
    """The published numbers and the form's rules, from this process's copy, a few seconds behind at most."""
    published: Published = request.app.state.published
    return await published.board()


async def snapshot(request: Request) -> Snapshot:
    """The published numbers."""
    return (await board(request)).snapshot


def page(request: Request, template: str, *, status: int = 200, cache: str = PRIVATE, **context: Any) -> HTMLResponse:
    """A page in the language of its path. Private ones are neither stored nor indexed."""
    headers = {"Cache-Control": cache}
    if cache == PRIVATE:
        headers["X-Robots-Tag"] = "noindex, nofollow"
    if "token" in request.path_params:  # not even to ourselves: the next server's log would have the link
        headers["Referrer-Policy"] = "strict-origin"
    spoken = spoken_in(request)
    context |= {"languages": site(request).languages, "private": cache == PRIVATE}
    context["elsewhere"] = _elsewhere(request, spoken)
    headers["Content-Language"] = spoken.code
    return HTMLResponse(spoken.render(template, **context), status, headers)


def spoken_in(request: Request) -> Language:
    """The language to answer in, on paths without one too."""
    code = request.scope["path"].removeprefix("/").partition("/")[0]
    languages = site(request).languages
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
