"""How every text of the campaign is edited at the desk: the form, its preview, two at once, and what is saved.

A form has the version that each of its values was made from. What somebody else saved since then is shown beside what
was typed, and the next press saves over it, knowingly.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from petition.campaign import edits
from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.campaign.places import DEADLINE, Kind, Place
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.errors import DataError, RivalEdit
from petition.core.form import Form
from petition.core.languages import N_
from petition.core.sentences import Sentence, join
from petition.letters.editions import fact_check, source_checks
from petition.letters.writing.sheet import UncitedFacts
from petition.retention import destruction_day
from petition.web.desk.access import run_and_log
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import (
    NO_STORE,
    get_public_state,
    get_site,
    refresh_public_pages,
    render_template,
)
from petition.web.http.security import PREVIEW_CSP

SECTION = "/organisers/texts"
_ONE_SOURCE = N_("Letters print %(id)s with one source for it and another number: change both together.")
_LATE_DEADLINE = N_("On %(day)s all personal data is erased: the deadline has to be before that day.")
_DEADLINE_BEFORE = N_("The deadline before was %(day)s.")
BASE_PREFIX = "base-"  # before the name of a field: the version that it was made from
_PREVIEW = (
    N_("Preview"),
    N_("Preview. Nobody else sees this, and nothing is saved."),
    N_("Close this tab to return to the form."),
)
Values = Mapping[Place, str]
Newest = Mapping[Place, tuple[int, str | None]]


@dataclass(frozen=True)
class EditPage:
    """A page that edits some places. `read` gives their values from a form and adds errors; `places` by their field."""

    template: str
    places: Mapping[str, Place]
    initial: Mapping[str, str]
    read: Callable[[Form], Values]
    log: str
    context: Mapping[str, Any] = field(default_factory=dict)


async def edit(request: Request, page: EditPage) -> Response:
    """Shows the form, its preview, or saves it."""
    async with get_site(request).database.reading() as c:
        appeal, newest = await get_site(request).read_appeal(c), await edits.newest(c)
    if request.method != "POST":
        return _form_page(request, page, newest, Form(dict(page.initial)))
    form = await forms.read_form(request)
    values = page.read(form)
    edited = await _edited(request, page, appeal, form, values)
    if form.errors:
        return _form_page(request, page, _versions(page, form), form, status=422)
    if "preview" in form.values:
        return preview(request, edited, form.values["preview"])
    return await _save(request, page, form, values)


def _form_page(
    request: Request, page: EditPage, newest: Newest, form: Form, *, status: int = 200, **context: Any
) -> Response:
    """With `newest` as the versions that it is made from."""
    versions = {BASE_PREFIX + name: newest.get(place, (0, None))[0] for name, place in page.places.items()}
    common = {"form": form, "versions": versions, "language_codes": [one.code for one in get_site(request).languages]}
    return render_desk_page(
        request, page.template, section=SECTION, status=status, **{"theirs": [], **common, **page.context, **context}
    )


def _versions(page: EditPage, form: Form) -> Newest:
    """Those that the form was made from."""
    return {place: (_version(form, name), None) for name, place in page.places.items()}


def _version(form: Form, name: str) -> int:
    text = form.values.get(BASE_PREFIX + name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


async def _edited(request: Request, page: EditPage, appeal: Appeal, form: Form, values: Values) -> Appeal:
    """The campaign with these values; what does not fit is an error of its field."""
    files = get_site(request).live_appeal.files
    changed = {place: value for place, value in values.items() if value != appeal.value(place)}
    edited = await asyncio.to_thread(files.with_edits, {**appeal.edits, **changed})
    edited.deadline_moved = edited.campaign.day(clock.now()) if DEADLINE in changed else appeal.deadline_moved
    for name, place in page.places.items():
        if place in values and place in edited.unfit:
            form.add_error(name, shown(edited.unfit[place]))
    if not form.errors:
        await _check_letters(request, page, edited, form, changed)
    return edited


def shown(sentence: str) -> str:
    """It quotes what was typed, and the pages read a % as a place to fill in."""
    return sentence if isinstance(sentence, Sentence) else join([sentence])


async def _check_letters(
    request: Request, page: EditPage, edited: Appeal, form: Form, changed: Collection[Place]
) -> None:
    names = {place.key: name for name, place in page.places.items()}
    try:
        await _compose_letters(request, edited, changed)
    except UncitedFacts as error:
        for id_ in error.ids:
            form.add_error(names.get(id_, next(iter(names.values()))), Sentence(_ONE_SOURCE, id=id_))
    except DataError as error:
        form.add_error(next(iter(names.values())), shown(error.sentence))


async def _compose_letters(request: Request, edited: Appeal, changed: Collection[Place]) -> None:
    """Raises DataError if a letter cannot be made of this campaign."""
    if ids := [place.key for place in changed if place.kind is Kind.FACT]:
        draft = replace(await get_site(request).current_draft(), appeal=edited)
        await asyncio.to_thread(fact_check.check_letters, draft, ids)


def preview(request: Request, appeal: Appeal, code: str) -> Response:
    """The public page as it would be, for this organiser alone. Its form cannot be sent."""
    site = get_site(request)
    offered = code in site.languages
    language = site.languages[code if offered else site.languages.default.code]
    state = replace(get_public_state(request), appeal=appeal, campaign_state=appeal.campaign_state(clock.now()))
    page, _, context = request.app.state.public_pages[""]
    values = {"base_url": site.settings.base_url, "page": page, "appeal": appeal} | context(site, language, state)
    words = {"desk": desk_language(request), "preview_words": [say(request, words) for words in _PREVIEW]}
    text = render_template(site, language, "web/desk/preview.html", page_path="", private=True, **words, **values)
    headers = {"Cache-Control": NO_STORE, "X-Robots-Tag": "noindex, nofollow", "Content-Language": language.code}
    return HTMLResponse(text, headers=headers | {"Content-Security-Policy": PREVIEW_CSP})


async def _save(request: Request, page: EditPage, form: Form, values: Values) -> Response:
    """What was not changed is not saved, so nobody's newer text is lost by it."""
    async with get_site(request).database.reading() as c:
        appeal, history = await get_site(request).read_appeal(c), await edits.history(c)
    files, bases = get_site(request).live_appeal.files, {p: v for p, (v, _) in _versions(page, form).items()}
    shown = {(one.place, one.number): one.value for one in history}
    changed = {}
    for place, value in values.items():
        before = shown.get((place, bases[place]))
        if value not in (files.value(place) if before is None else before, appeal.value(place)):
            changed[place] = bases[place], None if value == files.value(place) else value
    try:
        await _save_changes(request, changed, str(page.log))
    except RivalEdit:
        return await _rival_page(request, page, form, values)
    said = say(request, N_("Nothing was changed."))
    if changed:
        said = say(request, N_("Saved: %(what)s. It is public now."), what=say(request, page.log))
    return saved_redirect(request, SECTION, said)


async def _save_changes(request: Request, changes: edits.Changes, what: str) -> None:
    if changes:
        save = partial(_save_edits, changes=changes, nickname=request.state.organiser.nickname)
        await run_and_log(request, save, N_("changed texts"), what)
        await refresh_public_pages(request)


async def _save_edits(c: Connection, *, changes: edits.Changes, nickname: str) -> None:
    """A fact that was typed counts as checked today; the database then knows who looked at its source."""
    await edits.save(c, changes, nickname)
    facts = [source_checks.FACT_PREFIX + place.key for place in changes if place.kind is Kind.FACT]
    await source_checks.save_checks(c, sorted(facts), nickname)


async def _rival_page(request: Request, page: EditPage, form: Form, values: Values) -> Response:
    """Both texts: theirs as it stands now, and what was typed. The next press saves over theirs."""
    async with get_site(request).database.reading() as c:
        appeal, newest = await get_site(request).read_appeal(c), await edits.newest(c)
        history = await edits.history(c)
    theirs = [
        (one, appeal.value(one.place))
        for one in history
        if one.place in values and one.number == newest[one.place][0] > _versions(page, form)[one.place][0]
    ]
    return _form_page(request, page, newest, form, status=409, theirs=theirs)


def deadline_error(day: date, campaign: Campaign, destruction: date | None) -> str:
    """Why the deadline cannot be this day; empty if it can."""
    if day <= campaign.day(clock.now()):
        return Sentence(N_("A deadline can only move to a day after today."))
    if destruction and day >= destruction:
        return Sentence(_LATE_DEADLINE, day=destruction)
    return ""


async def undo_error(request: Request, appeal: Appeal, changes: edits.Changes) -> str:
    """Why these values cannot stand there again: the same rules as for what is typed. Empty if they can."""
    kept = {place: value for place, value in appeal.edits.items() if place not in changes}
    values = kept | {place: value for place, (_, value) in changes.items() if value is not None}
    edited = await asyncio.to_thread(get_site(request).live_appeal.files.with_edits, values)
    if unfit := [reason for place, reason in edited.unfit.items() if place in changes]:
        return shown(unfit[0])
    if DEADLINE in changes and isinstance(edited.campaign.deadline, date):
        async with get_site(request).database.reading() as c:
            destruction = await destruction_day.day_of(c, edited.campaign)
        if error := deadline_error(edited.campaign.deadline, edited.campaign, destruction):
            return join([Sentence(_DEADLINE_BEFORE, day=edited.campaign.deadline), error])
    try:
        await _compose_letters(request, edited, changes)
    except DataError as error:
        return shown(error.sentence)
    return ""


async def undo_changes(request: Request, changes: edits.Changes, what: str) -> None:
    """Nobody looked at the source of what comes back: it is asked about again with the next edition."""
    nickname = request.state.organiser.nickname
    facts = sorted(source_checks.FACT_PREFIX + place.key for place in changes if place.kind is Kind.FACT)

    async def save(c: Connection) -> None:
        await edits.save(c, changes, nickname)
        await source_checks.forget_checks(c, facts)

    await run_and_log(request, save, N_("undid a change of texts"), what)
    await refresh_public_pages(request)
