"""The first page of the desk: how are we doing, is it real, what is to be done next? It stays new by itself."""

from datetime import UTC, date, datetime, time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.organisers import activity_log
from petition.organisers.accounts import Role
from petition.retention import destruction_day
from petition.tally import progress
from petition.web.desk import next_steps
from petition.web.desk.access import requires_role
from petition.web.desk.overview_figures import REFUSED_DAYS, Figures, OverviewFigures
from petition.web.desk.overview_steps import PERSONAL
from petition.web.desk.pages import desk_language, render_desk_page
from petition.web.desk.progress_chart import Chart
from petition.web.http.pages import get_public_state, get_site, render_page

LATEST_ACTIONS = 5  # lines of the activity log
LISTED_DAYS = 14
REFRESH_SECONDS = 30


@requires_role(Role.VIEWER)
async def overview(request: Request) -> Response:
    context = await _live_context(request)
    async with get_site(request).database.reading() as c:
        actions = await activity_log.list_lines(c, limit=LATEST_ACTIONS)
    return render_desk_page(request, "web/desk/overview.html", section="/organisers/", actions=actions, **context)


@requires_role(Role.VIEWER, renews=False)
async def live(request: Request) -> Response:
    """The part of the overview that changes, as a page of its own: a script puts it in the place of the old one."""
    return render_page(
        request, "web/desk/overview/live_page.html", language=desk_language(request), **await _live_context(request)
    )


async def _live_context(request: Request) -> dict[str, Any]:
    site, organiser, state = get_site(request), request.state.organiser, get_public_state(request)
    kept: OverviewFigures = request.app.state.overview_figures
    figures = await kept.get(state)
    async with site.database.reading() as c:
        personal = await next_steps.find_personal(PERSONAL, c, site, organiser)
        last_day = await destruction_day.day_of(c, site.appeal.campaign)
    return {
        "organiser": organiser,
        "roles": Role,
        "state": state,
        "snapshot": state.status.snapshot,
        "figures": figures if organiser.may(Role.ORGANISER) else None,
        "steps": next_steps.for_organiser(figures.steps, personal, organiser),
        "signals": next_steps.for_organiser(figures.signals, [], organiser),
        "refused_days": REFUSED_DAYS,
        "refresh_seconds": REFRESH_SECONDS,
        "destruction_day": last_day,
        **_dates(figures),
        **_progress(request),
    }


def _dates(figures: Figures) -> dict[str, Any]:
    return {
        "destruction": figures.destruction,
        "next_total": figures.next_total,
        "next_country": figures.next_country,
        "edition": figures.edition,
    }


def _progress(request: Request) -> dict[str, Any]:
    """What the published history tells."""
    site, state = get_site(request), get_public_state(request)
    campaign, history, snapshot = site.appeal.campaign, state.history, state.status.snapshot
    deadline = campaign.deadline if isinstance(campaign.deadline, date) else None
    goal = campaign.goal if isinstance(campaign.goal, int) else None
    projection = progress.project(history, snapshot, campaign.end, goal) if campaign.end else None
    end = datetime.combine(deadline, time.max, UTC) if deadline else None
    return {
        "deadline": deadline,
        "goal": goal,
        "today": state.today,
        "growth": progress.growth(history, snapshot),
        "days_table": progress.daily_growth(history, snapshot.as_of.date(), LISTED_DAYS),
        "projection": projection,
        "chart": _chart(request, Chart(progress.curve(history, snapshot), end, goal, projection)),
        "movers": progress.movers(history, snapshot),
        "per_million": site.populations.per_million(snapshot.countries),
        "populations": site.populations,
    }


def _chart(request: Request, chart: Chart) -> str:
    language = desk_language(request)
    goal = language.translate(Sentence(N_("Goal %(goal)s"), goal=chart.goal or 0))
    return chart.svg(goal, language.format_date)
