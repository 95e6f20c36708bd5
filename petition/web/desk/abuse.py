"""Forms at the desk: how many wait, which are set aside, and which are restored."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Connection
from petition.core.languages import N_
from petition.mail import outbox
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.signing import quarantine, submissions
from petition.tally.rounding import magnitude, show_magnitude
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site

PATH = "/organisers/forms"
_RESTORED = {
    "bounced": N_("restored forms set aside (bounced)"),
    "complaint": N_("restored forms set aside (complaint)"),
    "trap": N_("restored forms set aside (trap)"),
    "network": N_("restored forms set aside (network)"),
}


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """Forms in powers of ten: none moves with a single form, and no line appears with the first."""
    counts = await read_many(request, _counts)
    return render_desk_page(request, "web/desk/forms.html", section=PATH, **counts)


async def _counts(c: Connection) -> dict[str, Any]:
    queued, _ = await outbox.queue_status(c)
    held = await quarantine.count_by_reason(c)
    networks = [(handle, magnitude(n)) for handle, n in await quarantine.busiest_networks(c) if magnitude(n)]
    return {
        "waiting": show_magnitude(await submissions.count_waiting(c)),
        "queued": show_magnitude(queued),
        "disposable": show_magnitude(await quarantine.count_disposable(c)),
        "quarantined": [(reason, show_magnitude(held.get(reason, 0))) for reason in quarantine.REASONS],
        # Not by their exact counts: the order must not tell which network has more.
        "networks": [
            (handle, show_magnitude(n)) for handle, n in sorted(networks, key=lambda item: (-item[1], item[0]))
        ],
        "refusals": [(row["code"], show_magnitude(int(row["n"]))) for row in await outbox.refusal_counts(c)],
    }


@requires_role(Role.ADMIN)
async def restore(request: Request) -> Response:
    """Releases the submissions held for one reason; their emails leave."""
    reason = (await forms.read_form(request)).values.get("reason", "")
    if reason not in quarantine.REASONS:
        raise HTTPException(422)
    change = partial(quarantine.release_submissions, reason=reason)
    n = await _run_and_log_count(request, change, _RESTORED[reason])
    return saved_redirect(request, PATH, say(request, N_("Restored: %(forms)s forms."), forms=n))


@requires_role(Role.ADMIN)
async def quarantine_network(request: Request) -> Response:
    """Holds today's waiting submissions of one network."""
    handle = (await forms.read_form(request)).values.get("network", "")
    n = await _run_and_log_count(
        request, partial(quarantine.hold_network, handle=handle), N_("set aside the forms of one network")
    )
    said = say(request, N_("Set aside: %(forms)s forms. You can restore them here."), forms=n)
    return saved_redirect(request, PATH, said)


async def _run_and_log_count(request: Request, change: Callable[[Connection], Awaitable[int]], action: str) -> str:
    """Makes a change and logs how many rows it changed, as a power of ten: both or neither."""

    async def change_and_log(c: Connection) -> str:
        n = show_magnitude(await change(c))
        await activity_log.append(c, request.state.organiser.nickname, action, n)
        return n

    return await get_site(request).database.write(change_and_log)
