"""Access to the desk: who may open what, and the cookie of a session. Everybody else gets 404, except for the login."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.clock import DAY
from petition.core.database.connection import Connection
from petition.organisers import activity_log, sessions
from petition.organisers.accounts import Role
from petition.organisers.sessions import SESSION_LIFETIME, Session
from petition.web.http.pages import NO_STORE, get_site
from petition.web.http.security import MAX_COOKIE_BYTES

Handler = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")
_COOKIE_SECONDS = SESSION_LIFETIME + DAY // 2  # it opens nothing any more then, but a form that comes late is not lost


def requires_role(role: Role, *, renews: bool = True) -> Callable[[Handler], Handler]:
    """For organisers of at least this role. For everybody else the page does not exist (404).

    Without `renews`, the request is none of theirs: a page that looks for news by itself keeps no session alive.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            session = await _load_session(request, renews=renews)
            if session is None or not session.authenticated or not session.organiser.may(role):
                raise HTTPException(404)
            if "\0" in request.scope["path"]:  # a name that nothing has, and that PostgreSQL would not take
                raise HTTPException(404)
            response = await handler(request)
            if request.method == "POST":
                request.app.state.overview_figures.expire()
            return response

        return guarded

    return decorate


def requires_session(handler: Handler) -> Handler:
    """For anyone with a session, before and after their second factor."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        if await _load_session(request) is None:
            raise HTTPException(404)
        return await handler(request)

    return guarded


async def opens_nothing(request: Request) -> bool:
    """Whether the request has a cookie of a session that has ended, that never was, or that lacks the second factor."""
    if not (secret := _session_cookie(request)):
        return False
    async with get_site(request).database.reading() as c:
        session = await sessions.find_session(c, secret)
    return session is None or not session.authenticated


async def _load_session(request: Request, *, renews: bool = True) -> Session | None:
    """The session of a request, whose use is recorded if it renews it; None without one."""
    site, secret = get_site(request), _session_cookie(request)
    if not secret:
        return None
    async with site.database.reading() as c:
        session = await sessions.find_session(c, secret)
    if session is not None:
        request.state.session, request.state.organiser = session, session.organiser
        if renews and sessions.needs_use_recorded(session):
            await site.database.write(partial(sessions.record_use, session=session))
    return session


def _session_cookie(request: Request) -> str:
    return find_cookie(request.headers.get("cookie", ""), cookie_name(request))


def find_cookie(header: str, name: str) -> str:
    """The value of a cookie; empty without one. Python's own reader takes seconds for 60 kB of backslashes."""
    pairs = [pair.strip() for pair in header.split(";")] if len(header) <= MAX_COOKIE_BYTES else []
    return next((pair.removeprefix(f"{name}=") for pair in pairs if pair.startswith(f"{name}=")), "")


def cookie_name(request: Request, name: str = "session") -> str:
    """`__Host-` ties a cookie to this one host and to https; demo mode has no https."""
    return f"__Host-{name}" if get_site(request).settings.secure else name


def redirect_with_session(request: Request, secret: str, path: str) -> Response:
    return redirect_with_cookie(request, path, cookie_name(request), secret, _COOKIE_SECONDS)


def redirect_with_cookie(request: Request, path: str, name: str, value: str, seconds: int) -> Response:
    response, secure = RedirectResponse(path, 303, {"Cache-Control": NO_STORE}), get_site(request).settings.secure
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="strict")
    return response


def redirect_to_login(request: Request) -> Response:
    """Deletes the cookie too."""
    response = RedirectResponse("/organisers/login", 303)
    response.delete_cookie(cookie_name(request), path="/", secure=get_site(request).settings.secure, httponly=True)
    return response


async def read_many(request: Request, job: Callable[[Connection], Awaitable[T]]) -> T:
    """As Database.heavy_read(); but a request that may change something reads where it writes."""
    database = get_site(request).database
    if request.method in ("GET", "HEAD"):
        return await database.heavy_read(job)
    async with database.reading() as c:
        return await job(c)


async def log_action(request: Request, action: str, detail: str = "") -> None:
    await run_and_log(request, _no_change, action, detail)


async def run_and_log(
    request: Request, change: Callable[[Connection], Awaitable[T]], action: str, detail: str = ""
) -> T:
    """Makes a change and logs it: both or neither."""
    nickname = request.state.organiser.nickname

    async def change_and_log(c: Connection) -> T:
        result = await change(c)
        await activity_log.append(c, nickname, action, detail)
        return result

    return await get_site(request).database.write(change_and_log)


async def _no_change(_: Connection) -> None:
    """A download is logged but changes nothing."""
