"""Floods, at the desk: which forms are set aside, and which are restored."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.connection import Connection
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.signing import quarantine
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import requires_role
from petition.web.http import forms
from petition.web.http.pages import get_site


@requires_role(Role.ADMIN)
async def restore(request: Request) -> Response:
    """Releases the submissions held for one reason; their emails leave."""
    reason = (await forms.read_form(request)).values.get("reason", "")
    if reason not in quarantine.REASONS:
        raise HTTPException(422)
    await _run_and_log_count(
        request, partial(quarantine.release_submissions, reason=reason), f"restored forms set aside ({reason})"
    )
    return RedirectResponse("/organisers/", 303)


@requires_role(Role.ADMIN)
async def quarantine_network(request: Request) -> Response:
    """Holds today's waiting submissions of one network."""
    handle = (await forms.read_form(request)).values.get("network", "")
    await _run_and_log_count(
        request, partial(quarantine.hold_network, handle=handle), "set aside the forms of one network"
    )
    return RedirectResponse("/organisers/", 303)


async def _run_and_log_count(request: Request, change: Callable[[Connection], Awaitable[int]], action: str) -> None:
    """Makes a change and logs how many rows it changed: both or neither."""

    async def change_and_log(c: Connection) -> None:
        await activity_log.append(c, request.state.organiser.nickname, action, show_magnitude(await change(c)))

    await get_site(request).database.write(change_and_log)
