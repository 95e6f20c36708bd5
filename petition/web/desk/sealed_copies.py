"""Sealed copies at the desk: the fingerprint of a letter that was sealed or signed after it was drawn up."""

import re
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import LetterError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.letters.editions import editions, sealed_copies
from petition.letters.editions.sealed_copies import SealedCopy
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.desk.words import INVALID_DAY
from petition.web.http import forms
from petition.web.http.pages import get_site

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_INVALID_SHA256 = N_("A SHA-256 has 64 digits and letters from a to f.")


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """The sealed copies of one letter: shows them, writes one down or takes one back."""
    async with get_site(request).database.reading() as c:
        found = await editions.find_letter(c, request.path_params["reference"])
    if found is None:
        raise HTTPException(404)
    if request.method != "POST":
        return await _page(request, EMPTY_FORM)
    form = await forms.read_form(request)
    if form.values.get("back"):
        return await _remove(request, form.values["back"])
    return await _add(request, form)


async def _page(request: Request, form: Form) -> Response:
    reference = request.path_params["reference"]
    async with get_site(request).database.reading() as c:
        copies = await sealed_copies.list_copies(c, reference)
    context: dict[str, Any] = {"reference": reference, "copies": copies, "form": form}
    return render_desk_page(
        request,
        "web/desk/sealed_copies.html",
        section="/organisers/editions",
        status=422 if form.errors else 200,
        **context,
    )


async def _add(request: Request, form: Form) -> Response:
    sha256 = form.text("sha256", _SHA256, _INVALID_SHA256).lower()
    if not sha256:
        form.add_error("sha256", _INVALID_SHA256)
    day = form.day("sealed", INVALID_DAY, required=True)
    if form.errors or day is None:
        return await _page(request, form)
    copy = SealedCopy(sha256, day, request.state.organiser.nickname)
    try:
        await get_site(request).database.write(
            partial(sealed_copies.add_copy, reference=request.path_params["reference"], copy=copy)
        )
    except LetterError as error:
        form.add_error("sha256", error.sentence)
        return await _page(request, form)
    return saved_redirect(request, request.url.path, say(request, N_("The sealed copy is written down.")))


async def _remove(request: Request, sha256: str) -> Response:
    who = {"reference": request.path_params["reference"], "nickname": request.state.organiser.nickname}
    await get_site(request).database.write(partial(sealed_copies.remove_copy, sha256=sha256, **who))
    return saved_redirect(request, request.url.path, say(request, N_("The sealed copy is taken back.")))
