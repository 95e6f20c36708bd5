"""Organisers at the door: who may open what, logging in and out. Everyone else gets 404 but for the login page."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.connection import Connection
from petition.organisers import activity_log, sessions
from petition.organisers.accounts import Role
from petition.organisers.sessions import LIFE, Session
from petition.web.http.pages import NO_STORE, get_site

Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


def needs(role: Role) -> Callable[[Handler], Handler]:
    """A handler for organisers of at least this role; for everyone else the page does not exist."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            session = await _session(request)
            if session is None or not session.whole or not session.organiser.may(role):
                raise HTTPException(404)
            return await handler(request)

        return guarded

    return decorate


def arriving(handler: Handler) -> Handler:
    """A handler for whoever came with a link, before and after their second factor."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        if await _session(request) is None:
            raise HTTPException(404)
        return await handler(request)

    return guarded


async def _session(request: Request) -> Session | None:
    """The session of a request, now in use; None for a stranger."""
    here, number = get_site(request), request.cookies.get(_cookie(request))
    if not number:
        return None
    async with here.database.reading() as c:
        session = await sessions.find(c, number)
    if session is not None:
        request.state.session, request.state.organiser = session, session.organiser
        if sessions.stale(session):
            await here.database.write(partial(sessions.touch, session=session))
    return session


def _cookie(request: Request) -> str:
    """`__Host-` binds a cookie to this very host over https; demo mode has no https."""
    return "__Host-session" if get_site(request).settings.secure else "session"


def entered(request: Request, number: str, path: str) -> Response:
    """On to a page, with the cookie of a session that has just begun."""
    answer, secure = RedirectResponse(path, 303, {"Cache-Control": NO_STORE}), get_site(request).settings.secure
    answer.set_cookie(_cookie(request), number, max_age=LIFE, path="/", secure=secure, httponly=True, samesite="strict")
    return answer


def left(request: Request) -> Response:
    """Back to the door, without a cookie."""
    answer = RedirectResponse("/organisers/login", 303)
    answer.delete_cookie(_cookie(request), path="/", secure=get_site(request).settings.secure, httponly=True)
    return answer


async def note(request: Request, action: str, detail: str = "") -> None:
    """Writes what the organiser of this request does into the record."""
    await done(request, _nothing, action, detail)


async def done(request: Request, act: Callable[[Connection], Awaitable[T]], action: str, detail: str = "") -> T:
    """Does something and writes it into the record, both or neither."""
    who = request.state.organiser.nickname

    async def _recorded(c: Connection) -> T:
        result = await act(c)
        await activity_log.write(c, who, action, detail)
        return result

    return await get_site(request).database.write(_recorded)


async def _nothing(_: Connection) -> None:
    """What a download changes."""
