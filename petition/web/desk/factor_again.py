"""Asks for the second factor once more before what a stolen session must not do; what was typed stays in the page."""

from collections.abc import Awaitable, Callable
from functools import partial, wraps

from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Connection
from petition.core.form import Form
from petition.organisers import second_factor
from petition.organisers.sessions import Session
from petition.web.desk.access import Handler
from petition.web.desk.pages import render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site


def requires_recent_factor(handler: Handler) -> Handler:
    """Below requires_role. Organisers of a demo who have no factor are not asked."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        session: Session = request.state.session
        if second_factor.has_recent_factor(session):
            return await handler(request)
        async with get_site(request).database.reading() as c:
            kinds = {row["kind"] for row in await second_factor.list_factors(c, session.organiser.nickname)}
        form = await forms.read_form(request)
        is_answered = bool(form.values.get("factor-code") or form.values.get("passkey"))
        if not kinds or (is_answered and await get_site(request).database.write(_showing(request, form))):
            return await handler(request)
        return render_desk_page(
            request, "web/desk/factor_again.html", section="", status=403, form=form, kinds=kinds, wrong=is_answered
        )

    return guarded


def _showing(request: Request, form: Form) -> Callable[[Connection], Awaitable[bool]]:
    site, session = get_site(request), request.state.session
    if passkey := form.values.get("passkey", ""):
        return partial(
            second_factor.show_passkey_again,
            cipher=site.factor_cipher,
            verifier=site.passkeys,
            session=session,
            answer=passkey,
        )
    code = form.values.get("factor-code", "")
    return partial(second_factor.show_code_again, cipher=site.factor_cipher, session=session, code=code)
