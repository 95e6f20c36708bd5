"""Checks that a backup has been made lately. A backup on the same disk is none: that no check can see."""

from datetime import datetime

from petition.commands.doctor.finding import Finding
from petition.core import clock
from petition.core.database.database import open_database
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.organisers import activity_log

_OLD_DAYS, _TOO_OLD_DAYS = 3, 30


async def check_backup(settings: Settings) -> Finding:
    """A database that cannot be read is another check's business."""
    subject = "last backup"
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            last = await activity_log.last_backup(c)
    except PetitionError:
        return Finding(subject)
    days = (clock.now() - datetime.fromisoformat(last)).days if last else None
    if settings.demo or (days is not None and days < _OLD_DAYS):
        return Finding(subject)
    what = "there has never been a backup" if days is None else f"the last backup is {days} days old"
    is_old = days is not None and days >= _TOO_OLD_DAYS
    why = "if this disk dies, all signatures since then are lost"
    command = "systemctl enable --now petition-backup.timer, or petition backup FILE; then copy it to another place"
    return Finding(subject, what if is_old else "", "" if is_old else what, why, command)
