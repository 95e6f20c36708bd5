"""One spelling for each address: people and mail programs add slashes, or write the language in capitals."""

from collections.abc import Container
from urllib.parse import quote

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from petition.web.http.security import MAX_PATH_LENGTH

EMAILED = ("confirm", "manage", "never-write", "unsubscribe", "login")  # the next part of such a path is a token


class CanonicalPaths:
    """Leads to a page by its one spelling (308). The new address is a path under a language or the desk, never a host.

    An emailed link and a form are answered at once: a redirect would put the token into one more address, and would
    have the form sent a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) <= MAX_PATH_LENGTH:
            path = canonical_path(scope["path"], scope["app"].state.site.languages)
            if path != scope["path"] and scope["method"] in ("GET", "HEAD") and not _has_token(path):
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(quote(path) + f"?{query}" * bool(query), 308)(scope, receive, send)
                return
            scope = {**scope, "path": path}
        await self._app(scope, receive, send)


def canonical_path(path: str, languages: Container[str]) -> str:
    """Without a slash too many and with the language in small letters; of an emailed link also without what follows it.

    An address without a language stays as it is.
    """
    first, *rest = [part for part in path.split("/") if part] or [""]
    first = first.lower() if first.lower() in languages else first
    if first not in languages and first != "organisers":
        return path if first else "/"
    if rest and rest[0] in EMAILED:
        rest = rest[:2]
    return f"/{first}/{'/'.join(rest)}"


def _has_token(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 4 and parts[2] in EMAILED
