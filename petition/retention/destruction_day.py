"""The destruction day of campaign.toml: announced before it counts, so that no wrong year and no wrong clock erases.

An admin may choose an earlier one at the desk.

The database knows the day, and for how many hours the site has run since it was announced. Each process looks every
hour. It adds an hour if it saw the same count an hour ago or earlier, by seconds that no setting of the clock moves: so
many machines count no faster than one. What does not fit together starts the count again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from petition.campaign.campaign import Campaign
from petition.core import clock, time_sync
from petition.core.clock import DAY, HOUR
from petition.core.database import state, switches
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.languages import N_
from petition.core.sentences import Sentence, join
from petition.organisers import activity_log

HOURS_NEEDED = 7 * 24  # of running, all of them before the day
MIN_DAYS = 9  # from today to a day that an admin chooses: so many hours fit in, with a day to spare
MAX_PAUSE = 7 * DAY  # if the site was away for longer, or its clock says so, the count starts again
MAX_DRIFT = DAY  # of the clock from the seconds that have passed, while a process runs
STATE_NAME = "destruction"
# In the activity log.
_ANNOUNCES, _COUNTS_AGAIN = N_("announced the destruction day"), N_("counts to the destruction day again")
_RESTARTS = "the clock jumped, the site was away for a week, or another machine has another day in campaign.toml"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """`hours` of running since the day was announced; `counted_at`: when the last was added (epoch seconds)."""

    day: date
    hours: int
    counted_at: int

    def __str__(self) -> str:
        return f"{self.day} {self.hours} {self.counted_at}"

    @property
    def is_old_enough(self) -> bool:
        return self.hours >= HOURS_NEEDED

    @property
    def is_recent(self) -> bool:
        """False if the clock is far from where it was when the last hour was added."""
        return -MAX_DRIFT <= clock.epoch() - self.counted_at <= MAX_PAUSE


async def get(c: Connection) -> Announcement | None:
    value = await state.get(c, STATE_NAME)
    if value is None:
        return None
    day, hours, counted_at = value.split()
    return Announcement(date.fromisoformat(day), int(hours), int(counted_at))


async def day_of(c: Connection, campaign: Campaign) -> date | None:
    """The day of campaign.toml, or an earlier one that an admin chose; None if it is not known.

    Never a later one: people who signed were told that day.
    """
    day, chosen = campaign.destruction, (await switches.get(c, switches.DESTRUCTION)).value
    if not isinstance(day, date):
        return None
    return date.fromisoformat(chosen) if chosen and _after_deadline(campaign) <= chosen < day.isoformat() else day


def _after_deadline(campaign: Campaign) -> str:
    return (campaign.deadline + timedelta(1)).isoformat() if isinstance(campaign.deadline, date) else ""


def days_to_choose(campaign: Campaign) -> tuple[str, str] | None:
    """The first and the last day (ISO) that an admin may choose now; None if there is none."""
    first = max((clock.today() + timedelta(MIN_DAYS)).isoformat(), _after_deadline(campaign))
    last = campaign.destruction
    return (first, last.isoformat()) if isinstance(last, date) and first <= last.isoformat() else None


async def announce_again(c: Connection, campaign: Campaign) -> None:
    """Call it in the transaction in which an admin chooses a day: its hours are counted from now."""
    if day := await day_of(c, campaign):
        await state.put(c, STATE_NAME, str(Announcement(day, 0, clock.epoch())))
        await activity_log.append(c, activity_log.SERVER, _ANNOUNCES, day.isoformat())


def has_come(day: date, campaign: Campaign) -> bool:
    """Whether it is that day in UTC and in the campaign's time zone: after the end of the deadline, and on the day."""
    return min(clock.today(), campaign.day(clock.now())) >= day


async def is_due(c: Connection, campaign: Campaign) -> bool:
    """Whether everything that leads to a person is to be erased now."""
    day, found = await day_of(c, campaign), await get(c)
    if day is None or not has_come(day, campaign) or found is None or found.day != day:
        return False
    return found.is_old_enough and found.is_recent and time_sync.is_synchronised()


async def has_ended(c: Connection) -> bool:
    """Whether there is nothing left for the day to erase."""
    return await state.is_closed(c) and await state.get(c, "names_kept") is None


async def forget(c: Connection) -> None:
    """The day is announced again, and its hours are counted again."""
    await state.delete(c, STATE_NAME)


class DestructionWatch:
    """Of one process. Its first look announces its day; while another process announces another day, none counts."""

    def __init__(self, database: Database, campaign: Callable[[], Campaign]) -> None:
        self._database, self._campaign = database, campaign
        self._seen: tuple[str, int] | None = None  # the count, and when it was first seen (running seconds)
        self._offset: int | None = None  # of the clock from the running seconds, at the first look
        self._said = ""

    async def look(self) -> None:
        """Call it every hour. Logs what keeps the day from coming, once."""
        sentence = await self._database.write(self._look)
        if sentence and sentence != self._said:
            log.warning("%s", sentence)
        self._said = sentence

    async def _look(self, c: Connection) -> str:
        campaign = self._campaign()
        day = await day_of(c, campaign)
        if day is None or await has_ended(c):
            return ""
        old = await get(c)
        new = self._count(old, day)
        if new != old and not await _store(c, old, new):
            return self._said  # another process was faster: the next look sees what it stored
        if self._seen is None or self._seen[0] != str(new):
            self._seen = str(new), clock.running_seconds()
        return trouble(new, day, campaign) or ""

    def _count(self, found: Announcement | None, day: date) -> Announcement:
        if found is None or (found.day != day and self._seen is None):
            return Announcement(day, 0, clock.epoch())
        if found.day != day:
            return replace(found, hours=0)
        if not time_sync.is_synchronised():
            return found
        if self._has_jumped() or not found.is_recent:
            self._offset = None
            return Announcement(day, 0, clock.epoch())
        return found if has_come(day, self._campaign()) else self._add_hour(found)

    def _has_jumped(self) -> bool:
        offset = clock.epoch() - clock.running_seconds()
        if self._offset is None:
            self._offset = offset
        return abs(offset - self._offset) > MAX_DRIFT

    def _add_hour(self, found: Announcement) -> Announcement:
        seen, since = self._seen or ("", 0)
        if seen == str(found) and clock.running_seconds() - since >= HOUR:
            return Announcement(found.day, found.hours + 1, clock.epoch())
        return found


async def _store(c: Connection, old: Announcement | None, new: Announcement) -> bool:
    """False if another process has changed it in between."""
    if old is None:
        stored = await state.insert(c, STATE_NAME, str(new))
    else:
        stored = await state.exchange(c, STATE_NAME, str(old), str(new))
    if stored and (old is None or old.day != new.day):
        await activity_log.append(c, activity_log.SERVER, _ANNOUNCES, new.day.isoformat())
        log.warning("announced: %s", describe(new))
    elif stored and old is not None and old.is_old_enough and not new.hours:
        await activity_log.append(c, activity_log.SERVER, _COUNTS_AGAIN, new.day.isoformat())
        log.warning("%s", f"The seven days before {new.day} begin again: {_RESTARTS}.")
    return stored


async def say(c: Connection, campaign: Campaign) -> Sentence | None:
    """What organisers should know of the day; None if there is none or if it has nothing left to erase."""
    day = await day_of(c, campaign)
    if day is None or await has_ended(c):
        return None
    found = await get(c)
    return trouble(found, day, campaign) or (describe(found) if found else None)


async def say_trouble(c: Connection, campaign: Campaign) -> Sentence | None:
    """What keeps the day of campaign.toml from erasing; None if nothing does, or if there is nothing left to erase."""
    day = await day_of(c, campaign)
    return None if day is None or await has_ended(c) else trouble(await get(c), day, campaign)


_ANNOUNCED = N_("On %(day)s everything that leads to a person is erased, if nobody ended signing before.")
_HOURS = N_("It was announced for %(hours)s of %(needed)s hours.")
_NOT_LONG_ENOUGH = N_(
    "The destruction day %(day)s is here, but it was not announced for seven days of running, so nothing is "
    "erased by itself: if the day is wrong, correct campaign.toml and restart; if it is right, run "
    "`petition close`."
)
_UNANNOUNCED = N_("The destruction day %(day)s is not announced yet: start the service.")
_ANOTHER = N_(
    "campaign.toml says that everything is erased on %(day)s, but %(announced)s was announced: use the same "
    "file on every machine and restart the service."
)
_DOUBTFUL_CLOCK = N_(
    "The destruction day %(day)s is here, but nothing tells that the clock of this server is right, so nothing is "
    "erased by itself: if today is that day, run `petition close`."
)


def describe(announced: Announcement) -> Sentence:
    """What is announced, for organisers."""
    sentence = Sentence(_ANNOUNCED, day=announced.day)
    if announced.is_old_enough:
        return sentence
    return join([sentence, Sentence(_HOURS, hours=announced.hours, needed=HOURS_NEEDED)])


def trouble(announced: Announcement | None, day: date, campaign: Campaign) -> Sentence | None:
    """What keeps the day of campaign.toml from erasing, and what to do; None if nothing does."""
    come = has_come(day, campaign)
    if come and (announced is None or not announced.is_old_enough):
        return Sentence(_NOT_LONG_ENOUGH, day=day)
    if announced is None:
        return Sentence(_UNANNOUNCED, day=day)
    if announced.day != day:
        return Sentence(_ANOTHER, day=day, announced=announced.day)
    if not come or (announced.is_recent and time_sync.is_synchronised()):
        return None
    return Sentence(_DOUBTFUL_CLOCK, day=day)
