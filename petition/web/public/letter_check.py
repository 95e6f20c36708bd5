"""Whether a letter on paper or a file is the one that was sent: for whoever receives it."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.errors import LetterError
from petition.letters.editions import annexes, editions
from petition.site import Site
from petition.web.http.pages import client_address, get_site, render_page


async def letter(request: Request) -> Response:
    """What was frozen about one letter: addressee, day, numbers, and the fingerprint of its file."""
    here, reference = get_site(request), request.path_params["reference"]
    async with here.database.reading() as c:
        found, names = await editions.find_letter(c, reference), await annexes.find_annex(c, reference)
    if names is not None:
        return render_page(
            request,
            "web/public/letter_check/annex.html",
            annex=names,
            day=date.fromisoformat(names.issued_on),
            **_to(here, names.key),
        )
    if found is None:
        await here.doors.page(client_address(request))
        return render_page(request, "web/public/letter_check/unknown.html", status=404, reference=reference[:60])
    frozen, tree, basis = found
    context: dict[str, Any] = {"frozen": frozen, "letter": tree, "basis": basis, **_to(here, frozen.key)}
    return render_page(request, "web/public/letter_check/check.html", as_of=clock.parse_iso(basis["as_of"]), **context)


def _to(here: Site, key: str) -> dict[str, Any]:
    try:
        return {"addressee": here.book.find(key)}
    except LetterError:
        return {"addressee": None}  # the book has changed since
