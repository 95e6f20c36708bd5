"""Whether a letter on paper or a file is the one that was sent: for whoever receives it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition import clock, editions
from petition.errors import LetterError
from petition.web.pages import client, page, site


async def letter(request: Request) -> Response:
    """What was frozen about one letter: addressee, day, numbers, and the fingerprint of its file."""
    here, reference = site(request), request.path_params["reference"]
    async with here.database.reading() as c:
        found = await editions.find(c, reference)
    if found is None:
        await here.doors.page(client(request))
        return page(request, "letters/unknown.html", status=404, reference=reference[:60])
    frozen, tree, basis = found
    try:
        addressee = here.book.find(frozen.key)
    except LetterError:
        addressee = None  # the book has changed since
    context: dict[str, Any] = {"frozen": frozen, "letter": tree, "addressee": addressee, "basis": basis}
    return page(request, "letters/check.html", as_of=clock.parse(basis["as_of"]), **context)
