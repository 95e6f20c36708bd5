"""Reads from a hot standby of PostgreSQL, so that what reads many rows does not hold up the primary.

Anyone who was told that something is saved must see it, whichever process wrote it. So nothing is remembered here: the
primary says up to which place its log is on disk, and the standby is read only after it has replayed as far.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from urllib.parse import urlsplit

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.queries import POSTGRESQL, queries
from petition.core.errors import DatabaseError

T = TypeVar("T")
Connect = Callable[[], AbstractAsyncContextManager[Connection]]

REST_SECONDS = 30  # that a standby is not asked after it failed or was late: no reader waits for it each time
CATCH_UP_SECONDS = 1.0  # that it has to replay what the primary has; with a healthy line it needs milliseconds
ANSWER_SECONDS = 2.0
_PAUSE = 0.02
NOT_A_STANDBY = "it takes writes itself, so it is no standby"
ANOTHER = "it holds another database"
# What follows a primary that was replaced has what ours never had, and lacks the rest: its place may even be further.
OTHER_TIMELINE = "it is on another timeline than the primary: it follows an older one, or has not noted the change yet"
LATE = "it is behind the primary"
log = logging.getLogger(__name__)


class Standby:
    """Of one process. `connect` opens a connection to it, a new one each time: another host may be the standby now."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._rests_until = 0
        self._is_left_out = False

    def may_be_asked(self) -> bool:
        """False for a while after it could not be read."""
        return clock.running_seconds() >= self._rests_until

    async def read(self, place: Row, job: Callable[[Connection], Awaitable[T]]) -> T:
        """`place`: of the primary, read before.

        Raises DatabaseError if it is away or behind, or if what it replays has removed rows that the job reads.
        """
        async with self._connect() as c:
            if reason := await why_not(c, place):
                raise DatabaseError(reason)
            async with c.at_one_moment():  # begins only now: it sees all that was replayed
                result = await job(c)
        if self._is_left_out:
            self._is_left_out = False
            log.warning("The standby is read again.")
        return result

    def rest(self, reason: str) -> None:
        """It could not be read. The log says so once."""
        self._rests_until = clock.running_seconds() + REST_SECONDS
        if not self._is_left_out:
            self._is_left_out = True
            log.warning("The standby is not read, the primary is read instead: %s", reason)


async def current_place(c: Connection) -> Row:
    """Of the primary: up to which place its log is on disk, its timeline, and which database it is."""
    (place,) = await c.all("standby.place")
    if place["may_be_cut"]:  # and would stay so while nobody writes: the standby would seem to be late
        await c.run("standby.end_the_entry")
        (place,) = await c.all("standby.place")
    return place


async def kept_bytes(c: Connection) -> int:
    """What the primary keeps on its disk for the standby that is furthest behind. Without a standby 0."""
    (row,) = await c.all("standby.kept")
    return int(row["bytes"])


async def why_not(c: Connection, place: Row) -> str:
    """Why this server cannot be read instead of the primary; empty if it has replayed all up to that place."""
    end = asyncio.get_running_loop().time() + CATCH_UP_SECONDS
    while True:
        (found,) = await c.execute(queries(POSTGRESQL)["standby.look"], place, within=ANSWER_SECONDS)
        if not found["is_standby"]:
            return NOT_A_STANDBY
        if not found["is_same"]:
            return ANOTHER
        if not found["is_on_timeline"]:
            return OTHER_TIMELINE
        if found["has_all"]:
            return ""
        if asyncio.get_running_loop().time() > end:
            return LATE
        await asyncio.sleep(_PAUSE)


def with_any_standby(url: str) -> str:
    """Of several hosts, the one that is a standby now is read, if the address does not say what it wants."""
    if "," not in urlsplit(url).netloc or "target_session_attrs" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}target_session_attrs=standby"
