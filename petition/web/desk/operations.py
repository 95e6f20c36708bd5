"""Operations, to look at: the last audit, what doctor found, the last backup, versions and machines.

Who can do something about it has a shell on the server; here one sees whether they must be asked.
"""

import asyncio
import platform
from datetime import datetime
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition import __version__, version
from petition.core import resources
from petition.core.database import migrations
from petition.core.database.connection import Connection
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.mail import machines
from petition.organisers import activity_log, failed_units, last_checks
from petition.organisers.accounts import Role
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import requires_role
from petition.web.desk.pages import render_desk_page
from petition.web.http.pages import get_site

_OTHER = N_("%(n)s; this version needs %(m)s")


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    async with get_site(request).database.reading() as c:
        facts: dict[str, Any] = {
            "audit": await last_checks.last_audit(c),
            "doctor": await last_checks.last_doctor(c),
            "failed": await failed_units.describe(c),
            "backup": datetime.fromisoformat(last) if (last := await activity_log.last_backup(c)) else None,
            "machines": await machines.count_machines(c),
            "away": [machine.describe(show_magnitude) for machine in await machines.away_machines(c)],
            "versions": await _versions(c),
        }
    return render_desk_page(request, "web/desk/operations.html", section="/organisers/operations", **facts)


async def _versions(c: Connection) -> dict[str, str]:
    current, latest = await migrations.current_version(c), migrations.latest_version()
    database = await c.one("database.version") or {}
    return {
        "Petition": await asyncio.to_thread(_own_version),
        N_("Schema of the database"): f"{current}" if current == latest else Sentence(_OTHER, n=current, m=latest),
        N_("Database"): str(database["version"]).partition(" (")[0],
        "Python": platform.python_version(),
    }


@cache
def _own_version() -> str:
    commit = version.commit(resources.PACKAGE.parent)
    return f"{__version__} ({commit})" if commit else __version__
