"""Editions at the desk: make one after all stale sources are checked, look at it, download what it stored."""

import re
from datetime import date
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from petition import features
from petition.core.errors import LetterError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.letters.addressees.address_book import FORMS_OF_ADDRESS
from petition.letters.editions import annexes, editions, files, source_checks, time_stamps
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Decisions, Edition, IssuedLetter
from petition.letters.editions.source_checks import NOT_MET
from petition.letters.writing.document import NotMet
from petition.organisers.accounts import Role
from petition.site import Site
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import requires_role
from petition.web.desk.downloads import attachment, letter_response, log_download
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import addressee_name, names_by_code, source_name
from petition.web.http import forms
from petition.web.http.pages import NO_STORE, get_site

CONFIRMED, LEFT_OUT = "confirmed", "out"


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """All editions, and the source checks before the next."""
    if request.method == "POST":
        return await _issue_edition(request, await forms.read_form(request))
    return await _index_page(request, EMPTY_FORM)


async def _index_page(request: Request, form: Form, error: str = "") -> Response:
    draft = await get_site(request).current_draft()
    writing = get_site(request).campaign_state().allows_letters
    async with get_site(request).database.reading() as c:
        issued = await editions.list_editions(c)
        stale_sources = await source_checks.unchecked_sources(c, draft) if writing else []
    language = desk_language(request)
    context: dict[str, Any] = {
        "forms": {a.code: addressee_name(a, language) for a in draft.book.addressees if a.forms} if writing else {},
        "last_forms": issued[0].basis.get("forms", {}) if issued else {},
        "editions": issued,
        "stale_sources": stale_sources,
        "in_english": [addressee_name(a, language) for a in draft.english_at_the_border()],
        "writing": writing,
        "form": form,
        "error": error,
    }
    return render_desk_page(
        request, "web/desk/editions.html", section="/organisers/editions", status=422 if error else 200, **context
    )


async def _issue_edition(request: Request, form: Form) -> Response:
    site, draft = get_site(request), await get_site(request).current_draft()
    decisions = {name.partition(" ")[2]: value for name, value in form.values.items() if name.startswith("doubt ")}
    confirmed, without = (
        frozenset(id_ for id_, decision in decisions.items() if decision == kind) for kind in (CONFIRMED, LEFT_OUT)
    )
    try:
        await _refuse_less_than_published(site)
        choice = Decisions(confirmed, without, _forms_of_address(form, draft), _read_not_met(form))
        nickname = request.state.organiser.nickname
        n = await editions.issue_edition(site.database, draft, choice, nickname)
    except LetterError as error:
        return await _index_page(request, form, say(request, error.sentence))
    return saved_redirect(request, f"/organisers/editions/{n}", say(request, N_("Edition %(n)s is made."), n=n))


async def _refuse_less_than_published(site: Site) -> None:
    async with site.database.reading() as c:
        if await site.last_published.is_ahead(c):
            raise LetterError(
                N_("The database lacks published numbers: no edition until the operator runs `petition resume`.")
            )


def _forms_of_address(form: Form, draft: Draft) -> dict[str, str]:
    """By the code of the addressee; both forms are used where nobody chose one."""
    chosen = {a.code: form.values.get(f"form {a.code}", "") for a in draft.book.addressees if a.forms}
    return {code: value for code, value in chosen.items() if value in FORMS_OF_ADDRESS}


def _read_not_met(form: Form) -> NotMet | None:
    """Raises LetterError for a count, a name or a page that cannot be."""
    if form.values.get(f"doubt {NOT_MET}") != CONFIRMED:
        return None
    patterns = (
        re.compile("[1-9][0-9]{0,5}"),
        re.compile(r"[^\x00-\x1f\x7f]{1,100}"),
        re.compile("https://[!-~]{1,300}"),
    )
    fields = ("not_met_count", "not_met_by", "not_met_source")
    count, by, source = (form.text(name, pattern, "wrong") for name, pattern in zip(fields, patterns, strict=True))
    if form.errors or not (count and by and source):
        raise LetterError(
            N_(
                "That the demand was not met needs how many political prisoners were counted on that day, who counted "
                "them, and the page that says so (https://…)."
            )
        )
    return NotMet(int(count), by, source)


@requires_role(Role.ORGANISER)
async def edition(request: Request) -> Response:
    return await _edition_page(request)


@requires_role(Role.ORGANISER)
async def get_time_stamp(request: Request) -> Response:
    """Asks at once; the background job asks again in any case. Without a service, nothing happens."""
    site = get_site(request)
    try:
        if site.settings.timestamp_url:
            await time_stamps.stamp_missing(site.database, site.settings.timestamp_url)
    except LetterError as error:
        return await _edition_page(request, say(request, error.sentence))
    return RedirectResponse(f"/organisers/editions/{request.path_params['n']}", 303)


async def _edition_page(request: Request, error: str = "") -> Response:
    issued, letters = await _load_edition(request)
    site, language = get_site(request), desk_language(request)
    names, facts = names_by_code(site.address_book, language), site.appeal.facts
    omitted = [source_name(id_, site.address_book, facts, language) for id_ in issued.basis.get("omitted", ())]
    async with site.database.reading() as c:
        stamp = await time_stamps.find_stamp(c, issued.number)
        issued_annexes = await annexes.list_annexes(c, issued.number)
    context: dict[str, Any] = {"edition": issued, "letters": letters, "names": names, "issued_annexes": issued_annexes}
    context |= {"omitted": omitted, "annex_sizes": {a.reference: show_magnitude(a.name_count) for a in issued_annexes}}
    context |= {"stamp": stamp, "stamping": bool(site.settings.timestamp_url), "error": error}
    context |= {"read_day": date.fromisoformat}
    return render_desk_page(
        request, "web/desk/edition.html", section="/organisers/editions", status=409 if error else 200, **context
    )


@requires_role(Role.ORGANISER)
async def letter(request: Request) -> Response:
    """The PDF as it was stored; any other format is made from the document stored with it."""
    reference = request.path_params["reference"]
    async with get_site(request).database.reading() as c:
        issued, content = await editions.find_letter(c, reference), await editions.letter_pdf(c, reference)
    if issued is None or content is None:
        raise HTTPException(404)
    if request.path_params["kind"] != "pdf":
        return await letter_response(request, issued[1], reference)
    await log_download(request, "downloaded a letter", reference)
    return attachment(content, f"{reference}.pdf", "application/pdf")


@requires_role(Role.ORGANISER)
async def archive(request: Request) -> Response:
    """As ZIP: every letter and translation in every format, a list of them, and one file to print."""
    issued, letters = await _load_edition(request)
    await log_download(request, "downloaded all letters", f"edition {issued.number}")
    headers = {"Cache-Control": NO_STORE, "Content-Disposition": f'attachment; filename="edition-{issued.number}.zip"'}
    site = get_site(request)
    proofs = features.letter_files(site.settings)
    chunks = files.stream_zip(site.database, issued, letters, site.index_signer, proofs)
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)


async def _load_edition(request: Request) -> tuple[Edition, list[IssuedLetter]]:
    number = request.path_params["n"]
    try:
        return await files.find_edition(get_site(request).database, "" if number == "latest" else number)
    except LetterError:
        raise HTTPException(404) from None
