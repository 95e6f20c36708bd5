"""What `petition doctor` says of the log."""

from petition.core import clock
from petition.core.database import database as db
from petition.core.database import migrations, state
from petition.core.database.connection import Connection
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.log import store
from petition.log.keeper import COPY_STANDS, STANDS

_SUBJECT = "public log"
_LATE = 1800  # seconds after which an entry should have been signed
Said = tuple[str, str, str, str, str]  # subject, what must be fixed, what should be known, why, how


async def check_log(settings: Settings) -> Said:
    """A database that cannot be used has its finding already."""
    try:
        async with db.open_database(settings.database_url) as database, database.reading() as c:
            await migrations.check_schema(c, settings.mode)
            return await _look(c, settings)
    except PetitionError:
        return _SUBJECT, "", "", "", ""


async def _look(c: Connection, settings: Settings) -> Said:
    if problem := await state.get(c, STANDS) or await state.get(c, COPY_STANDS):
        return (
            _SUBJECT,
            f"it stands still ({problem.rstrip('.')})",
            "",
            "nothing new is signed; people sign as before",
            "",
        )
    if (log := await store.read_log(c)) is None:
        return _nothing_logged(settings)
    ends = await store.read_ends(c)
    waiting = await c.all("log.entries_from", n=max(int(ends["below"]), log.first))
    late = waiting and int(waiting[0]["added_at"]) < clock.epoch() - _LATE
    what = "nothing was signed for half an hour, though entries wait" if late else ""
    return _SUBJECT, "", what, "strangers see an old log", "start the service on the machine that has PETITION_LOG_KEY"


def _nothing_logged(settings: Settings) -> Said:
    if settings.demo:
        return _SUBJECT, "", "", "", ""
    why = "nobody can see whether what was published was changed later"
    if not settings.log_keys:
        return (
            _SUBJECT,
            "",
            "PETITION_LOG_KEY is empty: nothing is logged",
            why,
            "petition log key NAME (see the handbook)",
        )
    return _SUBJECT, "", "it has not begun", why, "petition log begin"


CHECKS = (check_log,)
