"""What the probe adds to the site: its command, its page, its check and its warnings."""

from collections.abc import Mapping, Sequence
from typing import Any

from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.features import Feature
from petition.probe import checks, commands


def _routes() -> Sequence[Any]:
    from petition.probe import pages  # noqa: PLC0415 (a command that serves nothing needs no web)

    return pages.ROUTES


def _pages_for(settings: Settings) -> Mapping[str, tuple[str, str, Any]]:
    from petition.probe import pages  # noqa: PLC0415 (as above)

    return pages.pages_for(settings)


async def _read_state(c: Connection) -> object:
    from petition.probe import pages  # noqa: PLC0415 (as above)

    return await pages.read_shown(c)


FEATURE = Feature(
    name="probe",
    register_commands=commands.register,
    routes=_routes,
    pages_for=_pages_for,
    read_state=_read_state,
    checks=checks.CHECKS,
    warnings=checks.find_warnings,
    run=commands.run_from_outside,
)
