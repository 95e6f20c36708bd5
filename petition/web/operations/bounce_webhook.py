"""Bounces and complaints that a mail server or provider sends here, with a secret of their own."""

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.mail import bounce_reports
from petition.signing import quarantine
from petition.web.http.pages import NO_STORE, get_site
from petition.web.http.security import has_bearer_token

_READERS = {
    "application/json": bounce_reports.read_json,
    "message/rfc822": bounce_reports.read,
    "multipart/report": bounce_reports.read,
}
PATIENCE = 15  # seconds for a body of at most guards.BODY


async def bounced(request: Request) -> Response:
    """A report about one mail: the same answer whatever it names. Without its secret nothing is here."""
    here = get_site(request)
    if not has_bearer_token(request, here.settings.bounce_token):
        raise HTTPException(404)
    kind = request.headers.get("content-type", "")
    read = _READERS.get(kind.partition(";")[0].strip().lower())
    if read is None:
        raise HTTPException(415)
    body = await _body(request)
    if kind.lower().startswith("multipart/report"):
        body = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body
    if returned := read(body):
        await here.database.write(partial(quarantine.apply_report, returned=returned))
    return Response(status_code=204, headers={"Cache-Control": NO_STORE})


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408) from None
