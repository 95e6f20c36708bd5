"""The people of the desk: everybody sees who they are; admins invite them, and open a page for each."""

from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Row
from petition.core.errors import OrganiserError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.organisers import accounts
from petition.organisers.accounts import Role
from petition.signing import intake
from petition.web.desk.access import requires_role
from petition.web.desk.factor_again import requires_recent_factor
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site

SECTION = "/organisers/people"
_MAY_LOG_IN = N_("%(nickname)s may log in now, as %(role)s.")
_CHOOSE_ROLE = N_("Choose what this person may do.")
ABILITIES = {
    Role.VIEWER: N_("sees what is published, and the activity log"),
    Role.ORGANISER: N_("also acts: names, letters, answers"),
    Role.ADMIN: N_("also decides: people, switches, rules"),
}


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    return await people_page(request, EMPTY_FORM)


async def people_page(request: Request, form: Form, *, status: int = 200, refusal: str = "") -> Response:
    """`refusal`: why a change of one of them was not made."""
    async with get_site(request).database.reading() as c:
        rows = await accounts.list_organisers(c)
    context = {"rows": rows, "abilities": ABILITIES, "form": form, "refusal": refusal}
    return render_desk_page(request, "web/desk/people.html", section=SECTION, status=status, **context)


@requires_role(Role.ADMIN)
@requires_recent_factor
async def invite(request: Request) -> Response:
    """Of the address only a keyed hash is kept. Nobody gets an email that they have not asked for."""
    site, form = get_site(request), await forms.read_form(request)
    nickname, role = form.values.get("nickname", "").strip(), read_role(form, "role")
    email = intake.check_email(form, site.email_providers)
    if email is None or role is None or form.errors:
        return await people_page(request, form, status=422)
    add = partial(accounts.add_organiser, server_keys=site.server_keys, nickname=nickname, email=email, role=role)
    try:
        await site.database.write(partial(add, actor=request.state.organiser.nickname))
    except OrganiserError as refusal:
        form.add_error("nickname", refusal.sentence)
        return await people_page(request, form, status=422)
    said = say(request, _MAY_LOG_IN, nickname=nickname, role=say(request, role.word))
    return saved_redirect(request, f"{SECTION}/{nickname}", said)


def read_role(form: Form, field: str) -> Role | None:
    """None, and an error in the form, if the field has no role."""
    word = form.choice(field, [role.word for role in Role], _CHOOSE_ROLE)
    if not word:
        form.add_error(field, _CHOOSE_ROLE)
    return Role[word.upper()] if word else None


@requires_role(Role.ADMIN)
async def person(request: Request) -> Response:
    return await person_page(request)


async def person_page(request: Request, *, status: int = 200, **context: Any) -> Response:
    """What an admin can do with one organiser."""
    row = await find_person(request)
    context |= {
        "row": row,
        "abilities": ABILITIES,
        "login_url": f"{get_site(request).settings.base_url}/organisers/login",
    }
    return render_desk_page(request, "web/desk/person.html", section=SECTION, status=status, **context)


async def find_person(request: Request) -> Row:
    """The organiser of the address. Raises HTTPException (404)."""
    async with get_site(request).database.reading() as c:
        rows = {row["nickname"]: row for row in await accounts.list_organisers(c)}
    if (row := rows.get(request.path_params["nickname"])) is None:
        raise HTTPException(404)
    return row
