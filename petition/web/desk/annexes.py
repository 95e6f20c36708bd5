"""Annexes of names at the desk: an admin says who may get one; an organiser downloads it for a letter of an edition."""

import io
import zipfile
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Connection
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.letters.addressees.address_book import Addressee
from petition.letters.editions import annexes
from petition.letters.editions import files as edition_files
from petition.letters.editions.annexes import VolumeFile
from petition.letters.editions.drafts import Draft
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role
from petition.web.desk.downloads import attachment
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import names_by_code
from petition.web.http import forms
from petition.web.http.pages import get_site

SECTION = "/organisers/annexes"


@requires_role(Role.ADMIN)
async def permissions(request: Request) -> Response:
    """Which addressees may get a list of names."""
    if request.method == "POST":
        form = await forms.read_form(request)
        allowed = {name.removeprefix("on ") for name in form.values if name.startswith("on ") and form.is_checked(name)}
        changed = await get_site(request).database.write(partial(_save_permissions, request=request, allowed=allowed))
        return saved_redirect(request, SECTION, _say_changed(request, changed))
    draft = await get_site(request).current_draft()
    context: dict[str, Any] = {
        "names": names_by_code(draft.book, desk_language(request)),
        "allowed": draft.enabled_annexes,
    }
    return render_desk_page(request, "web/desk/annexes.html", section=SECTION, **context)


async def _save_permissions(c: Connection, *, request: Request, allowed: set[str]) -> dict[str, bool]:
    """Whether the addressee may get a list now, by code, where that has changed."""
    changed, nickname = {}, request.state.organiser.nickname
    for code, name in names_by_code(get_site(request).address_book).items():
        if await annexes.switch_annex(c, code, name, nickname, on=code in allowed):
            changed[code] = code in allowed
    return changed


def _say_changed(request: Request, changed: dict[str, bool]) -> str:
    if not changed:
        return say(request, N_("Nothing has changed."))
    names = names_by_code(get_site(request).address_book, desk_language(request))
    changes = [
        say(request, N_("%(name)s on") if on else N_("%(name)s off"), name=names[code]) for code, on in changed.items()
    ]
    return say(request, N_("Saved: %(changes)s."), changes=", ".join(changes))


@requires_role(Role.ORGANISER)
async def make_annex(request: Request) -> Response:
    """Makes the annex to one letter of an edition. The site keeps only its fingerprint, not the names."""
    site, draft = get_site(request), await get_site(request).current_draft()
    addressee = _find_addressee(draft, request.path_params["key"])
    try:
        edition, _ = await edition_files.find_edition(site.database, request.path_params["n"])
        nickname = request.state.organiser.nickname
        files = await annexes.make_annex(site.database, draft, edition, addressee, nickname)
    except LetterError as error:
        context: dict[str, Any] = {"error": say(request, error.sentence), "n": request.path_params["n"]}
        return render_desk_page(request, "web/desk/no_annex.html", section=SECTION, status=409, **context)
    return _download(files)


def _find_addressee(draft: Draft, key: str) -> Addressee:
    try:
        return draft.book.find(key)
    except LetterError:
        raise HTTPException(404) from None


def _download(files: list[VolumeFile]) -> Response:
    """One volume as PDF, several as ZIP."""
    if len(files) == 1:
        return attachment(files[0][1], f"{files[0][0]}.pdf", "application/pdf")
    zipped = io.BytesIO()  # in memory, not on disk, because it has names in it
    with zipfile.ZipFile(zipped, "w") as out:
        for reference, content in files:
            out.writestr(f"{reference}.pdf", content)
    return attachment(zipped.getvalue(), f"{files[0][0].removesuffix('-1')}.zip", "application/zip")
