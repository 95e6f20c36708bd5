"""Moves a whole site into another database: every row of every table, as it is at one moment.

While it is copied, nobody can write to the old database, and no email leaves. Until the copy is counted and audited,
the new database has the mark ARRIVING, and the old one works again as soon as this process ends, however it ends. Then
the old one gets the mark MOVED, in the transaction that kept all others out, and the new one loses its mark. If this
process is killed between these two, another call does the rest.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from petition.core import clock
from petition.core.database import migrations, state, vacuum
from petition.core.database.connection import LOCKS, LONG_TIMEOUT, Connection, Row
from petition.core.database.database import Database
from petition.core.database.queries import POSTGRESQL, SQLITE
from petition.core.errors import DatabaseError, Moved
from petition.core.settings import Mode
from petition.mail import outbox
from petition.organisers import activity_log
from petition.tally import audit

ROWS_PER_BATCH, _LETTERS_PER_BATCH = 5000, 20  # each letter has a PDF
CLAIMS_PAUSE = 0.5  # seconds between two looks whether an email is still leaving
# Rows of site_state that belong to one database. `petition move` makes the others there.
_OWN_STATE = ("mode", "schema", state.ARRIVING, state.MOVED, outbox.PAUSED_UNTIL)
_BUSY = "This database is being migrated: run `petition move` again when that is done."


@dataclass(frozen=True, slots=True)
class Move:
    """`rows` of each table; `doubts`: numbers that did not agree in the old database either."""

    rows: dict[str, int]
    doubts: list[str]


Progress = Callable[[int], Callable[[int], object]]  # gets the number of rows; gives what is told how many more arrived


async def move_site(source: Database, target: Database, mode: Mode, progress: Progress) -> Move | None:
    """Copies all rows; None if an earlier call had copied them and was ended before it could say so.

    Raises DatabaseError if the target is not empty, or the copy is not the same.
    """
    number = await _prepare_target(source, target, mode)
    if not number:
        return None
    async with source.holding("migrations.try_lock", 0, _BUSY), _closed(source) as (lock, c):
        await migrations.check_schema(c, mode)
        move = await _copy(c, target, progress)
        await state.put(lock, state.MOVED, number)
    await target.write(partial(_arrive, detail=_detail(source, target)))
    await _tidy(target)
    return move


def _detail(source: Database, target: Database) -> str:
    return f"from {source.dialect} to {target.dialect}"


async def _prepare_target(source: Database, target: Database, mode: Mode) -> str:
    """Makes the target empty tables; the number of this move. Empty if the copy was whole and is now open."""
    async with source.reading() as c:
        if not (moved := await _mark(c, state.MOVED)):
            await migrations.check_schema(c, mode)
    async with target.reading() as c:
        arriving = await _mark(c, state.ARRIVING)
    if moved and moved == arriving:
        await target.write(partial(_arrive, detail=_detail(source, target)))
        return ""
    if moved:
        raise Moved("This site has moved already: set PETITION_DATABASE_URL to the database that it moved to.")
    await (target.own_transaction(_empty) if arriving else _refuse_rows(target))
    await migrations.migrate(target, mode)
    number = secrets.token_hex(8)
    await target.write(partial(state.put, name=state.ARRIVING, value=number))
    await _refuse_same(source, target, number)
    return number


async def _mark(c: Connection, name: str) -> str:
    return (await migrations.is_migrated(c) and await state.get(c, name)) or ""


async def _refuse_same(source: Database, target: Database, number: str) -> None:
    async with source.reading() as c:
        is_same = await state.get(c, state.ARRIVING) == number
    if is_same:
        await target.write(partial(state.delete, name=state.ARRIVING))
        raise DatabaseError("This is the database that the site is in: name another one.")


async def _refuse_rows(target: Database) -> None:
    async with target.reading() as c:
        ours = {row["name"] for row in await c.all("database.tables")} & {*LOCKS} - {"site_state"}
        found = [table for table in sorted(ours, key=LOCKS.index) if await c.count_rows(table)]
    if found:
        raise DatabaseError(
            f"The new database is not empty, it has rows in {', '.join(found[:3])}: name another one, or empty this one"
            f" ({_HOW_TO_EMPTY[target.dialect]})."
        )


_HOW_TO_EMPTY = {SQLITE: "delete its file", POSTGRESQL: "dropdb, then createdb"}


async def _empty(c: Connection) -> None:
    """Deletes what an earlier call had copied before it was ended. It was never in use."""
    for mark in ("reordering", "destroying"):  # without them the triggers forbid it
        await state.put(c, mark, "yes")
    await c.truncate([table for table in LOCKS if table != "site_state"])
    await c.run("backup.clear_state")


@asynccontextmanager
async def _closed(source: Database) -> AsyncIterator[tuple[Connection, Connection]]:
    """Nobody else writes to the source and no email is leaving: (the transaction that keeps others out, one to read).

    PostgreSQL must read in another transaction, which began after the last write. SQLite has only one.
    """
    await source.write(outbox.pause_claims)
    end = clock.epoch() + outbox.PAUSE_SECONDS
    async with source.autocommit() as lock:
        while not await _begin_alone(lock):
            if clock.epoch() > end:
                raise DatabaseError("Emails are still being sent: stop the service, and run `petition move` again.")
            await asyncio.sleep(CLAIMS_PAUSE)
        try:
            if source.dialect == SQLITE:
                yield lock, lock
            else:
                async with source.reading() as c:
                    yield lock, c
            await state.delete(lock, outbox.PAUSED_UNTIL)
        except BaseException:
            await lock.rollback()
            await _resume(source)
            raise
        await lock.commit()


async def _begin_alone(lock: Connection) -> bool:
    """Begins the transaction that keeps others out, unless an email may still be leaving."""
    await lock.begin()
    if lock.dialect == POSTGRESQL:
        await lock.run("state.lock_place")
        await lock.run("move.keep_idle")
    if await outbox.has_claims(lock):
        await lock.rollback()
        return False
    return True


async def _resume(source: Database) -> None:
    await source.write(partial(state.delete, name=outbox.PAUSED_UNTIL))


async def _copy(c: Connection, target: Database, progress: Progress) -> Move:
    """Copies, counts and audits."""
    rows = await _count_rows(c)
    on_progress = progress(sum(rows.values()))
    keys = {row["table"]: row["columns"] for row in await c.all("schema.indexes") if row["is_key"]}
    for table in LOCKS:  # a row comes after the row that it refers to
        size = _LETTERS_PER_BATCH if table == "edition_letters" else ROWS_PER_BATCH
        async for found in c.stream_rows(table, size, keys.get(table, "")):
            on_progress(await target.own_transaction(partial(_insert, table=table, rows=found)))
    doubts = await audit.find_disagreements(c)
    async with target.reading() as there:
        arrived, disagreements = await _count_rows(there), await audit.find_disagreements(there)
    wrong = [f"{n} rows of {table}, but {arrived[table]}" for table, n in rows.items() if n != arrived[table]]
    if wrong or disagreements != doubts:
        told = "; ".join([*wrong, *disagreements][:3])
        raise DatabaseError(f"The copy is not the same ({told}): nothing was moved. Run `petition move` again.")
    return Move(rows, doubts)


async def _count_rows(c: Connection) -> dict[str, int]:
    """Of each table, without the facts that belong to this database itself."""
    rows = {table: await c.count_rows(table) for table in LOCKS}
    rows["site_state"] -= sum([await state.get(c, name) is not None for name in _OWN_STATE])
    return rows


async def _insert(c: Connection, *, table: str, rows: list[Row]) -> int:
    if table == "site_state":
        rows = [row for row in rows if row["name"] not in _OWN_STATE]
    if rows:
        await c.bulk_insert(table, list(rows[0]), [list(row.values()) for row in rows])
    return len(rows)


async def _arrive(c: Connection, *, detail: str) -> None:
    await state.delete(c, state.ARRIVING)
    await activity_log.append(c, activity_log.SERVER, "moved the database", detail)


async def _tidy(target: Database) -> None:
    """PostgreSQL plans with what it knows of the tables; SQLite copies its log into its file."""
    await vacuum.checkpoint(target)
    if target.dialect == POSTGRESQL:
        async with target.autocommit() as c:
            await c.execute("analyze", within=LONG_TIMEOUT)
