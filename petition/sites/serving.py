"""`petition serve` for all campaigns: one socket, one set of workers."""

import asyncio
import os
import sys
from collections.abc import Sequence

from starlette.applications import Starlette

from petition.commands import server
from petition.commands.verbs import Arguments
from petition.core.errors import DatabaseError, PetitionError, SettingsError
from petition.core.settings import LOOPBACK_HOSTS
from petition.sites import clashes, folder, said
from petition.sites.folder import VARIABLE, NamedSite
from petition.sites.routing import create_router
from petition.sites.running import RunningSite
from petition.web.app import delivers, tune_process


def serve_all(sites: Sequence[NamedSite], arguments: Arguments) -> int:
    """Raises PetitionError for settings and texts of one campaign; a database that is away is only said."""
    _check(sites, arguments)
    for site in sites:
        with said.lines_about(site.name):
            _prepare(site, (arguments.workers + 1) * len(sites))  # each campaign has a pool in each process
    app, deliver = f"{__name__}:from_environment", not arguments.no_deliver
    place = arguments.host, arguments.port, arguments.workers
    return server.serve(sites[0].settings, *place, deliver=deliver, app=app)


def _check(sites: Sequence[NamedSite], arguments: Arguments) -> None:
    for site in sites:
        if arguments.workers > 1 and site.settings.database_url.startswith("sqlite"):
            raise SettingsError(f"{site.name}: SQLite takes one worker; several need PostgreSQL.")
    if sites[0].settings.demo and arguments.host not in LOOPBACK_HOSTS:
        raise SettingsError("Demo mode serves this machine only: --host must be 127.0.0.1, ::1 or localhost.")
    server.check_campaigns([site.settings for site in sites])


def _prepare(site: NamedSite, pools: int) -> None:
    try:
        asyncio.run(server.prepare(site.settings, pools))
    except DatabaseError as error:
        print(f"{error} The other campaigns serve; this one follows when its database answers.", file=sys.stderr)
    except PetitionError as error:
        raise PetitionError(f"{site.name}: {error}") from None


def from_environment() -> Starlette:
    """The application of one worker."""
    tune_process()
    said.mark_logs()
    place = folder.sites_folder(os.environ)
    if place is None:
        raise SettingsError(f"{VARIABLE} is not set.")
    sites = folder.read_all(os.environ, place)
    clashes.refuse_clashes(sites)
    return create_router([RunningSite(site, deliver=delivers()) for site in sites])
