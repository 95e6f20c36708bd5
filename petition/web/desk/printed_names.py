"""Names to be printed, at the desk: a name enters letters only after an organiser has passed it, each on purpose."""

from collections.abc import Callable
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Connection
from petition.core.form import Form
from petition.core.languages import N_
from petition.core.sentences import Sentence, ngettext
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.signing.printed_names import APPROVED, REJECTED, STATES
from petition.signing.signatures import NEW
from petition.tally.rounding import UNSTATED_COUNTRY, show_magnitude
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.downloads import log_download
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import country_name
from petition.web.http import forms
from petition.web.http.pages import get_site

SECTION = "/organisers/names"
# Decision -> (old state, new state, action in the activity log).
DECISIONS = {
    "pass": (NEW, APPROVED, "passed names"),
    "aside": (NEW, REJECTED, "set names aside"),
    "back": (REJECTED, NEW, "brought names back"),
    "again": (APPROVED, NEW, "took back that names were passed"),
}
_MAX_PAGE_DIGITS = 6
_STATE_WORDS = {NEW: "new names", REJECTED: "names set aside", APPROVED: "passed names"}


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """How many names of each country nobody has looked at yet, how many are set aside, and how many are passed."""
    counts = await read_many(request, _count_names)
    codes = [*dict(desk_language(request).countries), UNSTATED_COUNTRY]
    rows = {
        state: [(code, show_magnitude(by_country[code])) for code in codes if code in by_country]
        for state, by_country in counts.items()
    }
    return render_desk_page(request, "web/desk/printed_names.html", section=SECTION, rows=rows)


async def _count_names(c: Connection) -> dict[str, dict[str, int]]:
    return {state: await printed_names.count_by_country(c, state) for state in STATES}


@requires_role(Role.ORGANISER)
async def names_of_country(request: Request) -> Response:
    """A page of names. POST: moves those that were decided about, and no others; or undoes what was decided before."""
    country, state = request.path_params["country"], request.path_params["state"]
    if state not in STATES:
        raise HTTPException(404)
    page = _page_number(request)
    if request.method == "POST":
        return await _decide(request, country, state, page, await forms.read_form(request))
    read = partial(printed_names.list_names, country=country, state=state, page=page)
    names, has_next = await read_many(request, read)
    await log_download(request, "looked at names", f"{country_name(country)}: {_STATE_WORDS[state]}")
    context = {"country": country, "state": state, "names": names, "page": page, "has_next": has_next}
    undo = request.query_params.get("undo", "").replace("-", " ")
    return render_desk_page(request, "web/desk/names_of_country.html", section=SECTION, undo=undo, **context)


def _page_number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_PAGE_DIGITS and int(text)):
        raise HTTPException(404)
    return int(text)


async def _decide(request: Request, country: str, state: str, page: int, form: Form) -> Response:
    chosen, nickname = _read_decisions(form, state), request.state.organiser.nickname
    job = partial(_apply_decisions, country=country, chosen=chosen, nickname=nickname)
    moved = await get_site(request).database.write(job)
    asked = 0 if "undo" in form.values else sum(map(len, chosen.values()))
    sentence = _say_moved(request, country, moved, asked)
    path = f"{SECTION}/{country}/{state}?page={page}"
    if state == NEW and "undo" not in form.values and any(moved.values()):
        path += "&undo=" + "-".join(handle for handles in moved.values() for handle in handles)
    return saved_redirect(request, path, sentence)


def _read_decisions(form: Form, state: str) -> dict[str, set[str]]:
    """Handles by decision. Only what was chosen by name; and the rest of the page, if somebody says to have read it."""
    if "undo" in form.values:
        undone = set(form.values["undo"].split())
        return {"again": undone, "back": set(undone)}
    fields = {name.removeprefix("name "): value for name, value in form.values.items() if name.startswith("name ")}
    decisions = [decision for decision, (old, _, _) in DECISIONS.items() if old == state]
    chosen = {decision: {h for h, value in fields.items() if value == decision} for decision in decisions}
    if state == NEW and form.is_checked("rest"):
        chosen["pass"] |= set(form.values.get("shown", "").split()) - chosen["aside"]
    return chosen


async def _apply_decisions(
    c: Connection, *, country: str, chosen: dict[str, set[str]], nickname: str
) -> dict[str, list[str]]:
    """Moves the names and logs it, all or nothing; the handles of those that moved, by decision."""
    moved = {}
    for decision, handles in chosen.items():
        old, new, action = DECISIONS[decision]
        if found := await printed_names.move_names(c, country, handles, old, new):
            moved[decision] = found
            await activity_log.append(c, nickname, action, f"{country_name(country)}: {show_magnitude(len(found))}")
    return moved


_SAID: dict[str, Callable[[int], Sentence]] = {
    "pass": lambda n: ngettext("You passed %(num)s name.", "You passed %(num)s names.", n),
    "aside": lambda n: ngettext("You set aside %(num)s name.", "You set aside %(num)s names.", n),
    "back": lambda n: ngettext(
        "You brought back %(num)s name, to be looked at again.",
        "You brought back %(num)s names, to be looked at again.",
        n,
    ),
    "again": lambda n: ngettext(
        "You took back that %(num)s name was passed, to be looked at again.",
        "You took back that %(num)s names were passed, to be looked at again.",
        n,
    ),
}
_NOTHING = N_("Nothing has changed: no name was chosen, or somebody else has decided in the meantime.")


def _say_moved(request: Request, country: str, moved: dict[str, list[str]], asked: int) -> str:
    """What was done, to the person who saw each of these names: so with exact counts. `asked`: about how many."""
    done: list[str] = [_SAID[decision](len(handles)) for decision, handles in moved.items()]
    if not done:
        return say(request, _NOTHING)
    if asked > sum(map(len, moved.values())):
        done.append(N_("Somebody else had decided about the rest."))
    said = " ".join(say(request, sentence) for sentence in done)
    return f"{country_name(country, desk_language(request))}: {said}"
