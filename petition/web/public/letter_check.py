"""Letter check: anyone who gets a letter, on paper or as a file, can see whether it is the one that was sent."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.errors import LetterError
from petition.letters.editions import annexes, editions
from petition.site import Site
from petition.web.http.pages import client_address, get_site, render_page


async def check_letter(request: Request) -> Response:
    """What the edition stored about one letter: addressee, day, numbers, and the fingerprint of its file."""
    site, reference = get_site(request), request.path_params["reference"].replace("\0", "")  # PostgreSQL takes none
    async with site.database.reading() as c:
        issued, annex = await editions.find_letter(c, reference), await annexes.find_annex(c, reference)
    if annex is not None:
        return render_page(
            request,
            "web/public/letter_check/annex.html",
            annex=annex,
            day=date.fromisoformat(annex.issued_on),
            **_addressee_context(site, annex.key),
        )
    if issued is None:
        await site.rate_limiter.limit_page(client_address(request))
        return render_page(request, "web/public/letter_check/unknown.html", status=404, reference=reference[:60])
    letter, document, basis = issued
    context: dict[str, Any] = {
        "letter": letter,
        "document": document,
        "basis": basis,
        **_addressee_context(site, letter.key),
    }
    return render_page(request, "web/public/letter_check/letter.html", as_of=clock.parse_iso(basis["as_of"]), **context)


def _addressee_context(site: Site, key: str) -> dict[str, Any]:
    try:
        return {"addressee": site.address_book.find(key)}
    except LetterError:
        return {"addressee": None}  # the address book has changed since then
