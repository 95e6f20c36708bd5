"""Letter check: anyone who gets a letter, on paper or as a file, can see whether it is the one that was sent."""

from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core import clock
from petition.core.errors import LetterError
from petition.features import letter_files
from petition.letters.editions import annexes, editions, references, sealed_copies, set_aside
from petition.site import Site
from petition.web.http.pages import client_address, get_language, get_site, render_page


async def check_letter(request: Request) -> Response:
    """What was stored about one letter or annex: addressee, day, numbers, fingerprints of its file and sealed copies.

    Each has one address; whatever else people type or mail programs make of it leads there.
    """
    site, typed = get_site(request), request.path_params["reference"]
    async with site.database.reading() as c:
        reference = await references.find_reference(c, typed)
    if reference is None:
        await site.rate_limiter.limit_page(client_address(request))
        shown = typed.replace("\0", "")[:60]
        return render_page(request, "web/public/letter_check/unknown.html", status=404, reference=shown)
    if reference != typed:
        return RedirectResponse(f"/{get_language(request).code}/letters/{reference}", 308)
    template, context = await _found(site, reference)
    return render_page(request, f"web/public/letter_check/{template}", **context)


async def letter_pdf(request: Request) -> Response:
    """The PDF as it was sent, to compare with what came; the letters are open ones."""
    reference = request.path_params["reference"]
    async with get_site(request).database.reading() as c:
        content = await editions.letter_pdf(c, reference)
    if content is None:
        await get_site(request).rate_limiter.limit_page(client_address(request))
        raise HTTPException(404)
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Content-Disposition": f'inline; filename="{reference}.pdf"',
        "X-Robots-Tag": "noindex",
    }
    return Response(content, media_type="application/pdf", headers=headers)


async def _found(site: Site, reference: str) -> tuple[str, dict[str, Any]]:
    """The template and its context."""
    async with site.database.reading() as c:
        issued, annex = await editions.find_letter(c, reference), await annexes.find_annex(c, reference)
        copies = await sealed_copies.list_copies(c, reference)
        files = [name for name, _ in await letter_files(site.settings)(c, reference)]
    if annex is not None:
        day = date.fromisoformat(annex.issued_on)
        return "annex.html", {"annex": annex, "day": day, "files": files, **_addressee_context(site, annex.key)}
    if issued is None:
        raise HTTPException(404)  # destroyed in this moment
    letter, document, basis = issued
    async with site.database.reading() as c:
        lowered = await set_aside.set_aside_since(c, basis["as_of"])
    context = {"letter": letter, "document": document, "basis": basis, "copies": copies, "lowered": lowered}
    context |= {"files": files, "as_of": clock.parse_iso(basis["as_of"])}
    return "letter.html", {**context, **_addressee_context(site, letter.key)}


def _addressee_context(site: Site, key: str) -> dict[str, Any]:
    try:
        return {"addressee": site.address_book.find(key)}
    except LetterError:
        return {"addressee": None}  # the address book has changed since then
