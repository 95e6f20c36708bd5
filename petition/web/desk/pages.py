"""Pages of the desk: the navigation, who is logged in, and once a notice of what was just done."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.clock import DAY
from petition.core.languages import N_, Language
from petition.organisers.accounts import Organiser, Role
from petition.web.desk.access import cookie_name, find_cookie, redirect_with_cookie, requires_role
from petition.web.http import forms
from petition.web.http.pages import get_site, render_page

_NOTICE, _LANGUAGE = "notice", "language"  # cookies
_LANGUAGE_SECONDS = 365 * DAY
_NOTICE_SECONDS = 60
_MAX_NOTICE_LENGTH = 300  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the navigation, shown to those who may open it."""

    path: str
    title: str
    role: Role = Role.VIEWER


NAVIGATION = {
    N_("Campaign"): (
        Entry("/organisers/", N_("Overview")),
        Entry("/organisers/unusual", N_("Is it real?"), Role.ORGANISER),
        Entry("/organisers/set-aside", N_("Set signatures aside"), Role.ORGANISER),
        Entry("/organisers/forms", N_("Forms"), Role.ORGANISER),
        Entry("/organisers/paper", N_("Paper signatures"), Role.ORGANISER),
        Entry("/organisers/names", N_("Names"), Role.ORGANISER),
        Entry("/organisers/news", N_("News"), Role.ORGANISER),
    ),
    N_("Letters"): (
        Entry("/organisers/letters", N_("Letters and answers"), Role.ORGANISER),
        Entry("/organisers/editions", N_("Editions"), Role.ORGANISER),
        Entry("/organisers/reminders", N_("Who has not answered"), Role.ORGANISER),
        Entry("/organisers/annexes", N_("Annexes of names"), Role.ADMIN),
    ),
    N_("Texts"): (
        Entry("/organisers/texts", N_("Texts and facts"), Role.ORGANISER),
        Entry("/organisers/texts/history", N_("Changes of texts"), Role.ORGANISER),
    ),
    N_("Site"): (
        Entry("/organisers/switches", N_("Switches")),
        Entry("/organisers/people", N_("People")),
        Entry("/organisers/keys", N_("Public keys")),
        Entry("/organisers/operations", N_("Operations"), Role.ORGANISER),
        Entry("/organisers/record", N_("Activity log")),
    ),
    N_("You"): (
        Entry("/organisers/sessions", N_("Sessions")),
        Entry("/organisers/factors", N_("Second factor")),
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
        "desk_languages": get_site(request).languages.of_desk.values(),
    }
    response = render_page(request, template, status=status, language=desk_language(request), **(common | context))
    if notice:
        response.delete_cookie(
            cookie_name(request, _NOTICE), path="/", secure=get_site(request).settings.secure, httponly=True
        )
    return response


def _visible_entries(organiser: Organiser) -> dict[str, list[Entry]]:
    groups = {group: [e for e in entries if organiser.may(e.role)] for group, entries in NAVIGATION.items()}
    return {group: entries for group, entries in groups.items() if entries}


def desk_language(request: Request) -> Language:
    """The one that the person chose at the desk, else the best by Accept-Language of those that the desk speaks."""
    chosen = find_cookie(request.headers.get("cookie", ""), cookie_name(request, _LANGUAGE))
    languages = get_site(request).languages
    return languages.of_desk.get(chosen) or languages.choose_for_desk(request.headers.get("accept-language", ""))


def say(request: Request, message: str, **values: object) -> str:
    """A sentence that N_() has marked, in the language of the person at the desk."""
    return desk_language(request).translate(message, **values)


@requires_role(Role.VIEWER)
async def choose_language(request: Request) -> Response:
    chosen = (await forms.read_form(request)).values.get("language", "")
    if chosen not in get_site(request).languages.of_desk:
        raise HTTPException(422)
    return redirect_with_cookie(request, "/organisers/", cookie_name(request, _LANGUAGE), chosen, _LANGUAGE_SECONDS)


def saved_redirect(request: Request, path: str, sentence: str) -> Response:
    """To a page of the desk, which shows the sentence once."""
    value = quote(sentence[:_MAX_NOTICE_LENGTH], safe="")
    return redirect_with_cookie(request, path, cookie_name(request, _NOTICE), value, _NOTICE_SECONDS)
