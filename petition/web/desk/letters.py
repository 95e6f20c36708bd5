"""The organisers' letters: the list with what is to be mended, each as PDF, all as ZIP; the export of signatures."""

import csv
import io
import unicodedata
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import LetterError
from petition.letters import correspondence
from petition.letters.addressees.directory import Addressee
from petition.letters.correspondence import Entry
from petition.letters.editions import drafts
from petition.letters.editions.drafts import Draft
from petition.letters.formats.registry import FORMATS
from petition.letters.writing.document import Letter
from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.tally.rounding import rounded
from petition.web.desk.access import needs, note
from petition.web.http.pages import PRIVATE, page, site

_NO_STORE = {"Cache-Control": PRIVATE}


@needs(Role.ORGANISER)
async def index(request: Request) -> Response:
    """Every letter with what is to be mended before it is sent."""
    draft = await _draft(request)
    async with site(request).database.reading() as c:
        entries = await correspondence.entries(c)
    writing = site(request).state().writing
    rows = [_row(draft, a, entries, writing) for a in draft.book.addressees]
    context: dict[str, Any] = {"organiser": request.state.organiser, "roles": Role}
    return page(request, "web/desk/letters.html", rows=rows, drawable=writing, **context)


def _row(draft: Draft, addressee: Addressee, entries: dict[str, Entry], writing: bool) -> dict[str, Any]:
    code = addressee.code
    return {
        "key": addressee.key,
        "code": code,
        "name": addressee.name_en,
        "flags": _flags(draft, addressee, writing),
        "annex": draft.annexed(addressee) > 0,
        "entry": entries.get(code),
    }


def _flags(draft: Draft, addressee: Addressee, writing: bool) -> list[str]:
    flags = []
    if addressee.address_missing:
        flags.append("address missing")
    elif addressee.confidence != "high":
        flags.append(f"address: {addressee.confidence} confidence")
    if writing:
        letter = draft.letter(addressee)
        flags += ["English, no text in its language"] if letter.fallback else []
        flags += ["text not reviewed"] if letter.reviewed == "no" else []
    return flags


@needs(Role.ORGANISER)
async def letter(request: Request) -> Response:
    """The letter to one addressee, as a file of one kind or as a page to read."""
    draft, addressee = await _addressed(request)
    try:
        drawn = draft.letter(addressee)
        return await shown(request, drawn, addressee.key)
    except LetterError as error:
        raise HTTPException(409) from error


async def shown(request: Request, drawn: Letter, name: str) -> Response:
    """A letter in the kind that the path asks for; what leaves as a file is noted."""
    kind = request.path_params["kind"]
    if kind == "html":
        return page(request, "web/desk/letter.html", letter=drawn, name=name)
    if kind not in FORMATS:
        raise HTTPException(404)
    render, media = FORMATS[kind]
    content = await run_in_threadpool(render, drawn)
    await note_download(request, "downloaded a letter", name if kind == "pdf" else f"{name}.{kind}")
    return _pdf(content, name) if kind == "pdf" else attachment(content, f"{name}.{kind}", media)


@needs(Role.ORGANISER)
async def annex(request: Request) -> Response:
    """The names that go with the letter to one addressee."""
    draft, addressee = await _addressed(request)
    async with site(request).database.reading() as c:
        names = (await drafts.names(c, draft, [addressee])).get(addressee.code)
    if not names:
        raise HTTPException(404)
    content = await run_in_threadpool(draft.annex, addressee, names)
    await note_download(request, "downloaded names", f"{addressee.key}: {rounded(len(names))}")
    return _pdf(content, f"{addressee.key}-names")


@needs(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """All letters and annexes in one ZIP."""
    draft = await _draft(request)
    if not site(request).state().writing:
        raise HTTPException(409)
    async with site(request).database.reading() as c:
        names = await drafts.names(c, draft, draft.book.addressees)
    file = io.BytesIO()  # not a file on disk: it has names in it, and whatever fails would leave it there
    await run_in_threadpool(drafts.archive, draft, names, file)
    await note_download(request, "downloaded all letters")
    return attachment(file.getvalue(), "letters.zip", "application/zip")


@needs(Role.ORGANISER)
async def signatures_csv(request: Request) -> Response:
    """For the organisers' own machine: `petition unseal` opens the sealed addresses there."""
    async with site(request).database.reading() as c:
        rows = await printed_names.export(c)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("country", "name", "sealed_address"))
    table.writerows((r["country"], _inert(r["name"] or ""), r["sealed"] or "") for r in rows)
    await note_download(request, "downloaded signatures", rounded(len(rows)))
    headers = {**_NO_STORE, "Content-Disposition": 'attachment; filename="signatures.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _inert(name: str) -> str:
    """A name that a spreadsheet takes for text: an apostrophe before a formula's signs, full-width ones too.

    (OWASP, CSV injection)
    """
    begin = unicodedata.normalize("NFKC", name).lstrip()
    return f"'{name}" if begin.startswith(("=", "+", "-", "@")) else name


async def _draft(request: Request) -> Draft:
    here = site(request)
    async with here.database.reading() as c:
        return await drafts.draw_up(c, here.appeal, here.book, here.settings.base_url)


async def _addressed(request: Request) -> tuple[Draft, Addressee]:
    draft = await _draft(request)
    try:
        return draft, draft.book.find(request.path_params["key"])
    except LetterError:
        raise HTTPException(404) from None


async def note_download(request: Request, action: str, detail: str = "") -> None:
    """HEAD looks and takes nothing: only a GET is a download."""
    if request.method == "GET":
        await note(request, action, detail)


def attachment(content: bytes, name: str, kind: str) -> Response:
    """A file to keep."""
    headers = {**_NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


def _pdf(content: bytes, name: str) -> Response:
    headers = {**_NO_STORE, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
