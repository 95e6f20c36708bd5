"""Sessions of organisers: begun with a mailed link, whole once a second factor was shown, soon over."""

from dataclasses import dataclass

from petition.core import clock, tokens
from petition.core.clock import HOUR
from petition.core.database.connection import Connection, Row
from petition.core.errors import LinkError
from petition.core.tokens import Purpose
from petition.organisers import activity_log
from petition.organisers.accounts import Organiser, Role

LIFE = 12 * HOUR  # a working day: a machine that is taken overnight opens nothing in the morning
IDLE = HOUR // 2  # since the last request
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who came with a link; at the desk only if it is whole."""

    id: str  # what is kept of the number in the cookie
    organiser: Organiser
    whole: bool
    begun: int
    seen: int


async def log_in(c: Connection, number: str, *, strict: bool) -> tuple[str, bool]:
    """Redeems a login link, once; the number of a new session, and whether it is whole. Raises LinkError.

    Only where we are not strict (a demo) is one whole without a second factor, for whoever has set up none.
    """
    row = await c.one("links.redeem", id=tokens.secret_hash(number), purpose=Purpose.LOGIN.value, now=clock.epoch())
    if row is None or await c.one("organisers.get", nickname=row["subject"]) is None:
        raise LinkError("This link does not work.")
    nickname = row["subject"]
    armed = (await c.one("sessions.armed", nickname=nickname) or {})["n"]
    whole = not strict and not armed
    return await _begin(c, nickname, whole=whole), whole


async def complete(c: Connection, session: Session) -> str | None:
    """The second factor was shown: a whole session, under a new number, in the place of this one.

    None if this one was ended meanwhile.
    """
    if not await end(c, session.organiser.nickname, session.id):
        return None
    return await _begin(c, session.organiser.nickname, whole=True)


async def _begin(c: Connection, nickname: str, *, whole: bool) -> str:
    number, now = tokens.new_secret(), clock.epoch()
    kept = tokens.secret_hash(number)
    await c.run("sessions.begin", id=kept, nickname=nickname, now=now, expires=now + LIFE, whole=int(whole))
    if whole:
        await activity_log.write(c, nickname, "logged in")
    return number


async def find(c: Connection, number: str) -> Session | None:
    """Whose session this is; None once it is over."""
    row = await c.one("sessions.get", id=tokens.secret_hash(number), **_limits())
    if row is None:
        return None
    organiser = Organiser(row["nickname"], Role[row["role"].upper()])
    return Session(row["id"], organiser, bool(row["whole"]), int(row["begun"]), int(row["seen"]))


def stale(session: Session) -> bool:
    """Whether its last use is to be written down: once a minute is enough."""
    return clock.epoch() - session.seen >= _MINUTE


async def touch(c: Connection, session: Session) -> None:
    """It is in use."""
    await c.run("sessions.touch", id=session.id, now=clock.epoch())


async def of(c: Connection, nickname: str) -> list[Row]:
    """The whole sessions of an organiser, newest first."""
    return await c.all("sessions.of", nickname=nickname, **_limits())


async def end(c: Connection, nickname: str, id_: str) -> bool:
    """Ends one of somebody's sessions; whether there was one."""
    return await c.one("sessions.end", id=id_, nickname=nickname) is not None


async def end_all(c: Connection, nickname: str) -> None:
    """Ends all sessions of somebody, and their links that wait."""
    await c.run("sessions.end_all", nickname=nickname)
    await c.run("links.drop_logins", purpose=Purpose.LOGIN.value, nickname=nickname)


async def expire(c: Connection) -> None:
    """Sessions that are over."""
    await c.run("sessions.expired", **_limits())


def _limits() -> dict[str, int]:
    now = clock.epoch()
    return {"now": now, "idle": now - IDLE}
