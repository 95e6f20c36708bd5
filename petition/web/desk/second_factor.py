"""The second factor: set up after the first login, asked for at each later one, changed only soon after a login."""

from collections.abc import Awaitable, Callable
from functools import partial

import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.connection import Connection, Row
from petition.organisers import second_factor, sessions, totp
from petition.organisers.second_factor import CODE, PASSKEY
from petition.organisers.sessions import Session
from petition.web.desk.access import redirect_to_login, redirect_with_session, requires_session
from petition.web.desk.pages import desk_language, render_desk_page
from petition.web.http import forms
from petition.web.http.pages import NO_STORE, get_site, render_page


@requires_session
async def verify(request: Request) -> Response:
    """Asks for a passkey or a code. Organisers without a factor are sent to set one up."""
    session: Session = request.state.session
    factors = await _own_factors(request)
    if session.authenticated or not factors:
        return RedirectResponse("/organisers/" if session.authenticated else "/organisers/factors", 303)
    if request.method != "POST":
        return _verify_page(request, factors)
    secret = await get_site(request).database.write(await _verification(request))
    if not secret:
        return _verify_page(request, factors, status=403)
    return redirect_with_session(request, secret, "/organisers/")


def _verify_page(request: Request, factors: list[Row], status: int = 200) -> Response:
    kinds = {row["kind"] for row in factors}
    language, wrong = desk_language(request), status != 200
    return render_page(
        request, "web/desk/verify_factor.html", status=status, language=language, kinds=kinds, wrong=wrong
    )


async def _verification(request: Request) -> Callable[[Connection], Awaitable[str | None]]:
    site, typed = get_site(request), (await forms.read_form(request)).values
    session: Session = request.state.session
    if passkey := typed.get("passkey", ""):
        return partial(
            second_factor.verify_passkey,
            cipher=site.factor_cipher,
            verifier=site.passkeys,
            session=session,
            answer=passkey,
        )
    return partial(second_factor.verify_code, cipher=site.factor_cipher, session=session, code=typed.get("code", ""))


@requires_session
async def manage_factors(request: Request) -> Response:
    """An organiser's own factors: the first one is set up here, and changes are made here soon after a login."""
    session: Session = request.state.session
    factors = await _own_factors(request)
    if not session.authenticated and factors:
        return RedirectResponse("/organisers/factor", 303)
    if request.method != "POST":
        return _factors_page(request, factors)
    if not second_factor.has_recent_login(session):
        raise HTTPException(403)
    typed = (await forms.read_form(request)).values
    if "remove" in typed:
        return await _remove(request, typed["remove"])
    if not await get_site(request).database.write(_addition(request, typed)):
        return _factors_page(request, factors, status=422)
    if session.authenticated:
        return RedirectResponse("/organisers/factors", 303)
    secret = await get_site(request).database.write(partial(sessions.complete_login, session=session))
    return redirect_with_session(request, secret, "/organisers/") if secret else redirect_to_login(request)


def _factors_page(request: Request, factors: list[Row], status: int = 200) -> Response:
    site, session = get_site(request), request.state.session
    secret = site.factor_cipher.proposed_secret(session)
    address = totp.otpauth_url(secret, session.organiser.nickname)
    context = {
        "factors": [(row["id"], second_factor.KIND_NAMES[row["kind"]], row["added_on"]) for row in factors],
        "has_codes": any(row["kind"] == CODE for row in factors),
        "is_only_factor": len(factors) < 2 and not site.settings.demo,
        "session": session,
        "may_change": second_factor.has_recent_login(session),
        "passkeys": site.passkeys.is_possible,
        "secret": totp.format_secret(secret),
        "address": address,
        "qr_code": segno.make(address, micro=False).svg_inline(scale=5, light="#fff"),
        "wrong": status != 200,
    }
    return render_desk_page(request, "web/desk/factors.html", section="/organisers/factors", status=status, **context)


def _addition(request: Request, typed: dict[str, str]) -> Callable[[Connection], Awaitable[bool]]:
    site, session = get_site(request), request.state.session
    if passkey := typed.get("passkey", ""):
        return partial(
            second_factor.add_passkey,
            cipher=site.factor_cipher,
            verifier=site.passkeys,
            session=session,
            answer=passkey,
        )
    return partial(second_factor.add_code_app, cipher=site.factor_cipher, session=session, code=typed.get("code", ""))


async def _remove(request: Request, id_: str) -> Response:
    remove = partial(
        second_factor.remove_factor,
        session=request.state.session,
        id_=id_,
        require_factor=not get_site(request).settings.demo,
    )
    if not await get_site(request).database.write(remove):
        raise HTTPException(404)
    return RedirectResponse("/organisers/factors", 303)


@requires_session
async def challenge(request: Request) -> Response:
    """The options that organisers.js gives to the browser: to use a passkey of theirs, or to make a new one.

    After the login that is a new one, unless the page asks for it `again`.
    """
    site, session = get_site(request), request.state.session
    factors = await _own_factors(request)
    passkey_ids = [row["id"] for row in factors if row["kind"] == PASSKEY]
    if not site.passkeys.is_possible:
        raise HTTPException(404)
    nonce = await site.database.write(partial(second_factor.new_challenge, session=session))
    is_again = (await forms.read_form(request)).values.get("purpose") == "again"
    if (session.authenticated and not is_again) or not factors:
        options = site.passkeys.creation_options(session.organiser.nickname, nonce, passkey_ids)
    else:
        options = site.passkeys.request_options(nonce, passkey_ids)
    return Response(options, media_type="application/json", headers={"Cache-Control": NO_STORE})


async def _own_factors(request: Request) -> list[Row]:
    async with get_site(request).database.reading() as c:
        return await second_factor.list_factors(c, request.state.organiser.nickname)
