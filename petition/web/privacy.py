"""What is kept, why, and how long."""

from starlette.requests import Request
from starlette.responses import Response

from petition.web.pages import PUBLIC, page


async def privacy(request: Request) -> Response:
    """The privacy page."""
    return page(request, "privacy/privacy.html", cache=PUBLIC)
