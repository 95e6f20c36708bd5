"""What was sent to a government and what it answered, written down by organisers for the public page."""

import re
from datetime import date
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition import correspondence
from petition.correspondence import Entry, Stance
from petition.organisers import Role
from petition.web import forms
from petition.web.forms import Form
from petition.web.organisers import done, needs
from petition.web.pages import page, renew, site

_LINK = re.compile(r"https://\S{1,490}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # but for tabs and line ends; PostgreSQL has no NUL in a text


@needs(Role.ORGANISER)
async def answers(request: Request) -> Response:
    """What was sent to one government and what it answered."""
    here, key = site(request), request.path_params["key"]
    if key not in {a.country or a.key for a in here.book.addressees}:
        raise HTTPException(404)
    if request.method == "POST":
        return await _record_answer(request, key, await forms.read(request))
    async with here.database.reading() as c:
        entry = (await correspondence.entries(c)).get(key, Entry())
    return page(request, "organisers/answer.html", key=key, entry=entry, stances=Stance, error=None)


async def _record_answer(request: Request, key: str, form: Form) -> Response:
    entry = _entry(form.typed)
    if entry is None:
        typed = {name: form.typed.get(name, "") for name in ("sent", "answered", "stance", "summary", "link")}
        context: dict[str, Any] = {"key": key, "entry": typed, "stances": Stance, "error": True}
        return page(request, "organisers/answer.html", status=422, **context)
    await done(request, partial(correspondence.record, key=key, entry=entry), "recorded correspondence", key)
    await renew(request)
    return RedirectResponse("/organisers/letters", 303)


def _entry(typed: dict[str, str]) -> Entry | None:
    """The form's entry; None if a day is no day, an answer precedes its letter, or a link or text is none."""
    try:
        sent, answered = (date.fromisoformat(t) if (t := typed.get(n, "")) else None for n in ("sent", "answered"))
        stance = Stance(typed.get("stance", ""))
    except ValueError:
        return None
    link, summary = typed.get("link", "").strip(), typed.get("summary", "").strip().replace("\r\n", "\n")
    if (link and not _LINK.fullmatch(link)) or len(summary) > 2000 or _CONTROL.search(link + summary):
        return None
    return None if answered and (sent is None or answered < sent) else Entry(sent, answered, stance, summary, link)
