"""The public keys that addresses are sealed to, at the desk: everybody compares them, and says that they saw them."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from petition.core.languages import N_
from petition.organisers import public_keys
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site

PATH = "/organisers/keys"


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    site, nickname = get_site(request), request.state.organiser.nickname
    async with site.database.reading() as c:
        new = await public_keys.unacknowledged(c, nickname, site.settings.recipients)
    fingerprints = public_keys.fingerprints(site.settings.recipients)
    return render_desk_page(request, "web/desk/keys.html", section=PATH, unacknowledged=new, fingerprints=fingerprints)


@requires_role(Role.VIEWER)
async def acknowledge(request: Request) -> Response:
    """Logs that an organiser saw the keys. Does nothing if the keys have changed since."""
    shown_keys = (await forms.read_form(request)).values.get("keys", "")
    keys, nickname = get_site(request).settings.recipients, request.state.organiser.nickname
    if shown_keys != " ".join(public_keys.fingerprints(keys)):
        return saved_redirect(request, PATH, say(request, N_("The keys have changed again: look at the new ones.")))
    await run_and_log(
        request, partial(public_keys.acknowledge, nickname=nickname, recipients=keys), N_("saw the keys"), shown_keys
    )
    return saved_redirect(request, "/organisers/", say(request, N_("It is noted that you saw the keys.")))
