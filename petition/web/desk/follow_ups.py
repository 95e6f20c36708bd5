"""Follow-up letters at the desk: makes a reminder or a reply to one addressee."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.letters import correspondence, follow_ups
from petition.letters.correspondence import Entry
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import names_by_code
from petition.web.http.pages import get_site

_MADE = {
    follow_ups.REMINDER: N_("%(name)s: the reminder is below."),
    follow_ups.REPLY: N_("%(name)s: the reply is below."),
}


@requires_role(Role.ORGANISER)
async def make_reminder(request: Request) -> Response:
    return await _make(request, follow_ups.REMINDER)


@requires_role(Role.ORGANISER)
async def make_reply(request: Request) -> Response:
    return await _make(request, follow_ups.REPLY)


async def _make(request: Request, kind: str) -> Response:
    site, key = get_site(request), request.path_params["key"]
    draft = await site.current_draft()
    names = names_by_code(draft.book, desk_language(request))
    if key not in names:
        raise HTTPException(404)
    async with site.database.reading() as c:
        entry = (await correspondence.entries(c)).get(key, Entry())
    try:
        await follow_ups.make_follow_up(site.database, draft, key, entry, kind, request.state.organiser.nickname)
    except LetterError as error:
        context: dict[str, Any] = {"key": key, "name": names[key], "error": say(request, error.sentence)}
        return render_desk_page(
            request, "web/desk/no_follow_up.html", section="/organisers/letters", status=409, **context
        )
    return saved_redirect(request, f"/organisers/answers/{key}#letters", say(request, _MADE[kind], name=names[key]))
