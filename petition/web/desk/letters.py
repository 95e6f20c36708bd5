"""The letters at the desk: a list with what must be fixed, each letter as a file or a page, all of them as ZIP."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import LetterError
from petition.core.languages import N_, Language
from petition.letters import correspondence
from petition.letters.addressees.address_book import Addressee
from petition.letters.addressees.envelope import lacks_latin_lines
from petition.letters.correspondence import Entry
from petition.letters.editions import drafts
from petition.letters.editions.drafts import Draft
from petition.letters.writing import compose
from petition.organisers.accounts import Role
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.downloads import attachment, inline_pdf, letter_response, log_download
from petition.web.desk.pages import desk_language, render_desk_page
from petition.web.desk.words import STANCES, letter_name
from petition.web.http.pages import get_site

_DOUBTS = {"low": N_("address: low confidence"), "medium": N_("address: medium confidence")}


@dataclass(frozen=True, slots=True)
class Flag:
    """What must be fixed before a letter is sent; the page where it is fixed or read, and who may open that."""

    text: str
    page: str
    role: Role = Role.ORGANISER


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """Every letter, with what must be fixed before it is sent."""
    draft = await get_site(request).current_draft()
    async with get_site(request).database.reading() as c:
        entries = await correspondence.entries(c)
    writing = get_site(request).campaign_state().allows_letters
    language = desk_language(request)
    rows = [_row(draft, a, entries, language, writing=writing) for a in draft.book.addressees]
    return render_desk_page(
        request,
        "web/desk/letters.html",
        section="/organisers/letters",
        rows=rows,
        drawable=writing,
        stance_words=STANCES,
    )


def _row(
    draft: Draft, addressee: Addressee, entries: dict[str, Entry], language: Language, *, writing: bool
) -> dict[str, Any]:
    code = addressee.code
    return {
        "key": addressee.key,
        "code": code,
        "name": letter_name(addressee, language),
        "flags": [*_address_flags(draft, addressee), *(_text_flags(draft, addressee) if writing else [])],
        "annex": draft.annex_size(addressee) > 0,
        "channels": addressee.channels,
        "entry": entries.get(code),
    }


def _address_flags(draft: Draft, addressee: Addressee) -> Iterator[Flag]:
    page = f"/organisers/book/{addressee.key}"
    if addressee.address_missing:
        yield Flag(N_("address missing"), page, Role.ADMIN)
    elif addressee.confidence != "high":
        yield Flag(_DOUBTS[addressee.confidence], page, Role.ADMIN)
    if lacks_latin_lines(addressee, draft.appeal.campaign.posted_from):
        yield Flag(N_("address: not in Latin letters"), page, Role.ADMIN)


def _text_flags(draft: Draft, addressee: Addressee) -> Iterator[Flag]:
    letter, page = draft.letter(addressee), f"/organisers/letters/{addressee.key}.html"
    if letter.fallback:
        yield Flag(N_("English, no text in its language"), page)
    if letter.reviewed == "no":
        yield Flag(N_("text not reviewed"), page)
    text, _ = compose.text_and_formatter(draft.text_folders, addressee)
    if compose.is_outdated(draft.text_folders, text):
        yield Flag(N_("text outdated: an edition has English only"), page)


@requires_role(Role.ORGANISER)
async def letter(request: Request) -> Response:
    """As a file of one format, or as a page; 409 while the campaign's state allows no letters."""
    draft, addressee = await _draft_and_addressee(request)
    try:
        composed = draft.letter(addressee)
        return await letter_response(request, composed, addressee.key)
    except LetterError as error:
        raise HTTPException(409) from error


@requires_role(Role.ORGANISER)
async def annex(request: Request) -> Response:
    """404 if there are no names to print."""
    draft, addressee = await _draft_and_addressee(request)
    read = partial(drafts.get_annex_names, draft=draft, addressees=[addressee])
    names = (await read_many(request, read)).get(addressee.code)
    if not names:
        raise HTTPException(404)
    content = await run_in_threadpool(draft.render_annex, addressee, names)
    await log_download(request, "downloaded names", f"{letter_name(addressee)}: {show_magnitude(len(names))}")
    return inline_pdf(content, f"{addressee.key}-names")


@requires_role(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """All letters and annexes in one ZIP; 409 while the campaign's state allows no letters."""
    draft = await get_site(request).current_draft()
    if not get_site(request).campaign_state().allows_letters:
        raise HTTPException(409)
    read = partial(drafts.get_annex_names, draft=draft, addressees=draft.book.addressees)
    names = await read_many(request, read)
    file = io.BytesIO()  # in memory, not on disk: it has names in it, and a failure would leave the file there
    await run_in_threadpool(drafts.write_archive, draft, names, file)
    await log_download(request, "downloaded all letters")
    return attachment(file.getvalue(), "letters.zip", "application/zip")


async def _draft_and_addressee(request: Request) -> tuple[Draft, Addressee]:
    draft = await get_site(request).current_draft()
    try:
        return draft, draft.book.find(request.path_params["key"])
    except LetterError:
        raise HTTPException(404) from None
