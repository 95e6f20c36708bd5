"""The dashboard: published figures, powers of ten for organisers, and the latest lines of the log."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.connection import Connection
from petition.mail import machines, outbox, relay_watch, report_counts
from petition.organisers import activity_log, public_keys
from petition.organisers.accounts import Organiser, Role
from petition.retention import destruction_day
from petition.signing import quarantine, submissions
from petition.site import Site
from petition.tally import history
from petition.tally.rounding import magnitude, show_magnitude
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site, get_snapshot

LATEST_ACTIONS = 20  # lines of the activity log on the dashboard


@requires_role(Role.VIEWER)
async def dashboard(request: Request) -> Response:
    organiser: Organiser = request.state.organiser
    site = get_site(request)
    async with site.database.reading() as c:
        facts = await _read_facts(c, organiser, site)
    context: dict[str, Any] = {
        "fingerprints": public_keys.fingerprints(site.settings.recipients),
        "factor_optional": site.settings.demo,
    }
    return render_desk_page(
        request, "web/desk/dashboard.html", section="/organisers/", snapshot=get_snapshot(request), **context, **facts
    )


async def _read_facts(c: Connection, organiser: Organiser, site: Site) -> dict[str, Any]:
    return {
        "counts": await _counts(c) if organiser.may(Role.ORGANISER) else None,
        "actions": await activity_log.list_lines(c, limit=LATEST_ACTIONS),
        "unacknowledged": await public_keys.unacknowledged(c, organiser.nickname, site.settings.recipients),
        "destruction": await destruction_day.say(c, site.appeal.campaign),
    }


async def _counts(c: Connection) -> dict[str, object]:
    """Counts for organisers, in powers of ten: none moves with a single form, and no line appears with the first."""
    queued, oldest = await outbox.queue_status(c)
    troubles = await relay_watch.current_troubles(c)
    held = await quarantine.count_by_reason(c)
    networks = [(handle, magnitude(n)) for handle, n in await quarantine.busiest_networks(c) if magnitude(n)]
    return {
        "last_day": await history.growth_of_last_day(c),
        "waiting": show_magnitude(await submissions.count_waiting(c)),
        "queued": show_magnitude(queued),
        "oldest": oldest,
        "relay_troubles": [relay_watch.describe(name, trouble) for name, trouble in troubles.items()],
        "away": [machine.describe(show_magnitude) for machine in await machines.away_machines(c)],
        "quarantined": [(reason, show_magnitude(held.get(reason, 0))) for reason in quarantine.REASONS],
        "disposable": show_magnitude(await quarantine.count_disposable(c)),
        "none_recognised": report_counts.NONE_RECOGNISED if await report_counts.none_recognised(c) else "",
        # Not by their exact counts: the order must not tell which network has more.
        "networks": [
            (handle, show_magnitude(n)) for handle, n in sorted(networks, key=lambda item: (-item[1], item[0]))
        ],
        "refusals": [(row["code"], show_magnitude(int(row["n"]))) for row in await outbox.refusal_counts(c)],
    }


@requires_role(Role.VIEWER)
async def acknowledge_keys(request: Request) -> Response:
    """Logs that an organiser saw the keys that addresses are sealed to. Does nothing if the keys have changed since."""
    shown_keys = (await forms.read_form(request)).values.get("keys", "")
    keys, nickname = get_site(request).settings.recipients, request.state.organiser.nickname
    if shown_keys == " ".join(public_keys.fingerprints(keys)):
        await run_and_log(
            request, partial(public_keys.acknowledge, nickname=nickname, recipients=keys), "saw the keys", shown_keys
        )
    return RedirectResponse("/organisers/", 303)
