"""Managing a signature from a mailed link: see, change, withdraw, never be written to again."""

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.errors import ClosedError, LinkError, RateLimited
from petition.core.form import EMPTY_FORM
from petition.core.tokens import Purpose
from petition.signing import intake
from petition.signing import manage as managing
from petition.web.http import forms
from petition.web.http.pages import client_address, get_language, get_public_status, get_site, render_page

_ACTS = {
    "withdraw": managing.withdraw,
    "unname": managing.unname,
    "stop_updates": managing.stop_updates,
    "never_write": managing.never_write,
}


async def ask(request: Request) -> Response:
    """The form that asks for a link; its answer is the same whether there is a signature or not."""
    here, spoken = get_site(request), get_language(request)
    if request.method != "POST":
        return render_page(request, "web/public/manage/ask.html", form=EMPTY_FORM)
    warn_only = get_public_status(request).warn_only
    address, form = intake.manageable(await forms.read_form(request), here.mailboxes, warn_only=warn_only)
    if address is None:
        return render_page(request, "web/public/manage/ask.html", status=422, form=form)
    try:
        await here.doors.enter("manage", client_address(request))
        wait = await here.intake.mail_delay(address)
        ask = partial(managing.ask_to_manage, vault=here.vault, to=address, language=spoken.code, wait=wait)
        await here.database.write(ask)
    except ClosedError:
        raise HTTPException(403) from None
    except RateLimited as refusal:
        return render_page(
            request, "web/public/manage/ask.html", status=429, wait=refusal.retry_after, form=forms.rate_limited(form)
        )
    return RedirectResponse(f"/{spoken.code}/check-inbox", 303)


async def manage(request: Request) -> Response:
    """GET: a button and no data, for scanners fetch it. POST: what is held, or the act that was chosen."""
    try:
        number = get_site(request).signer.read_token(Purpose.MANAGE, request.path_params["token"])
        if request.method == "POST":
            return await _act(request, number)
    except LinkError:
        return render_page(request, "web/public/signing/link.html", status=404, form=EMPTY_FORM, ask="manage")
    return render_page(request, "web/public/manage/door.html")


async def _act(request: Request, number: str) -> Response:
    here = get_site(request)
    action = (await forms.read_form(request)).values.get("action", "")
    if action == "show":
        async with here.database.reading() as c:
            return render_page(request, "web/public/manage/held.html", held=await managing.held(c, number))
    if action not in _ACTS:
        raise HTTPException(422)
    found = await here.database.write(partial(_ACTS[action], number=number))
    return render_page(request, "web/public/manage/done.html", action=action if found else "nothing")


async def never_write(request: Request) -> Response:
    """The link at the foot of each mail: a button, then no mail any more."""
    here = get_site(request)
    try:
        number = here.signer.read_token(Purpose.NEVER_WRITE, request.path_params["token"])
        if request.method == "POST":
            action = (await forms.read_form(request)).values.get("action", "never_write")
            act = managing.withdraw_never if action == "withdraw_never" else managing.never_write
            await here.database.write(partial(act, number=number))
            return render_page(request, "web/public/manage/done.html", action=act.__name__)
    except LinkError:
        return render_page(request, "web/public/signing/link.html", status=404, form=EMPTY_FORM, ask="manage")
    return render_page(request, "web/public/manage/never_write.html")


async def unsubscribe(request: Request) -> Response:
    """The link in a mail with news: a button; its press, or one click in a mail program (RFC 8058), ends them.

    What such a program posts is not looked at, nor from where: whoever has the link may press.
    """
    if request.method != "POST":
        return render_page(request, "web/public/manage/unsubscribe.html")
    act = partial(managing.unsubscribe, number=request.path_params["token"])
    await get_site(request).database.write(act)
    return render_page(request, "web/public/manage/done.html", action="unsubscribe")
