"""Sessions at the desk: organisers see and end their own. Those of others are ended in people.py."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core import clock
from petition.core.database.connection import Row
from petition.core.languages import N_
from petition.organisers import sessions
from petition.organisers.accounts import Role
from petition.organisers.sessions import Session
from petition.web.desk.access import redirect_to_login, requires_role, run_and_log
from petition.web.desk.pages import render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    """One's own sessions, to the hour."""
    session: Session = request.state.session
    async with get_site(request).database.reading() as c:
        rows = await sessions.list_sessions(c, session.organiser.nickname)
    shown = [_row(row, session) for row in rows]
    return render_desk_page(request, "web/desk/sessions.html", section="/organisers/sessions", rows=shown)


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
        request, partial(sessions.end_session, nickname=session.organiser.nickname, id_=id_), N_("ended a session")
    )
    return redirect_to_login(request) if id_ == session.id else RedirectResponse("/organisers/sessions", 303)
