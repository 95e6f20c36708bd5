"""What an admin does with another organiser. Each change carries the role that the admin saw: see check_actor()."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import OrganiserError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.core.tokens import LINK_LIFETIME, Purpose
from petition.organisers import accounts, sessions
from petition.organisers.accounts import Role
from petition.web.desk.access import redirect_to_login, requires_role, run_and_log
from petition.web.desk.factor_again import requires_recent_factor
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.desk.people import ABILITIES, SECTION, find_person, people_page, person_page, read_role
from petition.web.http import forms
from petition.web.http.pages import get_site

T = TypeVar("T")
_IS_NOW = N_("%(nickname)s is %(role)s now, also where they are logged in.")
_RESET = N_("%(nickname)s is logged out, and sets up a new second factor at the next login.")
_IS_REMOVED = N_("%(nickname)s is removed, and logged out everywhere.")


@requires_role(Role.ADMIN)
@requires_recent_factor
async def change_role(request: Request) -> Response:
    """Who loses something is asked for once more."""
    nickname, form = request.path_params["nickname"], await forms.read_form(request)
    role, shown = read_role(form, "role"), read_role(form, "shown")
    if role is None or shown is None:
        return await person_page(request, status=422, form=form)
    if role < shown and not form.is_checked("sure"):
        lost = [ABILITIES[each] for each in Role if role < each <= shown]
        question = say(request, N_("Make %(nickname)s %(role)s?"), nickname=nickname, role=say(request, role.word))
        return _ask_again(request, form, question, "role", lost=lost)
    change = partial(accounts.change_role, nickname=nickname, role=role)
    if isinstance(refused := await _make(request, form, change), Response):
        return refused
    said = say(request, _IS_NOW, nickname=nickname, role=say(request, role.word))
    return saved_redirect(request, f"{SECTION}/{nickname}", said)


@requires_role(Role.ADMIN)
@requires_recent_factor
async def make_link(request: Request) -> Response:
    """The link is in this answer alone: the database has a hash of it."""
    site, form = get_site(request), await forms.read_form(request)
    make = partial(accounts.make_login_link, server_keys=site.server_keys, nickname=request.path_params["nickname"])
    secret = await _make(request, form, make)
    if isinstance(secret, Response):
        return secret
    url = f"{site.settings.base_url}/organisers/login/{site.signer.make_token(Purpose.LOGIN, secret)}"
    return await person_page(request, url=url, minutes=LINK_LIFETIME[Purpose.LOGIN] // 60)


@requires_role(Role.ADMIN)
@requires_recent_factor
async def reset_factors(request: Request) -> Response:
    nickname, form = request.path_params["nickname"], await forms.read_form(request)
    if not form.is_checked("sure"):
        question = say(request, N_("Reset the second factor of %(nickname)s?"), nickname=nickname)
        return _ask_again(request, form, question, "reset")
    refused = await _make(request, form, partial(accounts.reset_factors, nickname=nickname))
    return refused or saved_redirect(request, f"{SECTION}/{nickname}", say(request, _RESET, nickname=nickname))


@requires_role(Role.ADMIN)
@requires_recent_factor
async def remove(request: Request) -> Response:
    nickname, form = request.path_params["nickname"], await forms.read_form(request)
    if not form.is_checked("sure"):
        return _ask_again(request, form, say(request, N_("Remove %(nickname)s?"), nickname=nickname), "remove")
    refused = await _make(request, form, partial(accounts.remove_organiser, nickname=nickname))
    return refused or saved_redirect(request, SECTION, say(request, _IS_REMOVED, nickname=nickname))


@requires_role(Role.ADMIN)
async def end_sessions(request: Request) -> Response:
    """Also ends the login links that this organiser has not used. No factor is asked for: it only takes away."""
    nickname = (await find_person(request))["nickname"]
    await run_and_log(
        request, partial(sessions.end_all_sessions, nickname=nickname), N_("ended all sessions of"), nickname
    )
    if nickname == request.state.organiser.nickname:
        return redirect_to_login(request)
    said = say(request, N_("%(nickname)s is logged out everywhere."), nickname=nickname)
    return saved_redirect(request, f"{SECTION}/{nickname}", said)


async def _make(request: Request, form: Form, change: Callable[..., Awaitable[T]]) -> T | Response:
    """Makes the change if the person is still what the page said; else the page says what somebody else has done."""
    shown = read_role(form, "shown") or Role.VIEWER
    try:
        return await get_site(request).database.write(
            partial(change, actor=request.state.organiser.nickname, shown=shown)
        )
    except OrganiserError as refusal:
        return await people_page(request, EMPTY_FORM, status=409, refusal=refusal.sentence)


def _ask_again(request: Request, form: Form, question: str, what: str, **context: Any) -> Response:
    """Says what follows; its button sends the same form with `sure`."""
    context |= {"form": form, "question": question, "what": what, "nickname": request.path_params["nickname"]}
    return render_desk_page(request, "web/desk/sure.html", section=SECTION, **context)
