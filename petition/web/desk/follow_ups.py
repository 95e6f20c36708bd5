"""Follow-up letters at the desk: makes a reminder or a reply to one addressee."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.errors import LetterError
from petition.letters import correspondence, follow_ups
from petition.letters.correspondence import Entry
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role
from petition.web.desk.pages import render_desk_page
from petition.web.http.pages import get_site


@requires_role(Role.ORGANISER)
async def make_reminder(request: Request) -> Response:
    return await _make(request, follow_ups.REMINDER)


@requires_role(Role.ORGANISER)
async def make_reply(request: Request) -> Response:
    return await _make(request, follow_ups.REPLY)


async def _make(request: Request, kind: str) -> Response:
    site, key = get_site(request), request.path_params["key"]
    draft = await site.current_draft()
    if key not in {addressee.code for addressee in draft.book.addressees}:
        raise HTTPException(404)
    async with site.database.reading() as c:
        entry = (await correspondence.entries(c)).get(key, Entry())
    try:
        await follow_ups.make_follow_up(site.database, draft, key, entry, kind, request.state.organiser.nickname)
    except LetterError as error:
        context: dict[str, Any] = {"key": key, "error": str(error)}
        return render_desk_page(
            request, "web/desk/no_follow_up.html", section="/organisers/letters", status=409, **context
        )
    return RedirectResponse(f"/organisers/answers/{key}#letters", 303)
