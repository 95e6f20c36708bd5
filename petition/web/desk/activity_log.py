"""The activity log at the desk: every line, page by page, for everybody with a nickname."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role
from petition.web.desk.pages import render_desk_page
from petition.web.http.pages import get_site

_MAX_DIGITS = 12


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    """The newest lines, or those before the number in the query."""
    before = request.query_params.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) <= _MAX_DIGITS):
        raise HTTPException(404)
    async with get_site(request).database.reading() as c:
        actions = await activity_log.list_lines(c, int(before or 0) or None)
    older = actions[-1]["n"] if actions and actions[-1]["n"] > 1 else None
    return render_desk_page(
        request, "web/desk/activity_log.html", section="/organisers/record", actions=actions, older=older
    )
