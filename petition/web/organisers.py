"""Organisers at the door: who may open what, logging in and out. Everyone else gets 404 but for the login page."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition import organisers
from petition.errors import LinkError
from petition.organisers import SESSION, Organiser, Role
from petition.tokens import Purpose
from petition.web import forms
from petition.web.forms import EMPTY
from petition.web.pages import page, site, spoken_in

Handler = Callable[[Request], Awaitable[Response]]


def needs(role: Role) -> Callable[[Handler], Handler]:
    """A handler for organisers of at least this role; for everyone else the page does not exist."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            organiser = await _organiser(request)
            if organiser is None or not organiser.may(role):
                raise HTTPException(404)
            request.state.organiser = organiser
            return await handler(request)

        return guarded

    return decorate


async def _organiser(request: Request) -> Organiser | None:
    session = request.cookies.get(_cookie(request))
    if not session:
        return None
    async with site(request).database.reading() as c:
        return await organisers.of_session(c, session)


def _cookie(request: Request) -> str:
    """`__Host-` binds a cookie to this very host over https; demo mode has no https."""
    return "__Host-session" if site(request).settings.secure else "session"


async def note(request: Request, action: str, detail: str = "") -> None:
    """Writes what the organiser of this request does into the record."""
    nickname = request.state.organiser.nickname
    record = partial(organisers.record, nickname=nickname, action=action, detail=detail)
    await site(request).database.write(record)


async def login(request: Request) -> Response:
    """Asks for an address; the answer is the same whether it is an organiser's or not."""
    here = site(request)
    if request.method != "POST":
        return page(request, "organisers/login.html", form=EMPTY, sent=False)
    address, form = forms.address(await forms.read(request), here.mailboxes)
    if address is None:
        return page(request, "organisers/login.html", status=422, form=form, sent=False)
    ask = partial(organisers.ask_login, vault=here.vault, to=address, language=spoken_in(request).code)
    await here.database.write(ask)
    return page(request, "organisers/login.html", form=EMPTY, sent=True)


async def redeem(request: Request) -> Response:
    """GET: a button. POST: the link is used up and a session begins."""
    here = site(request)
    try:
        number = here.signer.read(Purpose.LOGIN, request.path_params["token"])
        if request.method != "POST":
            return page(request, "organisers/redeem.html")
        session = await here.database.write(partial(organisers.log_in, number=number))
    except LinkError:
        return page(request, "organisers/login.html", status=404, form=EMPTY, sent=False, dead=True)
    answer = RedirectResponse("/organisers/", 303, {"Cache-Control": "no-store"})
    secure = here.settings.secure
    answer.set_cookie(
        _cookie(request), session, max_age=SESSION, path="/", secure=secure, httponly=True, samesite="strict"
    )
    return answer


@needs(Role.VIEWER)
async def logout(request: Request) -> Response:
    """Ends the session."""
    session = request.cookies[_cookie(request)]
    await note(request, "logged out")
    await site(request).database.write(partial(organisers.log_out, session=session))
    answer = RedirectResponse("/organisers/login", 303)
    answer.delete_cookie(_cookie(request), path="/", secure=site(request).settings.secure, httponly=True)
    return answer
