"""Encrypts waiting emails again, so that their old key can be destroyed, and drops those that nobody can open."""

from collections.abc import Awaitable, Callable
from functools import partial

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import KeysError
from petition.mail.delivery_rules import OnUnreadable, ignore_unreadable
from petition.mail.outbox import UNREADABLE

PAGE_SIZE = 100  # rows in one transaction


async def rotate_keys(
    database: Database, server_keys: ServerKeys, on_unreadable: OnUnreadable = ignore_unreadable
) -> int:
    """Encrypts emails under expired keys again, then destroys these keys and their copies; returns how many keys."""
    expired_keys = server_keys.outbox.expired()
    for name in expired_keys:
        await reencrypt_emails(database, server_keys, name, on_unreadable)
        server_keys.outbox.destroy(name)
    server_keys.outbox.holder_keys.destroy_expired()
    return len(expired_keys)


async def reencrypt_emails(
    database: Database, server_keys: ServerKeys, key_name: str, on_unreadable: OnUnreadable
) -> None:
    """Encrypts all emails under this key again, with the newest key, and deletes its copy. Rivals may do the same.

    A damaged email is dropped: it must not save the key from destruction.
    """
    job = partial(_reencrypt_page, server_keys=server_keys, key_name=key_name, on_unreadable=on_unreadable)
    await _for_all_pages(database, job)
    await delete_copy(database, key_name)


async def drop_emails(database: Database, key_name: str, on_unreadable: OnUnreadable) -> None:
    """Drops all emails under a key that no machine has any more, and counts them."""
    await _for_all_pages(database, partial(_drop_page, key_name=key_name, on_unreadable=on_unreadable))


async def delete_copy(database: Database, key_name: str) -> None:
    await database.own_transaction(lambda c: c.run("machines.delete_copy", key_name=key_name))


async def _for_all_pages(database: Database, job: Callable[..., Awaitable[list[Row]]]) -> None:
    after = ""
    while rows := await database.own_transaction(partial(job, after=after)):
        after = rows[-1]["id"]


async def _reencrypt_page(
    c: Connection, *, server_keys: ServerKeys, key_name: str, on_unreadable: OnUnreadable, after: str
) -> list[Row]:
    rows = await c.all("outbox.encrypted_with", key_name=key_name, after=after, most=PAGE_SIZE)
    renewed = [_renew(server_keys, key_name, row["encrypted"]) for row in rows]
    if not server_keys.outbox.has_key(key_name):  # a rival has encrypted all rows again, and destroyed the key
        return []
    await _drop(c, key_name, [row for row, new in zip(rows, renewed, strict=True) if not new], on_unreadable)
    for row, new in zip(rows, renewed, strict=True):
        if new:
            await c.run("outbox.reencrypt", id=row["id"], key_name=new[0], encrypted=new[1], old=key_name)
    return rows


def _renew(server_keys: ServerKeys, key_name: str, encrypted: str) -> tuple[str, str] | None:
    try:
        return server_keys.outbox.encrypt(server_keys.outbox.decrypt(key_name, encrypted))
    except KeysError:
        return None


async def _drop_page(c: Connection, *, key_name: str, on_unreadable: OnUnreadable, after: str) -> list[Row]:
    rows = await c.all("outbox.encrypted_with", key_name=key_name, after=after, most=PAGE_SIZE)
    await _drop(c, key_name, rows, on_unreadable)
    return rows


async def _drop(c: Connection, key_name: str, rows: list[Row], on_unreadable: OnUnreadable) -> None:
    """Deletes rows that still have this key, and counts them as unreadable."""
    if ids := sorted(row["link_id"] for row in rows if row["link_id"]):
        await on_unreadable(c, ids=ids)
    dropped = [await c.one("outbox.delete_unreadable", id=row["id"], key_name=key_name) for row in rows]
    for _ in filter(None, dropped):
        await c.run("outbox.count_refusal", day=clock.today().isoformat(), code=UNREADABLE)
