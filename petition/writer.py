"""Joins the writes of one moment into one transaction: one commit, and so one sync of the disk, for all of them.

One task per process owns one connection. It takes whatever queued while the last commit ran, without waiting
for more, and answers each caller after the commit. A job that fails fails alone: the batch is run again one by one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Protocol, TypeVar

from petition.errors import Busy

WAITING = 10_000  # jobs; more than a machine writes in the seconds a visitor is willing to wait
BATCH = 500


class Transactions(Protocol):
    """What the writer asks of a connection."""

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...


T = TypeVar("T")
C = TypeVar("C", bound=Transactions)
Item = tuple[Callable[[C], Awaitable[Any]], "asyncio.Future[Any]"]


class Writer(Generic[C]):
    """Takes jobs (async functions of a connection) and runs them in joined transactions."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[C]]) -> None:
        self._connect = connect
        self._jobs: asyncio.Queue[Item[C] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, job: Callable[[C], Awaitable[T]]) -> T:
        """The job's result, after its commit. A caller that goes away meanwhile undoes nothing."""
        if self._closed or self._jobs.qsize() >= WAITING:
            raise Busy("Too many are signing at this very moment. Please try again in a few seconds.")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((job, answer))
        return await answer

    async def close(self) -> None:
        """Finishes what waits, then lets the connection go."""
        self._closed = True
        if self._task is not None:
            self._jobs.put_nowait(None)
            await self._task

    async def _run(self) -> None:
        """Holds a connection; when that is lost, its callers are told and the next get a new one.

        One that was lost while it idled is noticed at begin, when nothing has happened yet: then a new one is tried.
        """
        batch, fresh = await self._batch(), True
        while batch:
            try:
                async with self._connect() as connection:
                    while batch:
                        await _settle(connection, batch)
                        batch, fresh = await self._batch(), False
            except Exception as error:  # whatever it is, those who wait must hear it and the task must live on
                if isinstance(error, _NotBegun) and not fresh:
                    # Who left meanwhile is not waited for; but an empty batch would be the end of this task.
                    batch, fresh = [item for item in batch if not item[1].done()] or await self._batch(), True
                    continue
                _fail(batch, error.__cause__ if isinstance(error, _NotBegun) else error)
                batch, fresh = await self._batch(), True

    async def _batch(self) -> list[Item[C]]:
        """Everything that waits now, at least one job; empty at the end of the writer's life."""
        found = [] if (first := await self._jobs.get()) is None else [first]
        while found and len(found) < BATCH and not self._jobs.empty():
            if (item := self._jobs.get_nowait()) is None:
                self._jobs.put_nowait(None)  # nothing comes after it: the end is for the next call
                break
            found.append(item)
        return found


class _NotBegun(Exception):
    """The connection was lost before the transaction began; the cause says how."""


async def _settle(connection: C, batch: list[Item[C]]) -> None:
    """One transaction for the batch; if any job fails, one transaction for each.

    An error of begin, commit or rollback is the connection's: it goes up, and nothing is tried a second time,
    since a commit whose answer was lost may have happened.
    """
    try:
        await connection.begin()
    except Exception as error:
        raise _NotBegun from error
    try:
        results = [await job(connection) for job, _ in batch]
    except Exception as error:
        await connection.rollback()
        if len(batch) == 1:
            return _fail(batch, error)
        for item in batch:
            await _settle(connection, [item])
    else:
        await connection.commit()
        _answer(batch, results)


def _answer(batch: list[Item[C]], results: list[Any]) -> None:
    for (_, answer), result in zip(batch, results, strict=True):
        if not answer.done():
            answer.set_result(result)


def _fail(batch: list[Item[C]], error: BaseException | None) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error or Busy("The database went away."))
