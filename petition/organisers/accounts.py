"""Organisers: each has a nickname, a keyed hash of the address and a role. Their login links are made here too."""

import re
from dataclasses import dataclass
from enum import IntEnum

from petition.core import clock, tokens
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import ServerKeys
from petition.core.errors import OrganiserError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.core.tokens import Purpose
from petition.mail import messages, outbox
from petition.organisers import activity_log

FRESH_LINK_SECONDS = tokens.LINK_LIFETIME[Purpose.LOGIN] // 2  # so a link that was not used has as long left to live
_NICKNAME = re.compile(r"[A-Za-z0-9_-]{2,40}")
_REMOVED = N_("Somebody else has removed %(nickname)s since you opened this page. Nothing was changed.")
_CHANGED = N_("Somebody else has made %(nickname)s %(role)s since you opened this page. Nothing was changed.")


class Role(IntEnum):
    """What an organiser may do. Each role includes the ones before it."""

    VIEWER = 1  # see published numbers
    ORGANISER = 2  # see the desk's numbers, download letters and signatures
    ADMIN = 3  # change the site's rules, and who the organisers are

    @property
    def word(self) -> str:
        """As it is stored, and shown in English."""
        return {Role.VIEWER: N_("viewer"), Role.ORGANISER: N_("organiser"), Role.ADMIN: N_("admin")}[self]


@dataclass(frozen=True, slots=True)
class Organiser:
    """An organiser who is logged in."""

    nickname: str
    role: Role

    def may(self, role: Role) -> bool:
        return self.role >= role


async def add_organiser(
    c: Connection,
    server_keys: ServerKeys,
    nickname: str,
    email: EmailAddress,
    role: Role,
    actor: str = activity_log.SERVER,
) -> None:
    """Raises OrganiserError for a bad or taken nickname or a known address, and as check_actor() does."""
    if not _NICKNAME.fullmatch(nickname):
        raise OrganiserError(N_("A nickname has 2 to 40 letters, digits, - or _."))
    await check_actor(c, actor)
    values = {"nickname": nickname, "email_hash": server_keys.organiser_hash(email), "role": role.word}
    if await c.one("organisers.insert", **values, added_on=clock.today().isoformat()) is None:
        raise OrganiserError(N_("This nickname or this address is an organiser's already."))
    await activity_log.append(c, actor, "added", f"{nickname}, {role.word}")


async def check_actor(c: Connection, actor: str, nickname: str = "", shown: Role | None = None) -> None:
    """Locks the organisers who act and who are acted on until the transaction ends. The server may do everything.

    Nobody acts on themselves: so one admin is always left who can log in, also if two act on each other at once.
    Raises OrganiserError then, for an unknown nickname, if `actor` is not an admin any more, and if the other one does
    not have the role that was shown any more.
    """
    if actor == activity_log.SERVER:
        if nickname:
            await get_organiser(c, nickname)
        return
    if actor == nickname:
        raise OrganiserError(N_("Nobody does this to themselves. Ask another admin."))
    roles = {row["nickname"]: row["role"] for row in await c.all("organisers.lock_two", actor=actor, nickname=nickname)}
    if roles.get(actor) != Role.ADMIN.word:
        raise OrganiserError(N_("You are not an admin any more. Nothing was changed."))
    if shown is not None and nickname not in roles:
        raise OrganiserError(Sentence(_REMOVED, nickname=nickname))
    if shown is not None and roles[nickname] != shown.word:
        raise OrganiserError(Sentence(_CHANGED, nickname=nickname, role=Sentence(roles[nickname])))


async def list_organisers(c: Connection) -> list[Row]:
    """Nickname, role, first day and number of second factors of each."""
    return await c.all("organisers.list")


async def get_organiser(c: Connection, nickname: str) -> Row:
    """Raises OrganiserError for an unknown nickname."""
    if (row := await c.one("organisers.get", nickname=nickname)) is None:
        raise OrganiserError(Sentence(N_("There is no organiser %(nickname)s."), nickname=nickname))
    return row


async def lock_organiser(c: Connection, nickname: str) -> bool:
    """Call it before factors or sessions are read in order to change them: one change of an organiser at a time.

    A removal takes the organiser first too, then factors and sessions. False if the organiser was removed.
    """
    return await c.one("organisers.lock", nickname=nickname) is not None


async def change_role(c: Connection, nickname: str, role: Role, actor: str, shown: Role) -> None:
    """Open sessions have the new role at their next request. Raises OrganiserError as check_actor() does."""
    await check_actor(c, actor, nickname, shown)
    await c.run("organisers.change_role", nickname=nickname, role=role.word)
    await activity_log.append(c, actor, "changed the role of", f"{nickname}: {shown.word} to {role.word}")


async def remove_organiser(
    c: Connection, nickname: str, actor: str = activity_log.SERVER, shown: Role | None = None
) -> None:
    """Deletes an organiser with sessions, factors and links. Raises OrganiserError for an unknown nickname."""
    await _delete_login_links(c, nickname)
    await check_actor(c, actor, nickname, shown)
    if await c.one("organisers.delete", nickname=nickname) is None:
        raise OrganiserError(Sentence(N_("There is no organiser %(nickname)s."), nickname=nickname))
    await activity_log.append(c, actor, "removed", nickname)


async def reset_factors(
    c: Connection, nickname: str, actor: str = activity_log.SERVER, shown: Role | None = None
) -> None:
    """Deletes second factors, sessions and links of an organiser who lost a factor: the next login sets up a new one.

    Raises OrganiserError for an unknown nickname.
    """
    await _delete_login_links(c, nickname)
    await check_actor(c, actor, nickname, shown)
    await c.run("second_factor.reset_attempts", nickname=nickname)
    await c.run("second_factor.delete_all", nickname=nickname)
    await c.run("sessions.delete_all", nickname=nickname)
    await activity_log.append(c, actor, "took the second factors from", nickname)


async def _delete_login_links(c: Connection, nickname: str) -> None:
    await c.run("links.delete_logins", purpose=Purpose.LOGIN.value, nickname=nickname)


async def make_login_link(
    c: Connection,
    server_keys: ServerKeys,
    nickname: str,
    actor: str = activity_log.SERVER,
    shown: Role | None = None,
) -> str:
    """The secret of a one-time login link, for a login before email works. Raises OrganiserError."""
    secret = tokens.new_secret()
    await _insert_login_link(c, nickname, server_keys.link_keys(secret).row_id)
    await check_actor(c, actor, nickname, shown)
    await activity_log.append(c, actor, "made a login link for", nickname)
    return secret


async def request_login_link(c: Connection, server_keys: ServerKeys, email: EmailAddress, language: str) -> None:
    """Emails a login link if the address is an organiser's and has no fresh one. Nobody learns whether it is.

    No matter who asks, the link goes to the organiser: so strangers can make four emails an hour, and lock nobody out.
    For any other address as much is written: a link that nobody gets, and a decoy.
    """
    mailbox, _ = server_keys.email_hashes(email)
    email_hash, secret = server_keys.organiser_hash(email), tokens.new_secret()
    link_id = server_keys.link_keys(secret).row_id
    mail = outbox.prepare_email(server_keys, messages.LOGIN, language=language, to=email.exact, secret=secret)
    await c.run("organisers.lock_recipient", email_hash=email_hash)
    fresh = clock.epoch() + tokens.LINK_LIFETIME[Purpose.LOGIN] - FRESH_LINK_SECONDS
    row = await c.one("organisers.find_recipient", email_hash=email_hash, mailbox=mailbox, fresh=fresh) or {}
    if row["nickname"] is None or row["never"] or row["fresh_links"]:
        await _insert_login_link(c, "", link_id, recipient=link_id)
        mail = outbox.make_decoy(mail)
    else:
        await _insert_login_link(c, row["nickname"], link_id, recipient=email_hash)
    await outbox.enqueue(c, [mail])


async def _insert_login_link(c: Connection, nickname: str, link_id: str, recipient: str | None = None) -> None:
    """`recipient`: the hash of an organiser who gets it by email."""
    await c.run(
        "links.insert",
        id=link_id,
        purpose=Purpose.LOGIN.value,
        subject=nickname,
        mailbox=recipient,
        quota=None,
        expires_at=clock.epoch() + tokens.LINK_LIFETIME[Purpose.LOGIN],
    )
