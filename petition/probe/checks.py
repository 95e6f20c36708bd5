"""What the desk and `petition doctor` say of the last probe: it failed, or none has run for an hour."""

from petition.commands.doctor.finding import Finding
from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database import database as db
from petition.core.database import migrations, state, switches
from petition.core.database.connection import Connection
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.signing import probes
from petition.site import Site

LATE = HOUR
_SUBJECT = "probe of signing"
_START = "systemctl enable --now petition-probe.timer; systemctl status petition-probe"


async def find_warnings(c: Connection, site: Site) -> list[str]:
    """Nothing while nobody is meant to sign."""
    if not site.settings.probe_email or not site.campaign_state().allows_signing:
        return []
    what, remedy = await _find_fault(c)
    return [f"{what} {remedy}"] if what else []


async def _find_fault(c: Connection) -> tuple[str, str]:
    """A sentence, and what to do; both empty if all is well."""
    if await state.is_closed(c) or switches.SIGNING in await switches.paused(c):
        return "", ""
    last = await probes.last_probe(c)
    if last is None:
        return "No probe of signing has ever run.", f"To start it: {_START}."
    if last.age > LATE:
        return f"No probe of signing has run since {_time(last.at)}.", f"To start it: {_START}."
    if not last.works:
        return f"The probe could not sign at {_time(last.at)}, and not since {_time(last.since)}.", last.problem
    return "", ""


def _time(moment: int) -> str:
    return f"{clock.from_epoch(moment):%Y-%m-%d %H:%M} UTC"


async def check_probe(settings: Settings) -> Finding:
    """A database that cannot be used has its finding already; without the mailbox nobody looks, which is a choice."""
    if not settings.probe_email:
        return Finding(_SUBJECT)
    try:
        async with db.open_database(settings.database_url) as database, database.reading() as c:
            await migrations.check_schema(c, settings.mode)
            what, remedy = await _find_fault(c)
    except PetitionError:
        return Finding(_SUBJECT)
    return Finding(
        _SUBJECT, warning=what, why="people may be unable to sign", command=remedy.removeprefix("To start it: ")
    )


CHECKS = (check_probe,)
