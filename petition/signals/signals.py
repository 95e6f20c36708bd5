"""The look at a day once it is over: count it, compare it, write down what stands out, and ask organisers to look."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.signals import clusters, detection, notices, pulse
from petition.signals.detection import Day
from petition.signals.notices import INFORMATION, Notice
from petition.signals.pulse import Count
from petition.tally import schedule
from petition.tally.schedule import round_off

FACTOR = "signals_factor"  # in site_state: percent
_FACTORS = range(80, 121)


class Signals:
    """`send_alert` writes to PETITION_ALERTS_TO; the email says where to look and nothing else."""

    def __init__(self, database: Database, send_alert: Callable[[str], Awaitable[None]], base_url: str) -> None:
        self._database, self._send_alert, self._base_url = database, send_alert, base_url

    async def look(self) -> None:
        """Counts each day that is over. Call it before the marks are deleted; safe at any time and from any process."""
        async with self._database.reading() as c:
            days = await pulse.days_to_count(c)
        found = [notice for day in days for notice in await self._look_at(day)]
        await self._database.write(pulse.delete_old)
        if any(notice.signal not in INFORMATION for notice in found):
            await self._send_alert(f"Please look at the desk today: {self._base_url}/organisers/unusual")

    async def _look_at(self, day: str) -> list[Notice]:
        """The new notices of a day; none if another process has counted it."""
        factor = await self._database.write(_own_factor)
        least, remainder = secrets.choice(clusters.LEAST_SIZE), secrets.choice(schedule.REMAINDERS)
        async with self._database.reading() as c:
            count, known = await pulse.count_day(c, day), await pulse.read_history(c)
            today = await pulse.read_day(c, count, least)
        past = [earlier for earlier in known if earlier.day < day]
        found = [notices.make_notice(day, f, remainder) for f in detection.find(past, today, factor, remainder)]
        job = partial(_save, count=count, today=today, found=found, remainder=remainder)
        return await self._database.write(job)


async def _save(c: Connection, *, count: Count, today: Day, found: list[Notice], remainder: int) -> list[Notice]:
    if not await pulse.save(c, count):
        return []
    rows = [
        {
            "handle": group.handle,
            "day": today.day,
            "kind": group.kind,
            "size": round_off(group.confirmed, remainder),
            "rules": " ".join(group.rules),
        }
        for group in today.groups
    ]
    await c.insert_rows("clusters", rows)
    return await notices.save(c, found)


async def _own_factor(c: Connection) -> float:
    """Of all thresholds, since the code is public: drawn once for this site."""
    await state.insert(c, FACTOR, str(secrets.choice(_FACTORS)))
    return int(await state.get(c, FACTOR) or 100) / 100
