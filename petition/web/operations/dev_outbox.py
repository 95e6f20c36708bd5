"""Demo mode's mailbox: the emails that would have been sent."""

from email import policy
from email.parser import BytesParser

from starlette.requests import Request
from starlette.responses import Response

from petition.web.http.pages import get_site, render_page


async def dev_outbox(request: Request) -> Response:
    """The newest 50 emails, the newest first."""
    files = sorted((get_site(request).settings.var / "mail").glob("*.eml"), reverse=True)[:50]
    parser = BytesParser(policy=policy.default)
    emails = [parser.parsebytes(file.read_bytes()) for file in files]
    return render_page(
        request, "web/operations/dev_outbox.html", emails=[(email, email.get_body(("plain",))) for email in emails]
    )
