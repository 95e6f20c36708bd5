"""Organisers: who they are (a nickname and a keyed hash), how they log in, what each may do, and the record of it."""

import re
from dataclasses import dataclass
from enum import IntEnum

from petition import clock, notices, outbox, throttle, tokens
from petition.addresses import Address
from petition.clock import DAY
from petition.db import Connection, Row
from petition.errors import LinkError, OrganiserError
from petition.sealing import Vault
from petition.tokens import Purpose

SESSION = 7 * DAY
_NICKNAME = re.compile(r"[A-Za-z0-9_-]{2,40}")


class Role(IntEnum):
    """What an organiser may do; each may do what stands above it too."""

    VIEWER = 1  # see published numbers
    ORGANISER = 2  # see the desk's numbers, download letters and signatures
    ADMIN = 3  # change the site's rules


@dataclass(frozen=True, slots=True)
class Organiser:
    """Somebody who is logged in."""

    nickname: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this organiser has at least that role."""
        return self.role >= role


async def add(c: Connection, vault: Vault, nickname: str, address: Address, role: Role) -> None:
    """A new organiser. Raises OrganiserError for a bad or taken nickname or a known address."""
    if not _NICKNAME.fullmatch(nickname):
        raise OrganiserError("A nickname has 2 to 40 letters, digits, - or _.")
    _, hashed = vault.hashes(address)
    values = {"nickname": nickname, "address": hashed, "role": role.name.lower()}
    if await c.one("organisers.add", **values, since=clock.today().isoformat()) is None:
        raise OrganiserError("This nickname or this address is an organiser's already.")


async def listed(c: Connection) -> list[Row]:
    """Nickname, role and first day of each."""
    return await c.all("organisers.list")


async def remove(c: Connection, nickname: str) -> None:
    """Ends what an organiser may do, sessions and links included. Raises OrganiserError for an unknown nickname."""
    if await c.one("organisers.remove", nickname=nickname) is None:
        raise OrganiserError(f"There is no organiser {nickname}.")
    await c.run("links.drop_logins", purpose=Purpose.LOGIN.value, nickname=nickname)


async def link(c: Connection, nickname: str) -> str:
    """The number of a one-time login link, for the first login before mail works. Raises OrganiserError."""
    if await c.one("organisers.get", nickname=nickname) is None:
        raise OrganiserError(f"There is no organiser {nickname}.")
    number = tokens.number()
    await _put_link(c, nickname, number)
    return number


async def ask_login(c: Connection, vault: Vault, to: Address, language: str) -> None:
    """Mails a login link if the address is an organiser's. Tells nobody whether it is.

    For anybody else the same is written, for nobody: a link that no one gets and a mail that the deliverer drops.
    """
    mailbox, hashed = vault.hashes(to)
    number = tokens.number()
    mail = notices.login(vault, language, to.exact, number)
    known = await c.one("organisers.known", address=hashed)
    decoy = tokens.kept(number)
    if all(await throttle.allow_mail(c, [mailbox if known else decoy], [decoy])) and known:
        await _put_link(c, known["nickname"], number)
    else:
        await _put_link(c, "", number)
        mail = outbox.decoy(mail)
    await outbox.put(c, [mail])


async def _put_link(c: Connection, nickname: str, number: str) -> None:
    await c.run(
        "links.put",
        id=tokens.kept(number),
        purpose=Purpose.LOGIN.value,
        subject=nickname,
        mailbox=None,
        expires=clock.epoch() + tokens.LIFETIME[Purpose.LOGIN],
    )


async def log_in(c: Connection, number: str) -> str:
    """Redeems a login link, once; returns the number of the new session. Raises LinkError."""
    row = await c.one("links.redeem", id=tokens.kept(number), purpose=Purpose.LOGIN.value, now=clock.epoch())
    if row is None or await c.one("organisers.get", nickname=row["subject"]) is None:
        raise LinkError("This link does not work.")
    session = tokens.number()
    now = clock.epoch()
    await c.run(
        "organisers.begin_session",
        id=tokens.kept(session),
        nickname=row["subject"],
        now=now,
        expires=now + SESSION,
    )
    await record(c, row["subject"], "logged in")
    return session


async def log_out(c: Connection, session: str) -> None:
    """Ends a session."""
    await c.run("organisers.end_session", id=tokens.kept(session))


async def of_session(c: Connection, session: str) -> Organiser | None:
    """Who holds this session, or None once it is over."""
    row = await c.one("organisers.session", id=tokens.kept(session), now=clock.epoch())
    return Organiser(row["nickname"], Role[row["role"].upper()]) if row else None


async def record(c: Connection, nickname: str, action: str, detail: str = "") -> None:
    """What an organiser did, by nickname, seen by the others."""
    moment = clock.iso(clock.now())
    await c.run("organisers.record", moment=moment, nickname=nickname, action=action, detail=detail)


async def actions(c: Connection, most: int = 50) -> list[Row]:
    """The record, newest first."""
    return await c.all("organisers.actions", most=most)


async def expire(c: Connection) -> None:
    """Sessions that are over."""
    await c.run("organisers.sessions_expired", now=clock.epoch())
