"""For machines and the operator: is it up, is it ready, how much waits; and in demo mode the mail it "sent"."""

import hmac
from email import policy
from email.parser import BytesParser

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from petition import clock, outbox
from petition.errors import DatabaseError
from petition.settings import LOOPBACK
from petition.web.guards import forwarded
from petition.web.pages import PRIVATE, page, site, snapshot

_NO_STORE = {"Cache-Control": PRIVATE}


async def healthz(request: Request) -> Response:
    """The process is up."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def readyz(request: Request) -> Response:
    """The database is reachable and migrated."""
    try:
        await site(request).ready()
    except DatabaseError as error:
        return PlainTextResponse(f"{error}\n", 503, _NO_STORE)
    return PlainTextResponse("ready\n", headers=_NO_STORE)


async def metrics(request: Request) -> Response:
    """For Prometheus (text format 0.0.4): with the token, or without one from this machine alone."""
    if not _may_measure(request):
        raise HTTPException(404)
    async with site(request).database.reading() as c:
        waiting, oldest = await outbox.waiting(c)
    published = await snapshot(request)
    values = {
        "petition_confirmed": ("gauge", published.confirmed),
        "petition_snapshot_age_seconds": ("gauge", clock.epoch() - int(published.as_of.timestamp())),
        "petition_outbox_waiting": ("gauge", waiting),
        "petition_outbox_oldest_seconds": ("gauge", oldest),
    }
    text = "".join(f"# TYPE {name} {kind}\n{name} {value}\n" for name, (kind, value) in values.items())
    return PlainTextResponse(text, headers=_NO_STORE)


def _may_measure(request: Request) -> bool:
    if token := site(request).settings.metrics_token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    local = request.client is None or request.client.host in LOOPBACK
    return local and not forwarded(request.headers)


async def dev_outbox(request: Request) -> Response:
    """Demo mode's mailbox: every mail that would have been sent, newest first."""
    files = sorted((site(request).settings.var / "mail").glob("*.eml"), reverse=True)[:50]
    parser = BytesParser(policy=policy.default)
    mails = [parser.parsebytes(file.read_bytes()) for file in files]
    return page(request, "dev/outbox.html", mails=[(mail, mail.get_body(("plain",))) for mail in mails])
