"""The status page: whether signing works, since when not, and when we looked; times to ten minutes, in UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.routing import Route

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.languages import Language
from petition.core.settings import Settings
from petition.probe.checks import LATE
from petition.signing import probes
from petition.site import Site
from petition.web.http.pages import not_found

NAME = "probe"  # of the feature
_CACHE = "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400"
_STEP = 600  # seconds


@dataclass(frozen=True, slots=True)
class ShownProbe:
    """`works` is None if the last probe is too long ago to say."""

    works: bool | None
    looked_at: datetime
    since: datetime


async def read_shown(c: Connection) -> ShownProbe | None:
    """Changes every ten minutes at most, since all pages are made again then."""
    if (last := await probes.last_probe(c)) is None:
        return None
    return ShownProbe(None if last.age > LATE else last.works, _rounded(last.at), _rounded(last.since))


def _rounded(moment: int) -> datetime:
    return clock.from_epoch(moment // _STEP * _STEP)


def status_page(_site: Site, language: Language, state: Any) -> dict[str, Any]:
    """`state`: a PublicState."""
    shown: ShownProbe | None = state.features[NAME]
    is_open = state.campaign_state.allows_signing and not (state.status.signing_closed or state.status.signing_paused)
    return {
        "is_open": is_open,
        "shown": shown,
        "looked": shown and _say(language, shown.looked_at),
        "since": shown and _say(language, shown.since),
        "copied": _say(language, _rounded(clock.epoch())),
    }


def _say(language: Language, moment: datetime) -> dict[str, str]:
    return {"day": language.format_date(moment.date()), "time": language.format_time(moment)}


def pages_for(settings: Settings) -> dict[str, tuple[str, str, Any]]:
    """None unless a probe is set up."""
    return {"status": ("web/public/probe/status.html", _CACHE, status_page)} if settings.probe_email else {}


ROUTES = [Route("/{lang}/status", not_found)]
