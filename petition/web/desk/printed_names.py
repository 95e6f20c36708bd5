"""Names to be printed, at the desk: a name enters letters only after an organiser has passed it."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.connection import Connection
from petition.core.form import Form
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.signing.printed_names import APPROVED, REJECTED
from petition.signing.signatures import NEW
from petition.tally.rounding import UNSTATED_COUNTRY, show_magnitude
from petition.web.desk.access import requires_role
from petition.web.desk.downloads import log_download
from petition.web.desk.pages import desk_language, render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site

# Decision -> (old state, new state, action in the activity log).
DECISIONS = {
    "pass": (NEW, APPROVED, "passed names"),
    "aside": (NEW, REJECTED, "set names aside"),
    "back": (REJECTED, NEW, "brought names back"),
}


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """How many names of each country nobody has looked at yet, and how many are rejected."""
    async with get_site(request).database.reading() as c:
        counts = {state: await printed_names.count_by_country(c, state) for state in (NEW, REJECTED)}
    codes = [*dict(desk_language(request).countries), UNSTATED_COUNTRY]
    rows = {
        state: [(code, show_magnitude(by_country[code])) for code in codes if code in by_country]
        for state, by_country in counts.items()
    }
    return render_desk_page(
        request, "web/desk/printed_names.html", section="/organisers/names", new=rows[NEW], set_aside=rows[REJECTED]
    )


@requires_role(Role.ORGANISER)
async def names_of_country(request: Request) -> Response:
    """A page of names. POST: ticked new names are rejected, the rest approved; ticked rejected names are new again."""
    country, state = request.path_params["country"], request.path_params["state"]
    if state not in (NEW, REJECTED):
        raise HTTPException(404)
    if request.method == "POST":
        await _save_decisions(request, country, state, await forms.read_form(request))
        return RedirectResponse(f"/organisers/names/{country}/{state}", 303)
    async with get_site(request).database.reading() as c:
        rows = await printed_names.list_names(c, country, state)
    await log_download(request, "looked at names", f"{country}: {state}")
    return render_desk_page(
        request, "web/desk/names_of_country.html", section="/organisers/names", country=country, state=state, rows=rows
    )


async def _save_decisions(request: Request, country: str, state: str, form: Form) -> None:
    checked = {name.removeprefix("name ") for name in form.values if name.startswith("name ") and form.is_checked(name)}
    shown = set(form.values.get("shown", "").split())
    chosen = {"back": checked} if state == REJECTED else {"pass": shown - checked, "aside": checked}
    await get_site(request).database.write(
        partial(_apply_decisions, country=country, chosen=chosen, nickname=request.state.organiser.nickname)
    )


async def _apply_decisions(c: Connection, *, country: str, chosen: dict[str, set[str]], nickname: str) -> None:
    """Moves the names and logs it: all or nothing."""
    for decision, handles in chosen.items():
        old, new, action = DECISIONS[decision]
        if n := await printed_names.move_names(c, country, handles, old, new):
            await activity_log.append(c, nickname, action, f"{country}: {show_magnitude(n)}")
