"""Health: whether the process is up and whether it is ready; for monitors and the operator."""

import asyncio
import logging
import time

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from petition import features
from petition.core.errors import DatabaseError
from petition.core.settings import LOOPBACK_HOSTS
from petition.site import Site
from petition.web.http.pages import NO_STORE, get_site
from petition.web.http.security import has_bearer_token, is_forwarded

_NO_STORE = {"Cache-Control": NO_STORE}
ANSWER_TIMEOUT_SECONDS = 3.0  # that the database has to answer
CACHE_SECONDS = 5.0  # that an answer is used again
log = logging.getLogger(__name__)


class Readiness:
    """Tries one read and one write of the database, at most every CACHE_SECONDS, however often it is asked."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._check: asyncio.Task[str] | None = None
        self._valid_until = 0.0
        self._logged = ""
        self.warnings: list[str] = []  # of the last check

    async def problem(self) -> str:
        """Why this process cannot serve, in one sentence; empty if it can. A new reason goes into the log."""
        check = self._check
        if check is None or (check.done() and time.monotonic() >= self._valid_until):
            check = self._check = asyncio.create_task(self._run_check())
        await asyncio.wait({check}, timeout=ANSWER_TIMEOUT_SECONDS)
        problem = check.result() if check.done() else "The database does not answer."
        if problem and problem != self._logged:
            log.error("%s", problem)
        self._logged = problem
        return problem

    async def _run_check(self) -> str:
        try:
            await self._site.check_ready()
            await self._site.check_writable()
            async with self._site.database.reading() as c:
                self.warnings = await features.list_warnings(c, self._site)
        except DatabaseError as error:
            return str(error)
        finally:
            self._valid_until = time.monotonic() + CACHE_SECONDS
        return ""

    def expire(self) -> None:
        """The next call of problem() checks the database again."""
        self._valid_until = 0.0


async def healthz(request: Request) -> Response:
    """The process is up; this says nothing about the database."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def readyz(request: Request) -> Response:
    """The database can be reached, is migrated and accepts writes. The answer is up to CACHE_SECONDS old.

    Strangers get yes or no; the reason is for who may read the metrics, and so is what an operator should know though
    the site serves.
    """
    readiness: Readiness = request.app.state.readiness
    if not (problem := await readiness.problem()):
        warnings = readiness.warnings if is_operator(request) else []
        return PlainTextResponse("\n".join(["ready", *warnings, ""]), headers=_NO_STORE)
    return PlainTextResponse(f"{problem if is_operator(request) else 'not ready'}\n", 503, _NO_STORE)


def is_operator(request: Request) -> bool:
    """Anyone who has the token; if none is set, anyone on this machine."""
    if token := get_site(request).settings.metrics_token:
        return has_bearer_token(request, token)
    is_local = request.client is None or request.client.host in LOOPBACK_HOSTS
    return is_local and not is_forwarded(request.headers)
