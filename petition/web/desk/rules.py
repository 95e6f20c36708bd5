"""The rules of the form at the desk: readable mailboxes, and who must do a proof of work."""

from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.organisers.accounts import Role
from petition.protection import proof_of_work
from petition.protection.proof_of_work import ProofMode
from petition.signing import signatures
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import render_desk_page, saved_redirect
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages

PATH = "/organisers/rules"


@requires_role(Role.ADMIN)
async def rules(request: Request) -> Response:
    """Shows them; POST: whether mailboxes that authorities can read are refused, or only warned about."""
    if request.method == "POST":
        return await _set_mailbox_rule(request)
    async with get_site(request).database.reading() as c:
        mode, effective_mode = await proof_of_work.chosen_mode(c), await proof_of_work.effective_mode(c)
        warn_only = await signatures.get_warn_only(c)
    context: dict[str, Any] = {"proof_mode": mode, "is_flood": effective_mode is not mode, "warn_only": warn_only}
    return render_desk_page(request, "web/desk/rules.html", section=PATH, **context)


async def _set_mailbox_rule(request: Request) -> Response:
    warn = (await forms.read_form(request)).is_checked("warn")
    detail = "readable mailboxes: " + ("warn" if warn else "refuse")
    await run_and_log(request, partial(signatures.set_warn_only, warn_only=warn), "changed a rule", detail)
    await refresh_public_pages(request)
    return saved_redirect(request, PATH, "The rule for readable mailboxes is saved.")


@requires_role(Role.ADMIN)
async def set_proof_mode(request: Request) -> Response:
    chosen = (await forms.read_form(request)).values.get("mode", "")
    if chosen not in list(ProofMode):
        raise HTTPException(422)
    await run_and_log(
        request, partial(proof_of_work.set_mode, chosen=ProofMode(chosen)), "changed a rule", f"proof of work: {chosen}"
    )
    await refresh_public_pages(request)
    return saved_redirect(request, PATH, "The rule for the proof of work is saved.")
