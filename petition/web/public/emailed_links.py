"""Before and after an emailed link: where to look for the email, and what to do if the link does not work."""

from collections.abc import Collection
from email.utils import parseaddr

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.encryption import LinkKeys
from petition.core.errors import LinkError
from petition.core.form import EMPTY_FORM
from petition.core.tokens import Purpose
from petition.mail import compose, messages
from petition.mail.messages import Message
from petition.web.http.pages import client_address, get_language, get_public_status, get_site, render_page

_INBOX_PAGES = {messages.CONFIRM.template: "check-inbox", messages.MANAGE.template: "check-inbox/manage"}


def redirect_to_inbox(request: Request, message: Message, *, late: bool) -> Response:
    """After a form that sends this email. Whether it is paused is the same for everybody."""
    is_paused = message.template in get_public_status(request).paused
    query = "?mail=paused" if is_paused else "?mail=late" if late else ""
    # Without a fragment of its own the address would keep that of the form, #errors.
    return RedirectResponse(f"/{get_language(request).code}/{_INBOX_PAGES[message.template]}{query}#main", 303)


async def check_inbox(request: Request) -> Response:
    return _inbox_page(request, messages.CONFIRM)


async def check_inbox_to_manage(request: Request) -> Response:
    return _inbox_page(request, messages.MANAGE)


def _inbox_page(request: Request, message: Message) -> Response:
    """The same page whatever happened. How long the email takes depends only on the network."""
    name, address = parseaddr(get_site(request).settings.mail_from)
    return render_page(
        request,
        "web/public/signing/check_inbox.html",
        purpose=message.template,
        sender_name=name,
        sender_address=address,
        subject=compose.render_subject(get_language(request), message.template),
        delay=request.query_params.get("mail", ""),
    )


def redirect_to_result(request: Request, result: str) -> Response:
    """To a page at the same link that says what was done.

    The address stays in the history of a browser, which may be searched: there it tells nothing, and soon it shows
    nothing either.
    """
    code = get_site(request).signer.make_code(request.scope["path"], result)
    return RedirectResponse(f"?done={code}", 303)


def read_result(request: Request, results: Collection[str]) -> str | None:
    """What redirect_to_result() was told a quarter of an hour ago at most."""
    code = request.query_params.get("done", "")
    return get_site(request).signer.read_code(request.scope["path"], code, results)


def read_link(request: Request, purpose: Purpose) -> LinkKeys:
    """The keys of the link in the path. Raises LinkError, also for every link once signing has ended for good."""
    if get_public_status(request).signing_closed:
        raise LinkError("Signing has ended.")
    return get_site(request).read_link(purpose, request.path_params["token"])


async def dead_link(request: Request, purpose: str) -> Response:
    """One page for damaged, expired and unknown links, with the form to get a new one ("sign" or "manage").

    Once nobody can get a new one, it says why.
    """
    await get_site(request).rate_limiter.limit_page(client_address(request))
    state, public_status = get_site(request).campaign_state(), get_public_status(request)
    ended = public_status.signing_closed or (purpose == "sign" and not state.allows_signing)
    return render_page(
        request,
        "web/public/signing/dead_link.html",
        status=404,
        form=EMPTY_FORM,
        purpose=purpose,
        ended=ended,
        state=state,
        public_status=public_status,
    )
