"""One campaign in the process of all: it starts, waits for its database if that is away, and stops with the others."""

import asyncio
import logging

from starlette.applications import Starlette

from petition.core.errors import DatabaseError, PetitionError
from petition.core.safe_logging import describe_error
from petition.site import open_site
from petition.sites import said
from petition.sites.delivering import pause
from petition.sites.folder import NamedSite
from petition.web.app import create_app

log = logging.getLogger(__name__)


class RunningSite:
    """`app` is None while the campaign cannot serve."""

    def __init__(self, site: NamedSite, *, deliver: bool) -> None:
        self.site, self._deliver = site, deliver
        self.app: Starlette | None = None
        self._tried = asyncio.Event()
        self._fault: PetitionError | None = None

    async def first_try(self) -> None:
        """Returns when it serves or its database is away. Raises PetitionError for all that waiting does not fix."""
        await self._tried.wait()
        if self._fault:
            raise self._fault

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
        if self._tried.is_set():  # its database was away when `petition serve` migrated those of the others
            async with open_site(self.site.settings, migrate=True):
                pass
        app = create_app(self.site.settings, deliver=self._deliver)
        async with app.router.lifespan_context(app):
            self.app = app
            self._tried.set()
            try:
                await stopping.wait()
            finally:
                self.app = None

    def _note(self, error: PetitionError | OSError) -> None:
        if not self._tried.is_set():
            away = isinstance(error, DatabaseError | OSError)
            self._fault = None if away else PetitionError(f"{self.site.name}: {error}")
            log.error("does not serve: %s", error if isinstance(error, PetitionError) else describe_error(error))
        self._tried.set()
