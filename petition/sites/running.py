"""One campaign in the process of all: it starts, waits for its database if that is away, and stops with the others."""

import asyncio
import logging
from typing import Any, cast

from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from petition.core.errors import PetitionError
from petition.core.safe_logging import describe_error
from petition.core.settings import Settings
from petition.site import open_site
from petition.sites import said
from petition.sites.delivering import pause
from petition.sites.folder import NamedSite
from petition.web.app import create_app

log = logging.getLogger(__name__)


class RunningSite:
    """`app` is None while the campaign cannot serve. `late`: its database was away when the others were migrated."""

    def __init__(self, site: NamedSite, *, deliver: bool, late: bool = False) -> None:
        self.site, self._deliver = site, deliver
        self.app: ASGIApp | None = None
        self._migrates, self._tried, self._told = late, asyncio.Event(), False
        if late:
            self._tried.set()

    async def first_try(self) -> None:
        """Returns when it serves or has failed to; of a late one at once."""
        await self._tried.wait()

    async def keep(self, stopping: asyncio.Event) -> None:
        """Serves until `stopping`."""
        with said.about(self.site.name):
            while not stopping.is_set():
                try:
                    await self._serve(stopping)
                except (PetitionError, OSError) as error:
                    self._note(error)
                    await pause(stopping)

    async def _serve(self, stopping: asyncio.Event) -> None:
        if self._migrates:
            async with open_site(self.site.settings, migrate=True):
                pass
        app = create_app(self.site.settings, deliver=self._deliver)
        async with app.router.lifespan_context(app):
            self.app = _behind_proxies(app, self.site.settings)
            self._tried.set()
            try:
                await stopping.wait()
            finally:
                self.app = None

    def _note(self, error: PetitionError | OSError) -> None:
        if not self._told:
            log.error("does not serve: %s", error if isinstance(error, PetitionError) else describe_error(error))
        self._migrates = self._told = True
        self._tried.set()


def _behind_proxies(app: Starlette, settings: Settings) -> ASGIApp:
    """What uvicorn does for all that it serves, for this campaign alone."""
    if not settings.trusted_proxies:
        return app
    wrapped: Any = ProxyHeadersMiddleware(cast("Any", app), list(settings.trusted_proxies))
    return cast("ASGIApp", wrapped)
