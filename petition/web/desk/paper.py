"""Signatures on paper at the desk: organisers write down what they counted on their sheets, and correct it."""

import re
from datetime import date
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.form import Form
from petition.core.languages import N_
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.tally import paper
from petition.tally.paper import SheetCount
from petition.tally.rounding import UNSTATED_COUNTRY, show_magnitude
from petition.web.desk.access import requires_role
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import country_name
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages

SECTION = "/organisers/paper"
_SHEET = re.compile("[A-Z0-9][A-Z0-9-]{0,19}")
_SIGNATURES = re.compile("[1-9][0-9]{0,5}")
_COUNTED_BY = re.compile(r"[^\x00-\x1f\x7f]{1,40}")
_VERSION = re.compile("[0-9]{1,9}")
_INVALID_SHEET = N_("Enter a reference of 20 letters, digits and hyphens at most, for example PL-7.")
_INVALID_SIGNATURES = N_("Enter how many valid signatures you counted: a whole number from 1 to 999999.")
_INVALID_DAY = N_("Enter the date of the count (not in the future).")
_INVALID_COUNTED_BY = N_("Enter who counted, in 40 characters at most.")
_KNOWN = N_("This sheet is in the table below already. Open it there to correct it.")
_CHANGED = N_(
    "Somebody has just changed this sheet. Look at the newest count below, then save again if yours is right."
)


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """All sheets and what they add up to; a new one is written down."""
    if request.method != "POST":
        return await _index_page(request, Form(_today(request)))
    form = await forms.read_form(request)
    country, sheet = _read_country(request, form), _read(form, "sheet", _SHEET, _INVALID_SHEET)
    count = _read_count(request, form, country, sheet, version=1)
    if not form.errors and not await _save(request, count, "counted a paper sheet"):
        form.add_error("sheet", _KNOWN)
    if form.errors:
        return await _index_page(request, form)
    return await _saved(request, count, N_("%(sheet)s: the count is saved."))


@requires_role(Role.ORGANISER)
async def sheet(request: Request) -> Response:
    """Every count of one sheet; it is counted again, or taken back (a button `back`)."""
    country, reference = request.path_params["country"], request.path_params["sheet"]
    if request.method != "POST":
        return await _sheet_page(request, Form(_today(request)))
    form = await forms.read_form(request)
    back = "back" in form.values
    seen = int(_read(form, "version", _VERSION, _CHANGED) or 0)
    if back:
        form = Form(_today(request))
    count = _read_count(request, form, country, reference, version=seen + 1, back=back)
    action = "took back a paper sheet" if back else "corrected the count of a paper sheet"
    if not form.errors and (not seen or not await _save(request, count, action)):
        form.add_error("signatures", _CHANGED)
    if form.errors:
        return await _sheet_page(request, form)
    said = N_("%(sheet)s: the sheet is taken back.") if back else N_("%(sheet)s: the sheet is corrected.")
    return await _saved(request, count, said)


def _today(request: Request) -> dict[str, str]:
    return {"counted_on": clock.today().isoformat(), "counted_by": request.state.organiser.nickname}


async def _index_page(request: Request, form: Form) -> Response:
    async with get_site(request).database.reading() as c:
        sheets = await paper.list_sheets(c)
    totals = desk_language(request).rank_countries(paper.count_by_country(sheets))
    context: dict[str, Any] = {"form": form, "sheets": sheets, "totals": totals, "read_day": date.fromisoformat}
    status = 422 if form.errors else 200
    return render_desk_page(request, "web/desk/paper.html", section=SECTION, status=status, **context)


async def _sheet_page(request: Request, form: Form) -> Response:
    country, reference = request.path_params["country"], request.path_params["sheet"]
    async with get_site(request).database.reading() as c:
        versions = await paper.list_versions(c, country, reference)
    if not versions:
        raise HTTPException(404)
    context: dict[str, Any] = {"form": form, "versions": versions, "newest": versions[0]}
    context |= {"read_day": date.fromisoformat}
    status = 422 if form.errors else 200
    return render_desk_page(request, "web/desk/paper_sheet.html", section=SECTION, status=status, **context)


def _read_country(request: Request, form: Form) -> str:
    """People in an unsafe country are counted as those who did not say where they live, as online."""
    country = form.values.get("country", "")
    if country in get_site(request).appeal.campaign.unsafe_countries:
        return UNSTATED_COUNTRY
    if country != UNSTATED_COUNTRY and not desk_language(request).has_country(country):
        form.add_error("country", N_("Choose the country from the list."))
    return country


def _read_count(
    request: Request, form: Form, country: str, reference: str, *, version: int, back: bool = False
) -> SheetCount:
    """The count as it was typed; `form.errors` says what is wrong with it."""
    signatures = 0 if back else int(_read(form, "signatures", _SIGNATURES, _INVALID_SIGNATURES) or 0)
    day = form.day("counted_on", _INVALID_DAY, required=True) or clock.today()
    counted_by = _read(form, "counted_by", _COUNTED_BY, _INVALID_COUNTED_BY)
    nickname = request.state.organiser.nickname
    return SheetCount(country, reference, version, signatures, day.isoformat(), counted_by, nickname)


def _read(form: Form, name: str, pattern: re.Pattern[str], error: str) -> str:
    """A text that must be there; empty if it is wrong."""
    text = form.text(name, pattern, error)
    if not text:
        form.add_error(name, error)
    return "" if name in form.errors else text


async def _save(request: Request, count: SheetCount, action: str) -> bool:
    return await get_site(request).database.write(partial(_append_and_log, count=count, action=action))


async def _append_and_log(c: Connection, *, count: SheetCount, action: str) -> bool:
    """Both or neither. The log is read by viewers too, so it has no exact number."""
    if not await paper.append_count(c, count):
        return False
    name = _name(count, country_name(count.country))
    detail = f"{name}: {show_magnitude(count.signatures)}" if count.signatures else name
    await activity_log.append(c, count.nickname, action, detail)
    return True


def _name(count: SheetCount, country: str) -> str:
    return f"{country}, {count.sheet}"


async def _saved(request: Request, count: SheetCount, message: str) -> Response:
    await refresh_public_pages(request)
    name = _name(count, country_name(count.country, desk_language(request)))
    return saved_redirect(request, SECTION, say(request, message, sheet=name))
