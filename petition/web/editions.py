"""Editions at the desk: draw one up after every doubt is settled, look at it, download what it froze."""

import csv
import io
import zipfile
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition import confirmations, drafts, editions
from petition.drafts import Draft
from petition.editions import Choice, Edition, Frozen
from petition.errors import LetterError
from petition.organisers import Role
from petition.web import forms
from petition.web.forms import EMPTY, Form
from petition.web.letters import attachment, note_download, shown
from petition.web.organisers import needs
from petition.web.pages import page, site

CONFIRMED, OUT = "confirmed", "out"


@needs(Role.ORGANISER)
async def index(request: Request) -> Response:
    """All editions, and what has to be settled before the next."""
    if request.method == "POST":
        return await _draw_up(request, await forms.read(request))
    return await _index(request, EMPTY)


async def _index(request: Request, form: Form, error: str = "") -> Response:
    draft = await _draft(request)
    writing = site(request).state().writing
    async with site(request).database.reading() as c:
        drawn = await editions.drawn(c)
        doubts = await confirmations.open_doubts(c, draft) if writing else []
    context: dict[str, Any] = {"editions": drawn, "doubts": doubts, "writing": writing, "form": form, "error": error}
    return page(request, "organisers/editions.html", status=422 if error else 200, **context)


async def _draw_up(request: Request, form: Form) -> Response:
    here, draft = site(request), await _draft(request)
    said = {name.partition(" ")[2]: value for name, value in form.typed.items() if name.startswith("doubt ")}
    confirmed, without = (frozenset(id_ for id_, what in said.items() if what == kind) for kind in (CONFIRMED, OUT))
    offered = [language.code for language in here.languages]
    try:
        choice, nickname = Choice(confirmed, without), request.state.organiser.nickname
        n = await editions.draw_up(here.database, draft, offered, choice, nickname)
    except LetterError as error:
        return await _index(request, form, str(error))
    return RedirectResponse(f"/organisers/editions/{n}", 303)


async def _draft(request: Request) -> Draft:
    here = site(request)
    async with here.database.reading() as c:
        return await drafts.draw_up(c, here.appeal, here.book, here.settings.base_url)


@needs(Role.ORGANISER)
async def edition(request: Request) -> Response:
    """The letters of one edition, each with the fingerprint of its file."""
    found, letters = await _edition(request)
    names = {a.key: a.name_en for a in site(request).book.addressees}
    return page(request, "organisers/edition.html", edition=found, letters=letters, names=names)


@needs(Role.ORGANISER)
async def letter(request: Request) -> Response:
    """One letter: its PDF as it was frozen, any other kind from the tree that was frozen with it."""
    reference = request.path_params["reference"]
    async with site(request).database.reading() as c:
        found, content = await editions.find(c, reference), await editions.file(c, reference)
    if found is None or content is None:
        raise HTTPException(404)
    if request.path_params["kind"] != "pdf":
        return await shown(request, found[1], reference)
    await note_download(request, "downloaded a letter", reference)
    return attachment(content, f"{reference}.pdf", "application/pdf")


@needs(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """An edition as ZIP: every letter and translation, and a list of them with their fingerprints."""
    found, letters = await _edition(request)
    files = {}
    async with site(request).database.reading() as c:
        for one in letters:
            files[f"{one.reference}.pdf"] = await editions.file(c, one.reference) or b""
    content = await run_in_threadpool(_zipped, found, letters, files)
    await note_download(request, "downloaded all letters", f"edition {found.n}")
    return attachment(content, f"edition-{found.n}.zip", "application/zip")


def _zipped(found: Edition, letters: list[Frozen], files: dict[str, bytes]) -> bytes:
    out, moment = io.BytesIO(), datetime.fromisoformat(found.moment).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in {"index.csv": _list(letters), **files}.items():
            zipped.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _list(letters: list[Frozen]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("reference", "addressee", "courtesy_translation", "sha256"))
    table.writerows((one.reference, one.key, "yes" if one.courtesy else "no", one.sha256) for one in letters)
    return text.getvalue().encode()


async def _edition(request: Request) -> tuple[Edition, list[Frozen]]:
    async with site(request).database.reading() as c:
        drawn = {str(edition.n): edition for edition in await editions.drawn(c)}
        found = drawn.get(request.path_params["n"])
        if found is None:
            raise HTTPException(404)
        return found, await editions.letters_of(c, found.n)
