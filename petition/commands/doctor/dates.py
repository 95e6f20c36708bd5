"""The campaign's days, and the clocks that they are measured by."""

from datetime import date

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.campaign.edits import LiveAppeal
from petition.commands.doctor.finding import Finding
from petition.core import clock, time_sync
from petition.core.clock import HOUR
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.retention import destruction_day
from petition.retention.destruction_day import HOURS_NEEDED, Announcement

MOST_APART = 10  # seconds between two clocks; synchronised ones are milliseconds apart
STANDSTILL = 3 * HOUR  # a service that runs, with a clock that is right, adds an hour every hour


async def check_dates(settings: Settings) -> list[Finding]:
    """None for a campaign that cannot be read: another check says so."""
    try:
        files = Appeal(settings.campaign)
        async with open_database(settings.database_url) as database, database.reading() as c:
            campaign = (await LiveAppeal(files).read(c)).campaign
            checks = [await _check_deadline(c, campaign), await _check_destruction(c, campaign)]
    except PetitionError:
        return [_check_clock(settings)]
    return [*checks, _check_clock(settings)]


async def _check_deadline(c: Connection, campaign: Campaign) -> Finding:
    day = campaign.deadline
    if not isinstance(day, date) or campaign.day(clock.now()) <= day or await state.is_closed(c):
        return Finding("deadline")
    return Finding(
        "deadline", warning=f"it was on {day}: send the last letters within a week", command="petition close"
    )


async def _check_destruction(c: Connection, campaign: Campaign) -> Finding:
    day = await destruction_day.day_of(c, campaign)
    if day is None or await destruction_day.has_ended(c):
        return Finding("destruction day")
    found = await destruction_day.get(c)
    sentence = destruction_day.trouble(found, day, campaign) or _standstill(found)
    subject = f"destruction day ({day}{_counted(found)})"
    return Finding(subject, sentence) if destruction_day.has_come(day, campaign) else Finding(subject, warning=sentence)


def _counted(found: Announcement | None) -> str:
    return f", announced for {found.hours} of {HOURS_NEEDED} hours" if found and not found.is_old_enough else ""


def _standstill(found: Announcement | None) -> str:
    """Only the service itself knows what it sees of the clock: it may not ask the kernel, and then counts nothing."""
    if found is None or abs(clock.epoch() - found.counted_at) < STANDSTILL:
        return ""
    return (
        "no hour was added to its count for three hours: the service does not run, or does not see that the clock is "
        "synchronised (apt install systemd-timesyncd, or see The end in the handbook)"
    )


def _check_clock(settings: Settings) -> Finding:
    return Finding(
        "clock",
        warning="" if settings.demo or time_sync.is_synchronised() else "nothing tells that this server's is right",
        why="until then the destruction day erases nothing by itself",
        command="apt install systemd-timesyncd",
    )


async def check_database_clock(settings: Settings) -> list[Finding]:
    """Machines that share a PostgreSQL have no other clock in common. Another check says that it cannot be read."""
    if settings.database_url.startswith("sqlite"):
        return []
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            before = clock.epoch()
            there = int((await c.one("database.clock") or {})["seconds"])
            after = clock.epoch()
    except PetitionError:
        return []
    return [_compare_clocks(before - there, there - after)]


def _compare_clocks(ahead: int, behind: int) -> Finding:
    apart = max(ahead, behind)
    what = f"this machine's is {apart} seconds {'ahead of' if ahead > behind else 'behind'} that of the database"
    return Finding(
        "clock of the database",
        warning=what if apart >= MOST_APART else "",
        why="if several machines share it, some people get the same email twice, and figures come early or late",
        command="apt install systemd-timesyncd, on every machine",
    )
