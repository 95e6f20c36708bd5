"""What `petition doctor` says of the log."""

from petition.commands.doctor.finding import Finding
from petition.core import clock
from petition.core.database import database as db
from petition.core.database import migrations, state
from petition.core.database.connection import Connection
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.log import store
from petition.log.keeper import COPY_STANDS, STANDS

_SUBJECT = "public log"
_OTHERS = 0o077
_LATE = 1800  # seconds after which an entry should have been signed


async def check_log(settings: Settings) -> Finding:
    """A database that cannot be used has its finding already."""
    try:
        async with db.open_database(settings.database_url) as database, database.reading() as c:
            await migrations.check_schema(c, settings.mode)
            return await _look(c, settings)
    except PetitionError:
        return Finding(_SUBJECT)


async def _look(c: Connection, settings: Settings) -> Finding:
    if problem := await state.get(c, STANDS) or await state.get(c, COPY_STANDS):
        return Finding(_SUBJECT, f"it stands still ({problem.rstrip('.')})", why="people sign as before")
    if (log := await store.read_log(c)) is None:
        return _nothing_logged(settings)
    ends = await store.read_ends(c)
    waiting = await c.all("log.entries_from", n=max(int(ends["below"]), log.first))
    late = waiting and int(waiting[0]["added_at"]) < clock.epoch() - _LATE
    what = "nothing was signed for half an hour, though entries wait" if late else ""
    command = "start the service on the machine that has PETITION_LOG_KEY"
    return Finding(_SUBJECT, warning=what, why="strangers see an old log", command=command)


def _nothing_logged(settings: Settings) -> Finding:
    if settings.demo:
        return Finding(_SUBJECT)
    what, command = "it has not begun", "petition log begin"
    if not settings.log_keys:
        what, command = "PETITION_LOG_KEY is empty", "petition log key NAME (see the handbook)"
    why = "nobody can see whether what was published was changed later"
    return Finding(_SUBJECT, warning=what, why=why, command=command)


def check_log_key(settings: Settings) -> Finding:
    subject, file = "file of the log key", settings.log_key_file
    if file is None or not file.exists() or not file.stat().st_mode & _OTHERS:
        return Finding(subject)
    why = "who has it can speak under the name of the log"
    return Finding(subject, f"others may read {file}", why=why, command=f"chmod 600 {file}")


CHECKS = (check_log, check_log_key)
