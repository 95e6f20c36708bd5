"""`petition serve` for all campaigns: one socket, one set of workers. One that cannot be served stops no other one."""

import asyncio
import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette

from petition.commands import server, waiting
from petition.commands.verbs import Arguments
from petition.core.errors import DatabaseError, PetitionError, SettingsError
from petition.core.settings import LOOPBACK_HOSTS
from petition.sites import folder, said, usable
from petition.sites.folder import VARIABLE, BrokenSite, NamedSite
from petition.sites.routing import create_router
from petition.sites.running import RunningSite
from petition.web.app import delivers, tune_process

# Set for the workers; operators do not set them. Names of those that are served, and of these the ones whose database
# was away: no other one waits for them.
_SERVED, _LATE = "PETITION_SERVE_SITES", "PETITION_SERVE_LATE_SITES"
_AFTER_RESTART = " The other campaigns are served; restart when this is put right."
_BY_ITSELF = "The other campaigns are served; this one follows when that is put right."


def serve_all(sites: Sequence[NamedSite], broken: Sequence[BrokenSite], arguments: Arguments) -> int:
    """Raises PetitionError if none can be served."""
    if sites[0].settings.demo and arguments.host not in LOOPBACK_HOSTS:
        raise SettingsError("Demo mode serves this machine only: --host must be 127.0.0.1, ::1 or localhost.")
    faults = _find_faults(sites, arguments.workers)
    pools = (arguments.workers + 1) * len(sites)  # each campaign has one in each process
    late = _prepare_all([site for site in sites if site.name not in faults], faults, pools)
    out = [*broken, *[BrokenSite(name, error) for name, error in faults.items()]]
    served = [site for site in sites if site.name not in faults]
    usable.refuse_none(served, out)
    usable.say(out, _AFTER_RESTART)
    os.environ |= {_SERVED: ",".join(site.name for site in served), _LATE: ",".join(late)}
    app, place = f"{__name__}:from_environment", (arguments.host, arguments.port, arguments.workers)
    settings = replace(served[0].settings, trusted_proxies=())  # each campaign has its own: see running.py
    return server.serve(settings, *place, deliver=not arguments.no_deliver, app=app)


def _find_faults(sites: Sequence[NamedSite], workers: int) -> dict[str, PetitionError]:
    """By the name of the campaign: what no waiting puts right."""
    faults: dict[str, PetitionError] = {}
    for site, error in zip(sites, server.find_text_faults([site.settings for site in sites]), strict=True):
        if error:
            faults[site.name] = PetitionError(f"{site.name}.env: {error}")
        if workers > 1 and site.settings.database_url.startswith("sqlite"):
            sentence = "SQLite takes one worker; several need PostgreSQL (PETITION_DATABASE_URL)."
            faults[site.name] = SettingsError(f"{site.name}.env: {sentence}")
    return faults


def _prepare_all(sites: Sequence[NamedSite], faults: dict[str, PetitionError], pools: int) -> list[str]:
    """The names of those whose database is away. What else keeps one from being served comes to `faults`."""
    late = []
    for site, away in zip(sites, asyncio.run(_ask_databases(sites)), strict=True):
        with said.lines_about(site.name):
            try:
                _prepare(site, away, pools)
            except DatabaseError as error:
                late.append(site.name)
                print(error, _BY_ITSELF, file=sys.stderr)
            except PetitionError as error:
                faults[site.name] = PetitionError(f"{site.name}.env: {error}")
            except OSError as error:
                faults[site.name] = PetitionError(f"{site.name}.env: {folder.show_os_error(error)}")
    return late


async def _ask_databases(sites: Sequence[NamedSite]) -> list[PetitionError | None]:
    """All at once: a frozen one takes seconds to be found."""
    return await asyncio.gather(*[_find_away(site.settings.database_url) for site in sites])


async def _find_away(url: str) -> PetitionError | None:
    try:
        problem = await waiting.why_away(url)
    except PetitionError as error:
        return error
    return DatabaseError(problem) if problem else None


def _prepare(site: NamedSite, away: PetitionError | None, pools: int) -> None:
    if away:
        raise away
    for place in (site.settings.var, site.settings.outbox_keys):
        _check_folder(place)
    asyncio.run(server.prepare(site.settings, pools))


def _check_folder(place: Path) -> None:
    """Raises OSError. Without this a site would begin, and each form would fail."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def from_environment() -> Starlette:
    """The application of one worker."""
    tune_process()
    said.mark_logs()
    place = folder.sites_folder(os.environ)
    if place is None:
        raise SettingsError(f"{VARIABLE} is not set.")
    sites, broken = usable.read(os.environ, place)
    served, late = (os.environ.get(name, "").split(",") for name in (_SERVED, _LATE))
    running = [RunningSite(site, deliver=delivers(), late=site.name in late) for site in sites if site.name in served]
    usable.refuse_none([one.site for one in running], broken)
    out = [*[one.hosts for one in broken], *[site.hosts for site in sites if site.name not in served]]
    return create_router(running, out)
