"""Is it real? What was unusual on each of the last days, and what organisers think that it was."""

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition import signals
from petition.core.database.connection import Connection
from petition.core.languages import N_
from petition.core.sentences import ngettext
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.signals import EXPLANATIONS, Cluster, Notice, keeping, sentences
from petition.signals.clusters import RULES_OF_KIND
from petition.signals.detection import HISTORY
from petition.site import Site
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.next_steps import Look, Step, Urgency
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site

PATH = "/organisers/unusual"
_SAVED = N_("Saved. The others see who it was.")
_TOO_LATE = N_("A colleague was faster. Nothing was changed: look at what they said.")


async def open_notices(look: Look) -> Step | None:
    """For the overview."""
    n = await signals.count_open(look.c)
    sentence = ngettext(
        "One unusual thing waits for somebody who knows what it was.",
        "%(num)s unusual things wait for somebody who knows what it was.",
        n,
    )
    return Step(sentence, PATH, Urgency.NOW) if n else None


@requires_role(Role.ORGANISER)
async def unusual(request: Request) -> Response:
    """The notices of each day. POST: what one of them was, or that it is open again."""
    if request.method == "POST":
        return await _save(request)
    return await _page(request)


async def _page(request: Request, unsaid: str = "") -> Response:
    """`unsaid`: the handle of a notice for which nothing was chosen."""
    site = get_site(request)
    notices, counted, clusters = await read_many(request, partial(_read_signals, site=site))
    context: dict[str, Any] = {
        "days": [(day, list(found)) for day, found in groupby(notices, key=lambda notice: notice.date)],
        "clusters": {shown["cluster"].handle: shown for shown in clusters},
        "describe": partial(sentences.describe, language=desk_language(request)),
        "explanations": EXPLANATIONS,
        "counted": [date.fromisoformat(day) for day in counted],
        "history": HISTORY,
        "open": len([notice for notice in notices if notice.is_open]),
        "unsaid": unsaid,
    }
    return render_desk_page(request, "web/desk/unusual.html", section=PATH, status=422 if unsaid else 200, **context)


async def _read_signals(c: Connection, *, site: Site) -> tuple[list[Notice], list[str], list[dict[str, Any]]]:
    clusters = [
        _show_cluster(cluster, await keeping.find_kept_batch(c, site.server_keys, cluster))
        for cluster in await signals.list_clusters(c)
    ]
    return await signals.list_notices(c), await signals.counted_days(c), clusters


def _show_cluster(cluster: Cluster, batch: str | None) -> dict[str, Any]:
    rules = [
        (rule in cluster.rules, (sentences.RULES if rule in cluster.rules else sentences.UNBROKEN)[rule])
        for rule in RULES_OF_KIND[cluster.kind]
    ]
    return {"cluster": cluster, "batch": batch, "rules": rules, "kind": sentences.KINDS[cluster.kind]}


async def _save(request: Request) -> Response:
    form = await forms.read_form(request)
    handle, explanation = form.values.get("handle", ""), form.values.get("explanation", "")
    nickname = request.state.organiser.nickname
    if form.is_checked("reopen"):
        change, said = partial(signals.reopen, handle=handle), ""
    elif explanation in EXPLANATIONS:
        change = partial(signals.explain, handle=handle, explanation=explanation, nickname=nickname)
        said = EXPLANATIONS[explanation]
    else:
        return await _page(request, unsaid=handle or "none")
    saved = await get_site(request).database.write(partial(_change_and_log, change=change, who=nickname, said=said))
    return saved_redirect(request, PATH, say(request, _SAVED if saved else _TOO_LATE))


async def _change_and_log(
    c: Connection, *, change: Callable[[Connection], Awaitable[bool]], who: str, said: str
) -> bool:
    """Logs nothing if a colleague was faster."""
    changed = await change(c)
    if changed:
        await activity_log.append(c, who, N_("said what was unusual") if said else N_("opened a notice again"), said)
    return changed
