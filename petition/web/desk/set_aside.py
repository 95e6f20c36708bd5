"""Setting signatures aside, at the desk: a rule chooses thirty or more, and two organisers decide."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.database.connection import Connection
from petition.core.errors import BatchError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.letters.editions import editions
from petition.organisers import accounts
from petition.organisers.accounts import Organiser, Role
from petition.signals import keeping
from petition.signing import batch_rules, batches
from petition.signing.batch_rules import Rule
from petition.signing.batches import Batch
from petition.site import Site
from petition.web.desk.access import read_many, requires_role, run_and_log
from petition.web.desk.factor_again import requires_recent_factor
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site, get_snapshot

PATH = "/organisers/set-aside"
_SURE = N_("This is half of all signatures or more. Tick the box if you mean it.")


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    """All batches, and for an admin the form that chooses one."""
    return await _index(request, EMPTY_FORM)


async def _index(request: Request, form: Form, status: int = 200) -> Response:
    site, admin = get_site(request), request.state.organiser.may(Role.ADMIN)
    found, networks = await read_many(request, partial(_read_lists, site=site, admin=admin))
    context: dict[str, Any] = {"batches": found, "networks": networks, "form": form}
    return render_desk_page(request, "web/desk/set_aside/index.html", section=PATH, status=status, **context)


async def _read_lists(c: Connection, *, site: Site, admin: bool) -> tuple[list[Batch], list[tuple[str, int]]]:
    networks = await batch_rules.list_networks(c, site.server_keys, demo=site.settings.demo) if admin else []
    return await batches.list_batches(c), networks


@requires_role(Role.ADMIN)
async def keep(request: Request) -> Response:
    """Chooses the signatures of a rule, and keeps them for fifteen days."""
    site, form = get_site(request), await forms.read_form(request)
    try:
        batch, rule = await _choose(site, form, request.state.organiser.nickname)
        change = partial(batches.keep, server_keys=site.server_keys, batch=batch)
        await run_and_log(request, change, N_("kept signatures to look at"), f"{batch[:6]}: {rule.text}")
    except BatchError as error:
        form.refusal = str(error)
        return await _index(request, form, 422)
    return saved_redirect(request, f"{PATH}/{batch}", say(request, N_("Kept for 15 days. Nothing is set aside yet.")))


async def _choose(site: Site, form: Form, nickname: str) -> tuple[str, Rule]:
    """By the rule of the form, or by a cluster of "Is it real?". Raises BatchError."""
    kind, _, handle = form.values.get("mark", "").partition(" ")
    if kind == "cluster":
        return await keeping.choose_cluster(site.database, site.server_keys, handle, nickname)
    demo = site.settings.demo
    async with site.database.reading() as c:
        rule = await batch_rules.read_rule(c, form.values, demo=demo)
    return await batches.choose(site.database, site.server_keys, rule, nickname, demo=demo), rule


@requires_role(Role.ORGANISER)
async def show(request: Request) -> Response:
    """One batch: what setting it aside would change, who decided what, and what one may do now."""
    return await _show(request, EMPTY_FORM)


async def _show(request: Request, form: Form, status: int = 200) -> Response:
    organiser: Organiser = request.state.organiser
    async with get_site(request).database.reading() as c:
        batch = await _find(c, request)
        quoted = [e.number for e in await editions.list_editions(c) if str(e.basis["as_of"])[:10] >= batch.first_day]
        alone = await _is_alone(c)
    context: dict[str, Any] = {
        "batch": batch,
        "snapshot": get_snapshot(request),
        "editions": quoted,
        "must_be_sure": _is_most(request, batch),
        "why_not": batches.why_not_agree(batch, organiser.nickname, alone=alone),
        "form": form,
    }
    return render_desk_page(request, "web/desk/set_aside/batch.html", section=PATH, status=status, **context)


async def _find(c: Connection, request: Request) -> Batch:
    batch = await batches.get_batch(c, request.path_params["batch"])
    if batch is None:
        raise HTTPException(404)
    return batch


async def _is_alone(c: Connection) -> bool:
    """Whether there is only one who could say a second yes."""
    return len([row for row in await accounts.list_organisers(c) if row["role"] != Role.VIEWER.name.lower()]) == 1


def _is_most(request: Request, batch: Batch) -> bool:
    published: int = get_snapshot(request).confirmed
    return batch.preview.total * 2 >= published


@requires_role(Role.ADMIN)
async def propose(request: Request) -> Response:
    form, nickname = await forms.read_form(request), request.state.organiser.nickname
    change = partial(batches.propose, nickname=nickname, reason=form.values.get("reason", ""))
    said = N_("Proposed. Now a second organiser has to agree.")
    return await _decide(request, form, change, N_("proposed to set signatures aside"), said, asks_twice=True)


@requires_role(Role.ORGANISER)
@requires_recent_factor
async def agree(request: Request) -> Response:
    """The second yes."""
    nickname = request.state.organiser.nickname

    async def change(c: Connection, *, batch: str) -> None:
        await batches.agree(c, batch, nickname, alone=await _is_alone(c))

    said = N_("Agreed. The signatures are set aside now, in parts; published figures follow at 00:00 UTC.")
    form = await forms.read_form(request)
    return await _decide(request, form, change, N_("agreed to set signatures aside"), said, asks_twice=True)


@requires_role(Role.ADMIN)
async def dismiss(request: Request) -> Response:
    form = await forms.read_form(request)
    change = partial(batches.dismiss, seen=form.values.get("seen", ""))
    return await _decide(request, form, change, N_("found signatures honest"), N_("Honest: the marks are deleted."))


@requires_role(Role.ADMIN)
@requires_recent_factor
async def undo(request: Request) -> Response:
    said = N_("They are counted again, in parts; published figures follow at 00:00 UTC.")
    form = await forms.read_form(request)
    return await _decide(request, form, batches.undo, N_("restored signatures that were set aside"), said)


async def _decide(
    request: Request,
    form: Form,
    change: Callable[..., Awaitable[None]],
    action: str,
    said: str,
    *,
    asks_twice: bool = False,
) -> Response:
    """Makes a decision and logs it; of two at once, the second one sees what the first did."""
    async with get_site(request).database.reading() as c:
        batch = await _find(c, request)
    if asks_twice and _is_most(request, batch) and not form.is_checked("sure"):
        form.add_error("sure", _SURE)
        return await _show(request, form, 422)
    detail = " ".join([f"{batch.id[:6]}: {batch.rule.text}", form.values.get("reason", "") or batch.reason]).strip()
    try:
        await run_and_log(request, partial(change, batch=batch.id), action, detail)
    except BatchError as error:
        form.refusal = str(error)
        return await _show(request, form, 409)
    return saved_redirect(request, f"{PATH}/{batch.id}", say(request, said))
