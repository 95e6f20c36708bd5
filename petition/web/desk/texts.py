"""Texts and facts at the desk: the list of all that can be edited, its history with undo, and its files."""

import asyncio
import difflib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign import edits, export
from petition.campaign.appeal import Appeal
from petition.campaign.edits import Version
from petition.campaign.places import Kind, Place
from petition.core import clock
from petition.core.errors import DataError, RivalEdit
from petition.core.languages import N_
from petition.organisers.accounts import Role
from petition.web.desk import edit_flow
from petition.web.desk.access import requires_role
from petition.web.desk.downloads import attachment, log_download
from petition.web.desk.edit_flow import SECTION
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site

HISTORY = f"{SECTION}/history"
_RIVAL = N_("Somebody changed this text in the meantime. Nothing was undone.")
_ADMIN_KINDS = {Kind.DEADLINE, Kind.GOAL}
_CITED = re.compile(r"""\b(?:fact|number|note|value)\(["']([\w-]+)["']""")


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """All that can be edited, and where it was."""
    site = get_site(request)
    async with site.database.reading() as c:
        appeal = await site.read_appeal(c)
    cited = await asyncio.to_thread(_cited_facts, appeal)
    facts = sorted(appeal.facts.values(), key=lambda fact: (fact.id not in cited, fact.id))
    return render_desk_page(
        request,
        "web/desk/texts/index.html",
        section=SECTION,
        facts=[(fact, Place(Kind.FACT, fact.id) in appeal.edits) for fact in facts],
        cited=cited,
        offered=list(site.languages),
        edited={place.language for place in appeal.edits if place.kind is Kind.TEXT},
        campaign=appeal.campaign,
        unfit=[
            (_describe(place, partial(say, request)), edit_flow.shown(reason))
            for place, reason in sorted(appeal.unfit.items())
        ],
    )


def _cited_facts(appeal: Appeal) -> set[str]:
    """The ids that stand in a text of the appeal or of a letter."""
    texts = [appeal.text_part(code, "body") for code in appeal.languages()]
    texts += [file.read_text("utf-8") for folder in appeal.text_folders for file in folder.glob("letters/**/*.md")]
    return {id_ for text in texts for id_ in _CITED.findall(text)}


_WORDS = {
    Kind.FACT: N_("Fact"),
    Kind.BANNER: N_("Banner"),
    Kind.DEADLINE: N_("Deadline"),
    Kind.GOAL: N_("Goal"),
    Kind.TEXT: N_("Appeal"),
}
_PARTS = {"title": N_("title"), "summary": N_("summary"), "share": N_("share"), "body": N_("body")}


def _describe(place: Place, translate: Callable[[str], str] = str) -> str:
    """A place in the words of the desk."""
    part = translate(_PARTS[place.key]) if place.kind is Kind.TEXT else place.key
    return ", ".join(filter(None, (translate(_WORDS[place.kind]), part, place.language)))


@dataclass(frozen=True, slots=True)
class _Press:
    """All that was saved at once. `can_undo`: nothing of it was edited since, and this organiser may edit it."""

    number: int
    nickname: str
    edited_at: str
    changes: list[tuple[str, list[str]]]  # where, and the lines that went (-) and came (+)
    can_undo: bool
    after_edit: bool  # before it something else stood there than in the file


@requires_role(Role.ORGANISER)
async def history(request: Request) -> Response:
    return await _history_page(request)


async def _history_page(request: Request, error: str = "", status: int = 200) -> Response:
    async with get_site(request).database.reading() as c:
        versions, newest = await edits.history(c), await edits.newest(c)
    values = {(one.place, one.number): one.value for one in versions}
    presses = []
    for _, group in groupby(versions, key=lambda one: one.press):
        made = list(group)
        presses.append(_press(request, made, values, all(newest[one.place][0] == one.number for one in made)))
    context: dict[str, Any] = {"presses": presses, "error": error}
    return render_desk_page(
        request, "web/desk/texts/history.html", section=f"{SECTION}/history", status=status, **context
    )


def _press(
    request: Request, made: list[Version], values: dict[tuple[Place, int], str | None], is_newest: bool
) -> _Press:
    files, first = get_site(request).live_appeal.files, made[0]
    describe = partial(_describe, translate=partial(say, request))

    def value(place: Place, number: int) -> str:
        found = values.get((place, number))
        return _file_value(files, place) if found is None else found

    changes = [(describe(v.place), _lines(value(v.place, v.number - 1), value(v.place, v.number))) for v in made]
    may = all(_may_edit(request, v.place) for v in made)
    after_edit = any(values.get((v.place, v.number - 1)) is not None for v in made)
    return _Press(first.press, first.nickname, first.edited_at, changes, is_newest and may, after_edit)


def _file_value(files: Appeal, place: Place) -> str:
    """Empty for a place that the files do not have any more."""
    try:
        return files.value(place)
    except (DataError, KeyError):
        return ""


def _may_edit(request: Request, place: Place) -> bool:
    return place.kind not in _ADMIN_KINDS or request.state.organiser.may(Role.ADMIN)


def _lines(old: str, new: str) -> list[str]:
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line.startswith(("- ", "+ "))]


@requires_role(Role.ORGANISER)
async def undo(request: Request) -> Response:
    """Brings back what stood in all places of one press before it, or what the files say (a button `file`)."""
    form, site = await forms.read_form(request), get_site(request)
    async with site.database.reading() as c:
        versions = await edits.history(c)
        appeal = await site.read_appeal(c)
    made = [one for one in versions if str(one.press) == form.values.get("press")]
    if not made or not all(_may_edit(request, one.place) for one in made):
        raise HTTPException(404)
    values = {(one.place, one.number): one.value for one in versions}
    changes = {
        v.place: (v.number, None if "file" in form.values else values.get((v.place, v.number - 1))) for v in made
    }
    if error := await edit_flow.undo_error(request, appeal, changes):
        return await _history_page(request, error, 422)
    try:
        await edit_flow.undo_changes(request, changes, ", ".join(_describe(place) for place in changes))
    except RivalEdit:
        return await _history_page(request, _RIVAL, 409)
    return saved_redirect(request, HISTORY, say(request, N_("Undone. The text before is public again.")))


@requires_role(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """The campaign as files, for a folder of PETITION_CAMPAIGN."""
    async with get_site(request).database.reading() as c:
        appeal = await get_site(request).read_appeal(c)
    files = await asyncio.to_thread(export.export_files, appeal)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in sorted(files.items()):
            zipped.writestr(zipfile.ZipInfo(name, clock.now().timetuple()[:6]), text, zipfile.ZIP_DEFLATED)
    await log_download(request, N_("downloaded the campaign's files"))
    return attachment(content.getvalue(), "campaign.zip", "application/zip")
