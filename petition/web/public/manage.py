"""Managing a signature with an emailed link: see it, change it, withdraw it, or never get an email again."""

from collections.abc import Mapping
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core import tokens
from petition.core.counted import WITHDRAWALS
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys
from petition.core.errors import ClosedError, LinkError, RateLimited
from petition.core.form import EMPTY_FORM
from petition.core.tokens import Purpose
from petition.mail import messages
from petition.signing import intake
from petition.signing import manage as actions
from petition.web.http import forms
from petition.web.http.pages import client_address, get_language, get_public_status, get_site, render_page
from petition.web.public.emailed_links import dead_link, read_link, read_result, redirect_to_inbox, redirect_to_result

_ACTIONS = {
    "withdraw": actions.withdraw,
    "unname": actions.unname,
    "stop_updates": actions.stop_updates,
    "never_write": actions.never_write,
}
_NOTHING = "nothing"
_NEVER_WRITE_ACTIONS = {
    "never_write": actions.never_write,
    "withdraw_never": actions.withdraw_never,
    "write_again": actions.write_again,
}
# Each result, and where its page leads back to. After a withdrawal the link opens nothing any more.
_MANAGE_RESULTS = dict.fromkeys(_ACTIONS, "stored data") | {"withdraw": "", _NOTHING: ""}
_NEVER_WRITE_RESULTS = dict.fromkeys(_NEVER_WRITE_ACTIONS, "choices")
_UNSUBSCRIBED = "unsubscribe"


async def request_link(request: Request) -> Response:
    """The form that asks for a link. The answer is the same whether there is a signature or not.

    Once signing has ended for good, nothing is stored about anybody: the page says so, and has no form.
    """
    ended = get_public_status(request).signing_closed
    page = partial(render_page, request, "web/public/manage/request_link.html", ended=ended)
    if request.method != "POST":
        return page(form=EMPTY_FORM)
    form, warn_only = await forms.read_form(request), get_public_status(request).warn_only
    email = intake.check_manage_email(form, get_site(request).email_providers, warn_only=warn_only)
    if email is None:
        await get_site(request).rate_limiter.limit_page(client_address(request))
        return page(status=422, form=form)
    try:
        late = await _send_link(request, email)
    except ClosedError:
        return page(status=403, form=EMPTY_FORM, ended=True)
    except RateLimited as refusal:
        return page(status=429, wait=refusal.retry_after, form=forms.rate_limited(form))
    return redirect_to_inbox(request, messages.MANAGE, late=late)


async def _send_link(request: Request, email: EmailAddress) -> bool:
    """Whether the email leaves late: that depends on the network and on a flood, and on no person."""
    site, mode = get_site(request), get_public_status(request).proof_mode
    admission = await site.intake.admit_manage_form(email, client_address(request), mode)
    ask = partial(actions.request_manage_link, server_keys=site.server_keys, email=email)
    await site.database.write(partial(ask, language=get_language(request).code, admission=admission))
    return admission.low_priority


async def manage(request: Request) -> Response:
    """GET: a button and no data, because scanners open links. POST: the stored data, or the chosen action.

    After an action GET says what was done, so that a browser can reload and go back.
    """
    try:
        link = read_link(request, Purpose.MANAGE)
        if request.method == "POST":
            return await _run_action(request, link)
    except LinkError:
        return await dead_link(request, "manage")
    return _result_page(request, _MANAGE_RESULTS) or render_page(request, "web/public/manage/open_link.html")


def _result_page(request: Request, ways_back: Mapping[str, str]) -> Response | None:
    """What was done at this link a moment ago, if anything. `ways_back`: for each possible result."""
    result = read_result(request, ways_back)
    return _done(request, result, ways_back[result]) if result else None


def _done(request: Request, result: str, back: str = "") -> Response:
    return render_page(request, "web/public/manage/done.html", action=result, back=back)


async def _run_action(request: Request, link: LinkKeys) -> Response:
    site = get_site(request)
    action = (await forms.read_form(request)).values.get("action", "")
    if action == "show":
        async with site.database.reading() as c:
            return render_page(
                request, "web/public/manage/stored_data.html", stored_data=await actions.get_stored_data(c, link)
            )
    if action not in _ACTIONS:
        raise HTTPException(422)
    changed = await site.database.write(partial(_ACTIONS[action], link_id=link.row_id))
    if changed and action == "withdraw":
        site.counters.add(WITHDRAWALS)
    return redirect_to_result(request, action if changed else _NOTHING)


async def never_write(request: Request) -> Response:
    """The link at the foot of each email. GET: buttons. POST: no email ever again; if chosen, no signature either.

    The same link takes this back.
    """
    site = get_site(request)
    try:
        link_id = read_link(request, Purpose.NEVER_WRITE).row_id
        if request.method == "POST":
            action = (await forms.read_form(request)).values.get("action", "")
            action = action if action in _NEVER_WRITE_ACTIONS else "never_write"
            changed = await site.database.write(partial(_NEVER_WRITE_ACTIONS[action], link_id=link_id))
            if changed and action == "withdraw_never":
                site.counters.add(WITHDRAWALS)
            return redirect_to_result(request, action)
    except LinkError:
        return await dead_link(request, "manage")
    return _result_page(request, _NEVER_WRITE_RESULTS) or render_page(request, "web/public/manage/never_write.html")


async def unsubscribe(request: Request) -> Response:
    """The link in an email with news. A button, or one click in a mail program (RFC 8058), stops the news.

    The body and the origin of such a POST are not checked: anyone who has the link may use it. A mail program is not
    redirected (RFC 8058, 3.1); the button has a query, by which it is told from one.
    """
    if request.method != "POST":
        page = _result_page(request, {_UNSUBSCRIBED: ""})
        return page or render_page(request, "web/public/manage/unsubscribe.html")
    site = get_site(request)
    secret = tokens.read_unsubscribe_secret(request.path_params["token"])
    unsubscribe_hash = site.server_keys.unsubscribe_hash(secret)
    await site.database.write(partial(actions.unsubscribe, unsubscribe_hash=unsubscribe_hash))
    if "button" in request.query_params:
        return redirect_to_result(request, _UNSUBSCRIBED)
    return _done(request, _UNSUBSCRIBED)
