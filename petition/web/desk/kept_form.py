"""A form that comes when its session has ended: what was typed stays in the page, until somebody has logged in again.

The browser keeps it, the server nothing. Strangers, who have no cookie of a session, get 404 as for any page. With one,
the page is the same for every address below /organisers/: a made-up cookie does not tell which exist.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.form import EMPTY_FORM
from petition.web.desk.access import opens_nothing
from petition.web.desk.pages import desk_language
from petition.web.http import forms
from petition.web.http.errors import http_error
from petition.web.http.pages import render_page

_DESK, _FACTORS = "/organisers/", "/organisers/factor"  # a code is good for half a minute: nobody sends it again


async def keep_typed(request: Request, error: Exception) -> Response:
    """In place of http_error(). A page that is only looked at stays a 404, which says why."""
    if not await _is_kept(request, error):
        return await http_error(request, error)
    path, form = request.scope["path"], EMPTY_FORM
    if request.method == "POST" and not path.startswith(_FACTORS):
        try:
            form = await forms.read_form(request)
        except HTTPException as unreadable:
            return await http_error(request, unreadable)
    status = 403 if request.method == "POST" else 404
    return render_page(request, "web/desk/kept_form.html", status=status, language=desk_language(request), form=form)


async def _is_kept(request: Request, error: Exception) -> bool:
    is_missing = getattr(error, "status_code", 500) in (404, 405)
    return is_missing and request.scope["path"].startswith(_DESK) and await opens_nothing(request)
