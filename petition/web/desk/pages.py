"""Pages of the desk: the navigation, who is logged in, and once a notice of what was just done."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.organisers.accounts import Organiser, Role
from petition.web.desk.access import cookie_name, find_cookie
from petition.web.http.pages import NO_STORE, get_site, render_page

_NOTICE = "notice"
_NOTICE_SECONDS = 60
_MAX_NOTICE_LENGTH = 300  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the navigation, shown to those who may open it."""

    path: str
    title: str
    role: Role = Role.VIEWER


NAVIGATION = {
    "Campaign": (
        Entry("/organisers/", "Overview"),
        Entry("/organisers/names", "Names", Role.ORGANISER),
        Entry("/organisers/set-aside", "Set signatures aside", Role.ORGANISER),
    ),
    "Letters": (
        Entry("/organisers/letters", "Letters and answers", Role.ORGANISER),
        Entry("/organisers/editions", "Editions", Role.ORGANISER),
        Entry("/organisers/reminders", "Who has not answered", Role.ORGANISER),
        Entry("/organisers/annexes", "Annexes of names", Role.ADMIN),
    ),
    "Site": (Entry("/organisers/record", "Activity log"),),
    "You": (
        Entry("/organisers/sessions", "Sessions"),
        Entry("/organisers/factors", "Second factor"),
    ),
}


def render_desk_page(request: Request, template: str, *, section: str, status: int = 200, **context: Any) -> Response:
    """A page for a person who is logged in. `section`: the path of its entry in the navigation."""
    organiser: Organiser = request.state.organiser
    notice = find_cookie(request.headers.get("cookie", ""), cookie_name(request, _NOTICE))
    common: dict[str, Any] = {
        "organiser": organiser,
        "roles": Role,
        "navigation": _visible_entries(organiser) if request.state.session.authenticated else {},
        "section": section,
        "notice": unquote(notice),
    }
    response = render_page(request, template, status=status, **(common | context))
    if notice:
        response.delete_cookie(
            cookie_name(request, _NOTICE), path="/", secure=get_site(request).settings.secure, httponly=True
        )
    return response


def _visible_entries(organiser: Organiser) -> dict[str, list[Entry]]:
    groups = {group: [e for e in entries if organiser.may(e.role)] for group, entries in NAVIGATION.items()}
    return {group: entries for group, entries in groups.items() if entries}


def saved_redirect(request: Request, path: str, sentence: str) -> Response:
    """To a page of the desk, which shows the sentence once."""
    response = RedirectResponse(path, 303, {"Cache-Control": NO_STORE})
    response.set_cookie(
        cookie_name(request, _NOTICE),
        quote(sentence[:_MAX_NOTICE_LENGTH], safe=""),
        max_age=_NOTICE_SECONDS,
        path="/",
        secure=get_site(request).settings.secure,
        httponly=True,
        samesite="strict",
    )
    return response
