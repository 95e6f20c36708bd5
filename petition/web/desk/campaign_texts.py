"""The text of the appeal, the line above all public pages, the deadline and the goal, at the desk."""

import re
from datetime import date
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.campaign.places import DEADLINE, GOAL, TEXT_PARTS, Kind, Place
from petition.core.form import Form
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.organisers.accounts import Role
from petition.retention import destruction_day
from petition.web.desk import edit_flow
from petition.web.desk.access import requires_role
from petition.web.desk.edit_flow import EditPage, Values
from petition.web.http.pages import get_site, get_snapshot

MAX_BANNER_LENGTH, MAX_BODY_LENGTH = 200, 9000
MAX_LENGTHS = {"title": 100, "summary": 155, "share": 300}  # of the summary, search engines show no more
_LINE = re.compile(r"[^\x00-\x1f\x7f]*")
_BODY = re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f]{{1,{MAX_BODY_LENGTH}}}")
_LINK = re.compile(r"://|www\.|\w\.[a-z]{2,}\b", re.I)  # also without https://, as people type it
_GOAL = re.compile(r"[0-9]{1,9}")
_BODY_ERROR = N_("%(length)s characters at most, and no control characters.")
_LINE_ERROR = N_("%(length)s characters at most; this has %(typed)s.")
_LOW_GOAL = N_("%(signatures)s signatures are published already: the goal has to be above that.")
_DAY_ERROR = N_("A day is written 2026-12-24.")


async def _appeal(request: Request) -> Appeal:
    async with get_site(request).database.reading() as c:
        return await get_site(request).read_appeal(c)


@requires_role(Role.ORGANISER)
async def edit_appeal(request: Request) -> Response:
    """The text of one language. The demand is not among its parts: people signed it."""
    code, site = request.path_params["lang"], get_site(request)
    if code not in site.languages:
        raise HTTPException(404)
    appeal = await _appeal(request)
    places = {part: Place(Kind.TEXT, part, code) for part in TEXT_PARTS}
    page = EditPage(
        template="web/desk/texts/appeal.html",
        places=places,
        initial={part: appeal.value(place) for part, place in places.items()},
        read=partial(_read_text, places=places),
        log=Sentence(N_("text of the appeal in %(language)s"), language=site.languages[code].name),
        context={"code": code, "text": appeal.get_text(site.languages[code]), "links": sorted(appeal.campaign.links)},
    )
    return await edit_flow.edit(request, page)


def _read_text(form: Form, *, places: dict[str, Place]) -> Values:
    values = {}
    for part, place in places.items():
        if part == "body":
            text = form.text(part, _BODY, Sentence(_BODY_ERROR, length=MAX_BODY_LENGTH))
        else:
            text = _line(form, part, MAX_LENGTHS[part])
        if not text:
            form.add_error(part, N_("Please fill this in."))
        values[place] = text
    return values


def _line(form: Form, name: str, length: int) -> str:
    text = form.text(name, _LINE, N_("One line, without control characters."))
    if len(text) > length:
        form.add_error(name, Sentence(_LINE_ERROR, length=length, typed=len(text)))
    return text


@requires_role(Role.ORGANISER)
async def edit_banner(request: Request) -> Response:
    """The banner of all languages on one page: it is needed in several at once."""
    appeal, languages = await _appeal(request), list(get_site(request).languages)
    places = {f"banner-{language.code}": Place(Kind.BANNER, "", language.code) for language in languages}
    page = EditPage(
        template="web/desk/texts/banner.html",
        places=places,
        initial={name: appeal.value(place) for name, place in places.items()},
        read=partial(_read_banners, places=places),
        log=N_("banner"),
        context={"offered": languages, "max_length": MAX_BANNER_LENGTH},
    )
    return await edit_flow.edit(request, page)


def _read_banners(form: Form, *, places: dict[str, Place]) -> Values:
    values = {}
    for name, place in places.items():
        values[place] = _line(form, name, MAX_BANNER_LENGTH)
        if _LINK.search(values[place]):
            form.add_error(name, N_("No links and no web addresses: put a space behind each full stop."))
    return values


@requires_role(Role.ADMIN)
async def edit_campaign(request: Request) -> Response:
    """Deadline and goal."""
    async with get_site(request).database.reading() as c:
        appeal = await get_site(request).read_appeal(c)
        destruction = await destruction_day.day_of(c, appeal.campaign)
    deadline, goal, published = appeal.campaign.deadline, appeal.campaign.goal, get_snapshot(request).confirmed
    page = EditPage(
        template="web/desk/texts/campaign.html",
        places={"deadline": DEADLINE, "goal": GOAL},
        initial={
            "deadline": deadline.isoformat() if isinstance(deadline, date) else "",
            "goal": str(goal) if isinstance(goal, int) else "",
        },
        read=partial(_read_campaign, appeal=appeal, destruction=destruction, published=published),
        log=N_("deadline and goal"),
        context={"published": published, "deadline": deadline, "goal": goal, "destruction": destruction},
    )
    return await edit_flow.edit(request, page)


def _read_campaign(form: Form, *, appeal: Appeal, destruction: date | None, published: int) -> Values:
    """Nothing of what was not touched, so a deadline that has passed keeps nobody from a new goal."""
    values = {}
    typed = {name: form.values.get(name, "").strip() for name in ("deadline", "goal")}
    if typed["deadline"] and typed["deadline"] != appeal.value(DEADLINE):
        if error := _deadline_error(typed["deadline"], appeal.campaign, destruction):
            form.add_error("deadline", error)
        values[DEADLINE] = typed["deadline"]
    goal = re.sub(r"[\s\xa0\u202f]", "", typed["goal"])
    if goal and goal != appeal.value(GOAL):
        if not _GOAL.fullmatch(goal):
            form.add_error("goal", N_("A goal is a whole number of nine digits at most."))
        elif int(goal) <= published:
            form.add_error("goal", Sentence(_LOW_GOAL, signatures=published))
        values[GOAL] = goal.lstrip("0")
    return values


def _deadline_error(text: str, campaign: Campaign, destruction: date | None) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _DAY_ERROR
    if text != day.isoformat():
        return _DAY_ERROR
    return edit_flow.deadline_error(day, campaign, destruction)
