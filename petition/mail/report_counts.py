"""How many reports about our emails came in each day, and how many of them named an email of ours; nothing else."""

from datetime import timedelta

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.languages import N_

DAYS = 14
ENOUGH = 10  # reports of which none is recognised: then something is wrong with the reference
NONE_RECOGNISED = N_(
    "reports of emails that came back arrive, and none names an email of ours: the relay must keep our Message-ID, "
    "X-Reference or the envelope id in them (see the handbook, What comes back)"
)


async def add(c: Connection, *, recognised: bool) -> None:
    await c.run("report_counts.add", day=clock.today().isoformat(), recognised=int(recognised))


async def none_recognised(c: Connection) -> bool:
    """Whether reports come in, and none names an email of ours: the relay seems to replace our Message-ID."""
    row = await c.one("report_counts.recent", since=_first_day()) or {}
    return int(row["unknown"]) >= ENOUGH and not int(row["recognised"])


async def delete_expired(c: Connection) -> None:
    await c.run("report_counts.delete_expired", before=_first_day())


def _first_day() -> str:
    return (clock.today() - timedelta(days=DAYS)).isoformat()
