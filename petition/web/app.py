"""The web application: puts together routes, middleware and error pages, and runs the background tasks."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from petition.core import safe_logging
from petition.core import settings as settings_
from petition.core.background import LastRuns, repeat
from petition.core.repeated_errors import RepeatedErrors
from petition.core.settings import Settings
from petition.features import Job, features
from petition.letters.editions import time_stamps
from petition.mail.machines import REFRESH_SECONDS
from petition.protection.rate_limits import SYNC_SECONDS
from petition.site import Site, open_site
from petition.web import prerender
from petition.web.desk.kept_form import keep_typed
from petition.web.desk.overview_figures import OverviewFigures
from petition.web.http import errors, public_state, security
from petition.web.http.canonical import CanonicalPaths
from petition.web.http.errors import EXCEPTION_HANDLERS, CrossSiteCheck, ErrorPages, RequestLimits
from petition.web.http.padding import Padding
from petition.web.http.prerendered import PrerenderedResponses, ResponseStore
from petition.web.http.request_counts import RequestCounts
from petition.web.operations.health import Readiness
from petition.web.operations.metrics import StoredFigures
from petition.web.operations.process import LAG_INTERVAL, LoopLag
from petition.web.public import sharing
from petition.web.routes import routes

DELIVER_VARIABLE = "PETITION_SERVE_DELIVERS"  # set by `petition serve` for its workers; operators do not set it
PUBLISH_SECONDS, PRUNE_SECONDS = 5, 3600
log = logging.getLogger(__name__)


def create_app(settings: Settings, *, deliver: bool = False) -> Starlette:
    """With `deliver`, this process also sends the emails of the outbox."""
    store = ResponseStore()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_site(settings) as site:
            for language in site.languages:
                site.appeal.get_text(language)  # an incomplete text is found now, not when a visitor opens it
            app.state.site, app.state.public_pages = site, prerender.pages()
            app.state.public_state = await public_state.create_cache(site, prerender.prerender_all, store)
            app.state.readiness, app.state.file_cache = Readiness(site), sharing.FileCache()
            app.state.stored_figures, app.state.overview_figures = StoredFigures(site), OverviewFigures(site)
            async with _background_tasks(site, app.state, deliver):
                yield

    app = Starlette(
        routes=routes(demo=settings.demo),
        middleware=_middleware(settings, store),
        exception_handlers=EXCEPTION_HANDLERS | {HTTPException: keep_typed},
        lifespan=lifespan,
    )
    app.state.repeated_errors, app.state.loop_lag = RepeatedErrors(errors.log), LoopLag()
    app.router.redirect_slashes = False  # its redirects are built from the Host header
    return app


def from_environment() -> Starlette:
    """The application of one worker of `petition serve`."""
    tune_process()
    return create_app(settings_.from_environment(os.environ), deliver=delivers())


def delivers() -> bool:
    return os.environ.get(DELIVER_VARIABLE) == "yes"


def tune_process() -> None:
    safe_logging.install()
    # The garbage collector took a tenth of the time: it looked for cycles in objects that stay for ever, and in
    # requests that still run.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    # SQLite works in a thread of its own, which waits for the main thread after each statement: five milliseconds with
    # Python's default, and ten such waits in a transaction. This halves the time that a signature waits, and no cost
    # of it could be measured.
    sys.setswitchinterval(0.0001)


def _middleware(settings: Settings, store: ResponseStore) -> list[Middleware]:
    refusal = security.refuse_unless_local if settings.demo else None
    onion_host = settings.onion_host
    own_origins = {settings.base_url, settings.onion_url} - {""}
    desk_refusal = partial(security.refuse_desk_over_onion, onion_host=onion_host)
    return [
        Middleware(RequestCounts),
        # Outside the others: prerendered responses already have their headers
        Middleware(PrerenderedResponses, store=store, refusal=refusal, onion_host=onion_host),
        Middleware(Padding),  # outside all that adds headers
        Middleware(security.SecurityHeaders, secure=settings.secure, onion_host=onion_host),
        Middleware(ErrorPages),
        Middleware(CanonicalPaths),  # before all that looks at the path
        *([Middleware(security.HostCheck, refusal=refusal)] if refusal else []),
        *([Middleware(security.HostCheck, refusal=desk_refusal)] if onion_host else []),
        Middleware(CrossSiteCheck, own_origins=own_origins),
        Middleware(RequestLimits),
    ]


def _background_jobs(site: Site, state: State) -> Iterator[Job]:
    """(seconds, job): what runs how often."""
    yield SYNC_SECONDS, site.rate_limiter.sync
    yield REFRESH_SECONDS, site.machine.refresh
    yield PUBLISH_SECONDS, site.take_snapshot
    yield PUBLISH_SECONDS, state.public_state.refresh
    yield LAG_INTERVAL, state.loop_lag.measure
    yield PUBLISH_SECONDS, site.set_aside
    for feature in features():
        yield from feature.jobs(site)
    yield PRUNE_SECONDS, site.prune
    yield PRUNE_SECONDS, site.machine.drop_unreadable
    if service := site.settings.timestamp_url:
        yield time_stamps.RETRY_SECONDS, partial(time_stamps.stamp_missing, site.database, service)


@asynccontextmanager
async def _background_tasks(site: Site, state: State, deliver: bool) -> AsyncIterator[None]:
    """Runs publishing, pruning and delivery beside the requests. All end before the database closes.

    They are asked to stop, not cancelled: a connection is lost if its task is cancelled while it opens.
    """
    stopping = asyncio.Event()
    runs = state.last_runs = LastRuns()
    jobs = [(seconds, runs.watch(seconds, job)) for seconds, job in _background_jobs(site, state)]
    loops = [repeat(seconds, job, stopping) for seconds, job in jobs]
    deliverer = site.make_delivery_pool()
    tasks = [asyncio.create_task(job) for job in (*loops, *([deliverer.run()] if deliver else []))]
    try:
        yield
    finally:
        stopping.set()
        await deliverer.stop()
        await asyncio.gather(*tasks[: len(loops)])
        await site.machine.leave()
        for task in tasks:
            task.cancel()  # only delivery may still hang, if the mail server does not answer
