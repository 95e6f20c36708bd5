"""Notices a full database beside an empty one: somebody changed PETITION_DATABASE_URL and moved nothing."""

from petition.core.database.database import Database, open_database
from petition.core.database.sqlite import database_file
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.tally import tally


async def find_unused(settings: Settings, database: Database) -> str:
    """A sentence if nobody has signed in `database`, but in the file that is used by default; else empty."""
    file = settings.var / "petition.db"
    is_other = database.dialect != "sqlite" or database_file(settings.database_url).resolve() != file.resolve()
    if not (is_other and file.is_file() and await _is_empty(database)):
        return ""
    try:
        async with open_database(f"sqlite:///{file}") as beside:
            if await _is_empty(beside):
                return ""
    except PetitionError:  # it is no database of ours
        return ""
    return (
        f"nobody has signed in the database of PETITION_DATABASE_URL, but {file} holds signatures: unset "
        "PETITION_DATABASE_URL, and copy them with `petition move URL`"
    )


async def _is_empty(database: Database) -> bool:
    async with database.reading() as c:
        return await tally.is_empty(c)
