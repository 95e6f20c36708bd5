"""The login pages: a link by email, a button, and logging out."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from petition.core.errors import LinkError, RateLimited
from petition.core.form import EMPTY_FORM
from petition.core.languages import N_
from petition.core.tokens import Purpose
from petition.organisers import accounts, sessions
from petition.organisers.accounts import Role
from petition.signing import intake
from petition.web.desk.access import redirect_to_login, redirect_with_session, requires_role, run_and_log
from petition.web.http import forms
from petition.web.http.forms import rate_limited
from petition.web.http.pages import client_address, get_site, negotiate_language, render_page


async def login(request: Request) -> Response:
    """Emails a link to an organiser. The answer is the same for every address."""
    site = get_site(request)
    if request.method != "POST":
        return render_page(request, "web/login/login.html", form=EMPTY_FORM, sent=False)
    form = await forms.read_form(request)
    address = intake.check_email(form, site.email_providers)
    if address is None:
        await site.rate_limiter.limit_page(client_address(request))
        return render_page(request, "web/login/login.html", status=422, form=form, sent=False)
    try:
        await site.rate_limiter.limit_action("login", client_address(request))
    except RateLimited as refusal:
        return render_page(
            request, "web/login/login.html", status=429, wait=refusal.retry_after, form=rate_limited(form), sent=False
        )
    request_link = partial(
        accounts.request_login_link,
        server_keys=site.server_keys,
        email=address,
        language=negotiate_language(request).code,
    )
    await site.database.write(request_link)
    return render_page(request, "web/login/login.html", form=EMPTY_FORM, sent=True)


async def redeem(request: Request) -> Response:
    """GET: a button. POST: the link is used up and a session begins; the second factor comes next."""
    site = get_site(request)
    try:
        link_id = site.read_link(Purpose.LOGIN, request.path_params["token"]).row_id
        if request.method != "POST":
            return render_page(request, "web/login/redeem.html")
        log_in = partial(sessions.log_in, link_id=link_id, require_factor=not site.settings.demo)
        session_secret, authenticated = await site.database.write(log_in)
    except LinkError:
        return render_page(request, "web/login/login.html", status=404, form=EMPTY_FORM, sent=False, link_failed=True)
    return redirect_with_session(request, session_secret, "/organisers/" if authenticated else "/organisers/factor")


@requires_role(Role.VIEWER)
async def logout(request: Request) -> Response:
    session = request.state.session
    await run_and_log(
        request, partial(sessions.end_session, nickname=session.organiser.nickname, id_=session.id), N_("logged out")
    )
    return redirect_to_login(request)
