"""Checks the database and the way to it."""

from urllib.parse import parse_qs, urlsplit

from petition.commands import unused_database
from petition.commands.doctor.finding import Finding
from petition.core.database import vacuum
from petition.core.database.database import open_database
from petition.core.database.migrations import check_schema
from petition.core.errors import PetitionError
from petition.core.outbox_keys import OutboxKeys
from petition.core.settings import LOOPBACK_HOSTS, Settings
from petition.mail import report_counts
from petition.mail.machines import away_machines
from petition.tally.last_published import LastPublished
from petition.tally.rounding import show_magnitude


async def check_database(settings: Settings) -> list[Finding]:
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            await check_schema(c, settings.mode)
            retention_warning = "" if settings.demo else await vacuum.retention_warning(c)
            durability_warning = await c.durability_warning()
            warning = report_counts.NONE_RECOGNISED if await report_counts.none_recognised(c) else ""
            lost = await LastPublished(settings.var).find_problem(c)
            unused = await unused_database.find_unused(settings, database)
    except PetitionError as error:
        return [Finding("database", str(error))]
    return [
        Finding("database", durability_warning or retention_warning),
        Finding("published numbers", lost),
        Finding("reports of emails that came back", warning=warning),
        Finding("one database", warning=unused),
    ]


async def check_machines(settings: Settings) -> Finding:
    """Which machines share the outbox, and which of them are away. Says the handle of this one."""
    handle = OutboxKeys(settings.outbox_keys).find_machine()
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            away = [machine for machine in await away_machines(c) if machine.name != handle]
    except PetitionError:
        return Finding("machines", "the database does not tell which machines there are")
    subject = f"machines (this one is {handle})" if handle else "machines"
    return Finding(subject, warning=" ".join(machine.describe(show_magnitude) for machine in away))


def check_database_link(settings: Settings) -> list[Finding]:
    """The driver's default takes an unencrypted connection, or any certificate."""
    links = [_check_link("way to the database", "PETITION_DATABASE_URL", settings.database_url)]
    if settings.standby_url:
        links.append(_check_link("way to the standby", "PETITION_STANDBY_URL", settings.standby_url))
    return links


def _check_link(subject: str, name: str, url: str) -> Finding:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    hosts = ",".join([parts.netloc.rpartition("@")[2], *options.get("host", [])]).split(",")
    is_near = all(_is_this_machine(host) for host in hosts if host)
    is_verified = options.get("sslmode") == ["verify-full"]
    warning = f"{name} leads to another machine: add ?sslmode=verify-full, or use an encrypted tunnel"
    return Finding(subject, warning="" if is_near or is_verified else warning)


def _is_this_machine(host: str) -> bool:
    """`host` may have a port, or be the folder of a socket."""
    return host.startswith("/") or (urlsplit(f"//{host}").hostname or "") in LOOPBACK_HOSTS
