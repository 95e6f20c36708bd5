"""The log over HTTP: its files, as they lie in the folder; what witnesses bring back; proofs of letters."""

import asyncio
import re
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from petition.log import cosignatures, letters
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.web.http.pages import NO_STORE, client_address, get_site

# Nothing else is sent: a path is one of these, or there is no such file.
_TILE = r"tile/(?:[0-9]{1,2}|entries)/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?"
_PATH = re.compile(
    rf"(?:before/[\w.-]+/)?(checkpoint|cosigned|policy|vkey|index\.json|files/[0-9a-f]{{64}}\.json|{_TILE})", re.A
)
_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "X-Robots-Tag": "noindex"}
_TEXT, _BYTES, _JSON = "text/plain; charset=utf-8", "application/octet-stream", "application/json"
_BRIEF, _FOR_EVER = "public, max-age=5", "public, max-age=31536000, immutable"
_MAX_NOTE = 16_000  # bytes


async def send_file(request: Request) -> Response:
    """A part of a tile is there only if a checkpoint of that size was: others answer 404 (c2sp.org/tlog-tiles)."""
    path: str = request.path_params["path"]
    if not (found := _PATH.fullmatch(path)):
        return _not_there()
    try:
        content = await asyncio.to_thread((Folder(get_site(request).settings.var).path / path).read_bytes)
    except OSError:
        return _not_there()
    return Response(content, headers=_OPEN | _headers(found[1]))


def _not_there() -> Response:
    """It may be there a moment later."""
    return PlainTextResponse("There is no such file.\n", 404, _OPEN | {"Cache-Control": NO_STORE})


def _headers(name: str) -> dict[str, str]:
    if name.startswith("tile/"):
        return {"Content-Type": _BYTES, "Cache-Control": _FOR_EVER}
    if name.startswith("files/"):
        return {"Content-Type": _JSON, "Cache-Control": "public, max-age=3600"}  # it may be withdrawn
    return {"Content-Type": _JSON if name.endswith(".json") else _TEXT, "Cache-Control": _BRIEF}


async def receive_cosignatures(request: Request) -> Response:
    """A checkpoint of ours with lines of witnesses: what campaign.toml does not name, or is not ours, is refused."""
    site = get_site(request)
    body = await request.body()
    if len(body) > _MAX_NOTE:
        raise HTTPException(413)
    await site.rate_limiter.limit_page(client_address(request))
    try:
        witnesses = site.appeal.campaign.witnesses
        opened = await asyncio.to_thread(cosignatures.read, body.decode("utf-8"), witnesses)
        await site.database.own_transaction(partial(cosignatures.add, opened=opened))
    except (LogError, UnicodeDecodeError) as error:
        return PlainTextResponse(f"{error if isinstance(error, LogError) else 'This is no text.'}\n", 422, _OPEN)
    return Response(status_code=204, headers=_OPEN)


async def send_proof(request: Request) -> Response:
    site, reference = get_site(request), request.path_params["reference"]
    await site.rate_limiter.limit_page(client_address(request))
    async with site.database.reading() as c:
        sha256 = await letters.find_fingerprint(c, reference)
    proof = await asyncio.to_thread(letters.make_proof_of, site.settings, sha256)
    if not proof:
        raise HTTPException(404)
    name = {"Content-Disposition": f'attachment; filename="{reference}.tlog-proof"'}
    return Response(proof, headers=_OPEN | name | {"Content-Type": _TEXT, "Cache-Control": "public, max-age=60"})


ROUTES = [
    Route("/log/cosignatures", receive_cosignatures, methods=["POST"]),
    Mount("/log", routes=[Route("/{path:path}", send_file)]),
    Route("/letters/{reference}.tlog-proof", send_proof),
]
