"""Signing: the appeal with its form, the inbox page, confirming, thanks."""

from typing import Any

from babel.languages import get_official_languages
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign, CampaignState
from petition.core import clock
from petition.core.counted import CONFIRMATIONS, FORMS, PROOFS
from petition.core.countries import Group
from petition.core.encryption import LinkKeys
from petition.core.errors import ClosedError, LinkError, RateLimited, SigningPaused
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import Language
from petition.core.tokens import Purpose
from petition.letters.correspondence import Entry
from petition.letters.writing import glyphs
from petition.mail import messages
from petition.signing import intake, signatures, submissions
from petition.site import Site
from petition.tally.rounding import UNSTATED_COUNTRY
from petition.web.http import forms
from petition.web.http.pages import (
    NO_STORE,
    client_address,
    get_language,
    get_public_state,
    get_public_status,
    get_site,
    render_page,
)
from petition.web.http.public_state import PublicState
from petition.web.http.public_status import PublicStatus
from petition.web.public import governments
from petition.web.public.emailed_links import dead_link, read_link, redirect_to_inbox

_REFUSED_FORMS = {403: "closed", 422: "wrong_field", 429: "rate_limited", 503: "paused"}  # statuses of _sign()
_OWN_FIGURES = 2  # countries of the language whose figures stand beside the number
_PAUSE_SECONDS = 3600  # until a program may try again; nobody knows for how long signing is paused


async def redirect_to_language(request: Request) -> Response:
    language = get_site(request).languages.choose(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{language.code}/", 302, {"Vary": "Accept-Language", "Cache-Control": NO_STORE})


def appeal_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    """What the prerendered appeal needs: no visitor's form. Beside the number are published figures of the language's
    own countries."""
    own, published = dict(language.country_groups)[Group.OWN], state.status.snapshot.countries
    return {
        **_appeal_context(state.appeal, language, state.status, state.campaign_state, EMPTY_FORM),
        "today": state.today,
        "answers": governments.count_answers(site, state),
        "own_countries": [code for code, _ in language.rank_countries(published) if code in dict(own)][:_OWN_FIGURES],
    }


def _appeal_context(
    appeal: Appeal, language: Language, public_status: PublicStatus, state: CampaignState, form: Form
) -> dict[str, Any]:
    return {
        "text": appeal.get_text(language),
        "public_status": public_status,
        "state": state,
        "form": form,
        "consent": intake.CONSENT_VERSION,
    }


async def _appeal_response(request: Request, form: Form, status: int, wait: int = 0) -> Response:
    """The appeal for one visitor: with what they typed, or in a state in which nobody can sign."""
    site = get_site(request)
    await site.rate_limiter.limit_page(client_address(request))
    context = _appeal_context(
        site.appeal, get_language(request), get_public_status(request), site.campaign_state(), form
    )
    context["today"] = site.appeal.campaign.day(clock.now())
    return render_page(request, "web/public/appeal/appeal.html", status=status, wait=wait, **context)


async def sign(request: Request) -> Response:
    """A filled-in form: leads to the inbox page, or back to the form with a sentence beside each field."""
    response = await _sign(request)
    if refused := _REFUSED_FORMS.get(response.status_code):
        get_site(request).counters.add(FORMS, refused)
    return response


async def _sign(request: Request) -> Response:
    site, language, status = get_site(request), get_language(request), get_public_status(request)
    form, unsafe = await forms.read_form(request), site.appeal.campaign.unsafe_countries
    try:
        _refuse_unless_open(site, status)
        signing = intake.check_signing(
            form, language, site.email_providers, unsafe, glyphs.can_print, warn_only=status.warn_only
        )
        if signing is None:
            return await _appeal_response(request, form, 422)
        admission = await site.intake.accept(signing, client_address(request), status.proof_mode, form)
    except ClosedError:
        return await _appeal_response(request, EMPTY_FORM, 403)
    except SigningPaused:
        return await _appeal_response(request, forms.paused(form), 503, _PAUSE_SECONDS)
    except RateLimited as throttled:
        return await _appeal_response(request, forms.rate_limited(form), 429, throttled.retry_after)
    if not admission.probe:
        site.counters.add(FORMS, "low_priority" if admission.low_priority else "accepted")
    if admission.proof:
        site.counters.add(PROOFS, "passed")
    return redirect_to_inbox(request, messages.CONFIRM, late=admission.low_priority)


def _refuse_unless_open(site: Site, status: PublicStatus) -> None:
    """Before the form is read: nothing of it is hashed, and no limit is used up. Raises ClosedError, SigningPaused."""
    if not site.campaign_state().allows_signing:
        raise ClosedError("Nobody can sign at this time of the campaign.")
    if status.signing_paused:
        raise SigningPaused("Signing is paused.")


async def proof_of_work(request: Request) -> Response:
    """The challenge that a browser must solve to sign with normal priority, if any; see static/petition.js."""
    challenge = await get_site(request).rate_limiter.get_challenge(
        client_address(request), get_public_status(request).proof_mode
    )
    if challenge:
        get_site(request).counters.add(PROOFS, "asked")
    return JSONResponse({"needed": challenge is not None, **(challenge or {})}, headers={"Cache-Control": NO_STORE})


async def redirect_to_form(request: Request) -> Response:
    """For visitors who reload the address of the form after a refusal."""
    return RedirectResponse(f"/{get_language(request).code}/#sign", 303)


async def confirm(request: Request) -> Response:
    """GET: shows what the button confirms, and changes nothing however often it is fetched. POST: confirms it."""
    site = get_site(request)
    get_language(request)  # 404 for an unknown language
    try:
        link = read_link(request, Purpose.CONFIRM)
        if request.method == "POST":
            return await _confirm_signature(request, link)
        async with site.database.reading() as c:
            submission = await submissions.get_submission(c, link)
    except LinkError:
        return await dead_link(request, "sign")
    return render_page(
        request, "web/public/signing/confirm.html", submission=submission, can_sign=site.campaign_state().allows_signing
    )


async def _confirm_signature(request: Request, link: LinkKeys) -> Response:
    site = get_site(request)
    if not site.campaign_state().allows_signing:
        return await _appeal_response(request, EMPTY_FORM, 403)
    confirmation = await site.database.join(signatures.confirm, link)
    if confirmation.first:
        site.rate_limiter.flood.count_confirmation()
        site.counters.add(CONFIRMATIONS)
    return RedirectResponse(f"/{get_language(request).code}/thanks?country={confirmation.country}", 303)


async def thanks(request: Request) -> Response:
    """Says what is published: how many have signed, and what the government of the country has answered.

    Anyone can open it with any country.
    """
    site, state, language = get_site(request), get_public_state(request), get_language(request)
    snapshot, country = state.status.snapshot, request.query_params.get("country", "")
    entry = state.entries.get(country, Entry()) if country in site.address_book.countries else None
    return render_page(
        request,
        "web/public/signing/thanks.html",
        country=country,
        among=snapshot.countries.get(country, 0),
        snapshot=snapshot,
        text=site.appeal.get_text(language),
        entry=entry,
        answer=governments.say_answer(entry, language) if entry else "",
        careful=country == UNSTATED_COUNTRY or _is_of_unsafe_country(language, site.appeal.campaign),
    )


def _is_of_unsafe_country(language: Language, campaign: Campaign) -> bool:
    """Whether people in a country where signing is dangerous probably read this language."""
    return any(language.code in get_official_languages(country) for country in campaign.unsafe_countries)
