"""The organisers' letters: the list with what is to be mended, each as PDF, all as ZIP; the export of signatures."""

import csv
import io
import unicodedata
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition import correspondence, editions, signatories
from petition.correspondence import Entry
from petition.editions import Edition
from petition.errors import LetterError
from petition.letters import Addressee, pdf
from petition.organisers import Role
from petition.record import about
from petition.web.organisers import needs, note
from petition.web.pages import PRIVATE, page, site

_NO_STORE = {"Cache-Control": PRIVATE}


@needs(Role.ORGANISER)
async def index(request: Request) -> Response:
    """Every letter with what is to be mended before it is sent."""
    edition = await _edition(request)
    async with site(request).database.reading() as c:
        entries = await correspondence.entries(c)
    writing = site(request).state().writing
    rows = [_row(edition, a, entries, writing) for a in edition.book.addressees]
    return page(request, "organisers/letters.html", rows=rows, drawable=writing)


def _row(edition: Edition, addressee: Addressee, entries: dict[str, Entry], writing: bool) -> dict[str, Any]:
    code = addressee.country or addressee.key
    return {
        "key": addressee.key,
        "code": code,
        "name": addressee.name_en,
        "flags": _flags(edition, addressee, writing),
        "annex": edition.annexed(addressee) > 0,
        "entry": entries.get(code),
    }


def _flags(edition: Edition, addressee: Addressee, writing: bool) -> list[str]:
    flags = []
    if addressee.address_missing:
        flags.append("address missing")
    elif addressee.confidence != "high":
        flags.append(f"address: {addressee.confidence} confidence")
    if writing:
        letter = edition.letter(addressee)
        flags += ["English, no text in its language"] if letter.fallback else []
        flags += ["text not reviewed"] if letter.reviewed == "no" else []
    return flags


@needs(Role.ORGANISER)
async def letter(request: Request) -> Response:
    """The letter to one addressee."""
    edition, addressee = await _addressed(request)
    try:
        content = await run_in_threadpool(lambda: pdf.render(edition.letter(addressee)))
    except LetterError as error:
        raise HTTPException(409) from error
    await _note(request, "downloaded a letter", addressee.key)
    return _pdf(content, addressee.key)


@needs(Role.ORGANISER)
async def annex(request: Request) -> Response:
    """The names that go with the letter to one addressee."""
    edition, addressee = await _addressed(request)
    async with site(request).database.reading() as c:
        names = (await editions.names(c, edition, [addressee])).get(addressee.country)
    if not names:
        raise HTTPException(404)
    content = await run_in_threadpool(edition.annex, addressee, names)
    await _note(request, "downloaded names", f"{addressee.key}: {about(len(names))}")
    return _pdf(content, f"{addressee.key}-names")


@needs(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """All letters and annexes in one ZIP."""
    edition = await _edition(request)
    if not site(request).state().writing:
        raise HTTPException(409)
    async with site(request).database.reading() as c:
        names = await editions.names(c, edition, edition.book.addressees)
    file = io.BytesIO()  # not a file on disk: it has names in it, and whatever fails would leave it there
    await run_in_threadpool(editions.archive, edition, names, file)
    await _note(request, "downloaded all letters")
    headers = {**_NO_STORE, "Content-Disposition": 'attachment; filename="letters.zip"'}
    return Response(file.getvalue(), media_type="application/zip", headers=headers)


@needs(Role.ORGANISER)
async def signatures_csv(request: Request) -> Response:
    """For the organisers' own machine: `petition unseal` opens the sealed addresses there."""
    async with site(request).database.reading() as c:
        rows = await signatories.export(c)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("country", "name", "sealed_address"))
    table.writerows((r["country"], _inert(r["name"] or ""), r["sealed"] or "") for r in rows)
    await _note(request, "downloaded signatures", about(len(rows)))
    headers = {**_NO_STORE, "Content-Disposition": 'attachment; filename="signatures.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _inert(name: str) -> str:
    """A name that a spreadsheet takes for text: an apostrophe before a formula's signs, full-width ones too.

    (OWASP, CSV injection)
    """
    begin = unicodedata.normalize("NFKC", name).lstrip()
    return f"'{name}" if begin.startswith(("=", "+", "-", "@")) else name


async def _edition(request: Request) -> Edition:
    here = site(request)
    async with here.database.reading() as c:
        return await editions.draw_up(c, here.appeal, here.book, here.settings.base_url)


async def _addressed(request: Request) -> tuple[Edition, Addressee]:
    edition = await _edition(request)
    try:
        return edition, edition.book.find(request.path_params["key"])
    except LetterError:
        raise HTTPException(404) from None


async def _note(request: Request, action: str, detail: str = "") -> None:
    """HEAD looks and takes nothing: only a GET is a download."""
    if request.method == "GET":
        await note(request, action, detail)


def _pdf(content: bytes, name: str) -> Response:
    headers = {**_NO_STORE, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
