"""The address book at the desk: an admin corrects an address, or takes a correction back."""

import re
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.errors import LetterError
from petition.core.form import Form
from petition.core.languages import N_
from petition.letters.addressees import corrections
from petition.letters.addressees.address_book import Addressee
from petition.letters.addressees.corrections import Correction
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import INVALID_DAY, letter_name
from petition.web.http import forms
from petition.web.http.pages import get_site

MAX_LINES, MAX_LINE_LENGTH, MAX_NOTE_LENGTH = 8, 100, 500  # the errors below say them too
_URL = re.compile(r"https?://\S{1,490}")
_LINE = re.compile(rf"[^\x00-\x1f\x7f]{{0,{MAX_LINE_LENGTH}}}")  # no control characters
_NOTE = re.compile(rf"[^\x00-\x09\x0b-\x1f\x7f]{{0,{MAX_NOTE_LENGTH}}}")  # line ends too


@requires_role(Role.ADMIN)
async def edit_address(request: Request) -> Response:
    """The address of one addressee: shows or saves its correction, or deletes it (a button `back`)."""
    addressee = _addressee(request)
    async with get_site(request).database.reading() as c:
        before = (await corrections.get_corrections(c)).get(addressee.key)
    if request.method != "POST":
        return _form_page(request, addressee, Form(_form_values(addressee, before)), corrected=before is not None)
    form = await forms.read_form(request)
    if "back" in form.values:
        change = partial(corrections.delete_correction, key=addressee.key)
        await run_and_log(request, change, "took back an address", letter_name(addressee))
        return _saved(request, addressee, N_("%(name)s: the address of the file is used."))
    correction = _read_correction(form)
    if form.errors:
        return _form_page(request, addressee, form, corrected=before is not None, status=422)
    change = partial(corrections.save_correction, key=addressee.key, correction=correction)
    await run_and_log(request, change, "corrected an address", letter_name(addressee))
    return _saved(request, addressee, N_("%(name)s: the address is saved."))


def _saved(request: Request, addressee: Addressee, message: str) -> Response:
    name = letter_name(addressee, desk_language(request))
    return saved_redirect(request, "/organisers/letters", say(request, message, name=name))


def _addressee(request: Request) -> Addressee:
    """The addressee as it is in the file of the address book."""
    try:
        return get_site(request).address_book.find(request.path_params["key"])
    except LetterError:
        raise HTTPException(404) from None


def _form_page(request: Request, addressee: Addressee, form: Form, *, corrected: bool, status: int = 200) -> Response:
    context: dict[str, Any] = {
        "addressee": addressee,
        "name": letter_name(addressee, desk_language(request)),
        "form": form,
        "corrected": corrected,
        "max_lines": MAX_LINES,
    }
    return render_desk_page(request, "web/desk/addressee.html", section="/organisers/letters", status=status, **context)


def _form_values(addressee: Addressee, before: Correction | None) -> dict[str, str]:
    if before is None:
        # in the file, a source may have other words beside its URL
        page_url = addressee.source_url if _URL.fullmatch(addressee.source_url) else ""
        before = Correction(addressee.office or "", addressee.lines, page_url, "")
    lines = "\n".join(before.lines)
    values = {"office": before.office, "lines": lines, "source": before.source}
    return values | {"checked": before.checked, "note": before.note}


def _read_correction(form: Form) -> Correction:
    """The correction as it was typed; `form.errors` says what is wrong with it."""
    office = form.text("office", _LINE, N_("Use one line of 100 characters at most."))
    lines = tuple(filter(None, map(str.strip, form.values.get("lines", "").splitlines())))
    if len(lines) > MAX_LINES or not all(map(_LINE.fullmatch, lines)):
        form.add_error("lines", N_("Use 8 lines at most, each of 100 characters at most."))
    source = form.text("source", _URL, N_("Enter the address of a web page, which begins with https://"))
    if lines and not source:
        form.add_error("source", N_("Enter the web page on which you saw this address."))
    checked = form.day("checked", INVALID_DAY, required=True) or clock.today()
    note = form.text("note", _NOTE, N_("Use 500 characters at most."))
    return Correction(office, lines, source, checked.isoformat(), note)
