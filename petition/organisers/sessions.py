"""Sessions of organisers: a login link creates one, a second factor makes it authenticated, hours later it ends."""

from dataclasses import dataclass

from petition.core import clock, tokens
from petition.core.clock import HOUR
from petition.core.database.connection import Connection, Row
from petition.core.errors import LinkError
from petition.core.tokens import Purpose
from petition.organisers import accounts, activity_log
from petition.organisers.accounts import Organiser, Role

SESSION_LIFETIME = 12 * HOUR  # a working day: a computer taken at night opens nothing in the morning
IDLE_TIMEOUT = HOUR // 2  # since the last request
_USE_INTERVAL = 60


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who used a login link; only an authenticated session opens the desk."""

    id: str  # the hash of the secret in the cookie
    organiser: Organiser
    authenticated: bool
    created_at: int
    last_used_at: int
    factor_shown_at: int  # 0 if none was asked for


async def log_in(c: Connection, link_id: str, *, require_factor: bool) -> tuple[str, bool]:
    """Uses up a login link: the secret of a new session, and whether it is authenticated. Raises LinkError.

    Without a second factor it is authenticated only where none is required (a demo) and the organiser has none.
    """
    row = await c.one("links.redeem", id=link_id, purpose=Purpose.LOGIN.value, now=clock.epoch())
    if row is None or await c.one("organisers.get", nickname=row["subject"]) is None:
        raise LinkError("This link does not work.")
    nickname = row["subject"]
    has_factor = (await c.one("sessions.count_factors", nickname=nickname) or {})["n"]
    authenticated = not require_factor and not has_factor
    return await _create_session(c, nickname, authenticated=authenticated), authenticated


async def complete_login(c: Connection, session: Session) -> str | None:
    """The second factor was shown: an authenticated session replaces this one. Returns its secret.

    None if this session has ended.
    """
    await accounts.lock_organiser(c, session.organiser.nickname)
    if not await end_session(c, session.organiser.nickname, session.id):
        return None
    return await _create_session(c, session.organiser.nickname, authenticated=True, factor_shown_at=clock.epoch())


async def _create_session(c: Connection, nickname: str, *, authenticated: bool, factor_shown_at: int = 0) -> str:
    secret, now = tokens.new_secret(), clock.epoch()
    id_ = tokens.secret_hash(secret)
    await c.run(
        "sessions.insert",
        id=id_,
        nickname=nickname,
        now=now,
        expires_at=now + SESSION_LIFETIME,
        authenticated=int(authenticated),
        factor_shown_at=factor_shown_at,
    )
    if authenticated:
        await activity_log.append(c, nickname, "logged in")
    return secret


async def find_session(c: Connection, secret: str) -> Session | None:
    """None if the session has ended."""
    row = await c.one("sessions.get", id=tokens.secret_hash(secret), **_time_limits())
    if row is None:
        return None
    organiser = Organiser(row["nickname"], Role[row["role"].upper()])
    times = (int(row[name]) for name in ("created_at", "last_used_at", "factor_shown_at"))
    return Session(row["id"], organiser, bool(row["authenticated"]), *times)


def needs_use_recorded(session: Session) -> bool:
    """Once a minute is enough."""
    return clock.epoch() - session.last_used_at >= _USE_INTERVAL


async def record_use(c: Connection, session: Session) -> None:
    await c.run("sessions.record_use", id=session.id, now=clock.epoch())


async def record_factor(c: Connection, session: Session) -> bool:
    """The second factor was shown again. False if the session has ended."""
    return await c.one("sessions.record_factor", id=session.id, now=clock.epoch()) is not None


async def list_sessions(c: Connection, nickname: str) -> list[Row]:
    """Only authenticated ones, the newest first."""
    return await c.all("sessions.list_of_organiser", nickname=nickname, **_time_limits())


async def end_session(c: Connection, nickname: str, id_: str) -> bool:
    """Whether this organiser had such a session."""
    return await c.one("sessions.delete", id=id_, nickname=nickname) is not None


async def end_all_sessions(c: Connection, nickname: str) -> None:
    """Also deletes login links that were not used yet."""
    await c.run("links.delete_logins", purpose=Purpose.LOGIN.value, nickname=nickname)
    await accounts.lock_organiser(c, nickname)
    await c.run("sessions.delete_all", nickname=nickname)


async def delete_expired(c: Connection) -> None:
    await c.run("sessions.delete_expired", **_time_limits())


def _time_limits() -> dict[str, int]:
    now = clock.epoch()
    return {"now": now, "idle": now - IDLE_TIMEOUT}
