"""The bounce webhook: mail servers and providers post bounces and complaints here, with a secret token."""

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.mail import bounce_reports
from petition.signing import quarantine
from petition.web.http.pages import NO_STORE, get_site
from petition.web.http.security import has_bearer_token

_PARSERS = {
    "application/json": bounce_reports.parse_json,
    "message/rfc822": bounce_reports.parse_report,
    "multipart/report": bounce_reports.parse_report,
}
BODY_TIMEOUT_SECONDS = 15  # for a body of at most MAX_BODY_BYTES


async def receive_bounce(request: Request) -> Response:
    """A report about one email. The answer is the same whatever it names. Without the token: 404."""
    site = get_site(request)
    if not has_bearer_token(request, site.settings.bounce_token):
        raise HTTPException(404)
    kind = request.headers.get("content-type", "")
    parse = _PARSERS.get(kind.partition(";")[0].strip().lower())
    if parse is None:
        raise HTTPException(415)
    body = await _read_body(request)
    if kind.lower().startswith("multipart/report"):
        body = b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body
    if report := await asyncio.to_thread(parse, body):
        await site.database.write(partial(quarantine.apply_report, server_keys=site.server_keys, report=report))
    return Response(status_code=204, headers={"Cache-Control": NO_STORE})


async def _read_body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408) from None
