"""The metrics, for Prometheus (text format 0.0.4). Without the database they say that it is away, and still answer.

Counts are published figures or powers of ten. Live are the age of the oldest email, the trouble of relays, which
machines are away, and what concerns this machine alone.
"""

import asyncio
import shutil
from dataclasses import dataclass
from math import inf
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from petition.core import clock
from petition.core.errors import DatabaseError
from petition.mail import machines, outbox
from petition.mail.machines import AwayMachine
from petition.mail.relay_watch import current_troubles
from petition.organisers import activity_log
from petition.site import Site
from petition.tally.rounding import magnitude, show_magnitude
from petition.web.http.pages import NO_STORE, get_site, get_snapshot
from petition.web.http.security import is_forwarded
from petition.web.operations.health import ANSWER_TIMEOUT_SECONDS, is_operator

DISK_STEP = 64 << 20  # bytes: those of some ten thousand signatures

# Name, and what it says.
_HELP = {
    "petition_database_up": "One if the database answers this process; else what it knows is missing here.",
    "petition_confirmed": "The published total.",
    "petition_snapshot_age_seconds": "Age of the published figures.",
    "petition_disk_free_bytes": "Free bytes on the disk of the SQLite database; with PostgreSQL, of PETITION_VAR.",
    "petition_outbox_waiting": "Emails that wait: none or a power of ten.",
    "petition_outbox_oldest_seconds": "Age of the oldest email that waits.",
    "petition_relays_in_trouble": "Relays that take no email.",
    "petition_machines_away": "Machines that share the outbox and have not been seen for five minutes.",
    "petition_backup_age_seconds": "Age of the last backup; +Inf if there has never been one.",
}


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database tells."""

    waiting: int
    oldest: int
    troubles: int
    away: list[AwayMachine]
    last_backup: str | None


class StoredFigures:
    """Reads the database for the metrics, once at a time: if it hangs, requests must not use up its connections."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reading: asyncio.Task[_Stored | None] | None = None

    async def read(self) -> _Stored | None:
        """None if the database is away, or takes longer than ANSWER_TIMEOUT_SECONDS."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait({reading := self._reading}, timeout=ANSWER_TIMEOUT_SECONDS)
        return reading.result() if reading.done() else None

    async def _read(self) -> _Stored | None:
        try:
            async with self._site.database.reading() as c:
                waiting, oldest = await outbox.queue_status(c)
                troubles, away = await current_troubles(c), await machines.away_machines(c)
                return _Stored(waiting, oldest, len(troubles), away, await activity_log.last_backup(c))
        except DatabaseError:
            return None


async def metrics(request: Request) -> Response:
    """For who may: strangers get 404."""
    if not is_operator(request):
        raise HTTPException(404)
    figures: StoredFigures = request.app.state.stored_figures
    stored = await figures.read()
    values: dict[str, float] = {"petition_database_up": int(stored is not None)} | _own_values(request)
    comments = _own_comments(request)
    if stored is not None:
        values |= _stored_values(stored)
        comments += [machine.describe(show_magnitude) for machine in stored.away]
    text = "".join(f"# {comment}\n" for comment in comments) + "".join(map(_sample, values, values.values()))
    return PlainTextResponse(text, headers={"Cache-Control": NO_STORE})


def _own_values(request: Request) -> dict[str, float]:
    snapshot, site = get_snapshot(request), get_site(request)
    return {
        "petition_confirmed": snapshot.confirmed,
        "petition_snapshot_age_seconds": clock.epoch() - int(snapshot.as_of.timestamp()),
        "petition_disk_free_bytes": _free_bytes(site.database.folder or site.settings.var),
    }


def _free_bytes(folder: Path) -> int:
    """On the disk that the folder is on, or would be on. Exact ones would tell how many sign just now."""
    folder = folder.resolve()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.is_dir())).free
    return free // DISK_STEP * DISK_STEP


def _own_comments(request: Request) -> list[str]:
    """`petition doctor` asks through the public address, and so learns whom the application takes a visitor for."""
    return [f"asked from {request.client.host}"] if request.client and is_forwarded(request.headers) else []


def _stored_values(stored: _Stored) -> dict[str, float]:
    last = stored.last_backup
    return {
        "petition_outbox_waiting": magnitude(stored.waiting),
        "petition_outbox_oldest_seconds": stored.oldest,
        "petition_relays_in_trouble": stored.troubles,
        "petition_machines_away": len(stored.away),
        "petition_backup_age_seconds": clock.epoch() - int(clock.parse_iso(last).timestamp()) if last else inf,
    }


def _sample(name: str, value: float) -> str:
    text = "+Inf" if value == inf else str(value)
    return f"# HELP {name} {_HELP[name]}\n# TYPE {name} gauge\n{name} {text}\n"
