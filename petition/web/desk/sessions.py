"""Sessions at the desk: organisers see and end their own; admins end all sessions of another organiser."""

from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core import clock
from petition.core.database.connection import Row
from petition.organisers import accounts, sessions
from petition.organisers.accounts import Role
from petition.organisers.sessions import Session
from petition.web.desk.access import redirect_to_login, requires_role, run_and_log
from petition.web.desk.pages import render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    """One's own sessions, to the hour. Admins also see the other organisers."""
    session: Session = request.state.session
    async with get_site(request).database.reading() as c:
        rows = await sessions.list_sessions(c, session.organiser.nickname)
        others = await accounts.list_organisers(c) if session.organiser.may(Role.ADMIN) else []
    context: dict[str, Any] = {"rows": [_row(row, session) for row in rows], "others": others}
    return render_desk_page(request, "web/desk/sessions.html", section="/organisers/sessions", **context)


def _row(row: Row, session: Session) -> dict[str, object]:
    created, last_used = (
        clock.iso(clock.from_epoch(int(row[name])))[:13].replace("T", " ") for name in ("created_at", "last_used_at")
    )
    return {"id": row["id"], "created": created, "last_used": last_used, "is_current": row["id"] == session.id}


@requires_role(Role.VIEWER)
async def end(request: Request) -> Response:
    """Ends one of one's own sessions; 404 for any other."""
    session: Session = request.state.session
    id_ = (await forms.read_form(request)).values.get("session", "")
    async with get_site(request).database.reading() as c:
        if id_ not in [row["id"] for row in await sessions.list_sessions(c, session.organiser.nickname)]:
            raise HTTPException(404)
    await run_and_log(
        request, partial(sessions.end_session, nickname=session.organiser.nickname, id_=id_), "ended a session"
    )
    return redirect_to_login(request) if id_ == session.id else RedirectResponse("/organisers/sessions", 303)


@requires_role(Role.ADMIN)
async def end_all(request: Request) -> Response:
    """Also ends the login links that were emailed to this organiser."""
    nickname = (await forms.read_form(request)).values.get("nickname", "")
    async with get_site(request).database.reading() as c:
        if nickname not in [row["nickname"] for row in await accounts.list_organisers(c)]:
            raise HTTPException(404)
    await run_and_log(request, partial(sessions.end_all_sessions, nickname=nickname), "ended all sessions of", nickname)
    own_too = nickname == request.state.organiser.nickname
    return redirect_to_login(request) if own_too else RedirectResponse("/organisers/sessions", 303)
