"""Joins the writes of one moment into one transaction: one commit, and so one sync of the disk, for all of them.

One task per process owns one connection. It takes whatever queued while the last commit ran, without waiting
for more, and answers each caller after the commit. Items of the same act (signing, confirming) are handed to it
together, so that a hundred cost as many statements as one. A job that fails fails alone: the batch is run again
one by one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from petition.core.errors import Busy

WAITING = 10_000  # jobs; more than a machine writes in the seconds a visitor is willing to wait
BATCH = 500


class Transactions(Protocol):
    """What the writer asks of a connection."""

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...


T = TypeVar("T")
C = TypeVar("C", bound=Transactions)
Item = TypeVar("Item")
# An act takes a connection and all its items of this moment; it answers each with a result or with its error.
Act = Callable[[C, list[Item]], Awaitable[Sequence[T | Exception]]]


@dataclass(slots=True)
class Caller(Generic[C]):
    """Somebody who waits for a commit: a job of its own (`item` is None), or an item of an act."""

    run: Callable[..., Awaitable[Any]]
    item: Any
    answer: "asyncio.Future[Any]"


class Writer(Generic[C]):
    """Takes jobs (async functions of a connection) and runs them in joined transactions."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[C]]) -> None:
        self._connect = connect
        self._jobs: asyncio.Queue[Caller[C] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, job: Callable[[C], Awaitable[T]]) -> T:
        """The job's result, after its commit. A caller that goes away meanwhile undoes nothing."""
        result: T = await self._wait(job, None)
        return result

    async def join(self, act: Act[C, Item, T], item: Item) -> T:
        """The result of an act for this item, which is done together with all others that wait; after the commit."""
        result: T = await self._wait(act, item)
        return result

    async def _wait(self, run: Callable[..., Awaitable[Any]], item: Any) -> Any:
        if self._closed or self._jobs.qsize() >= WAITING:
            raise Busy("Too many are signing at this very moment. Please try again in a few seconds.")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(Caller(run, item, answer))
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
                    batch, fresh = [one for one in batch if not one.answer.done()] or await self._batch(), True
                    continue
                _fail(batch, error.__cause__ if isinstance(error, _NotBegun) else error)
                batch, fresh = await self._batch(), True

    async def _batch(self) -> list[Caller[C]]:
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


async def _settle(connection: C, batch: list[Caller[C]]) -> None:
    """One transaction for the batch; if any job fails, one transaction for each.

    An error of begin, commit or rollback is the connection's: it goes up, and nothing is tried a second time,
    since a commit whose answer was lost may have happened.
    """
    try:
        await connection.begin()
    except Exception as error:
        raise _NotBegun from error
    try:
        results = [await _act(connection, together) for together in _grouped(batch)]
    except Exception as error:
        await connection.rollback()
        if len(batch) == 1:
            return _fail(batch, error)
        for one in batch:
            await _settle(connection, [one])
    else:
        await connection.commit()
        for together, answers in zip(_grouped(batch), results, strict=True):
            _answer(together, answers)


def _grouped(batch: list[Caller[C]]) -> list[list[Caller[C]]]:
    """Items of one act together, jobs alone; acts always in the same order, so that two servers do not deadlock."""
    acts: dict[str, list[Caller[C]]] = {}
    for one in batch:
        if one.item is not None:
            acts.setdefault(one.run.__qualname__, []).append(one)
    return [acts[name] for name in sorted(acts)] + [[one] for one in batch if one.item is None]


async def _act(connection: C, together: list[Caller[C]]) -> Sequence[Any]:
    first = together[0]
    if first.item is None:
        return [await first.run(connection)]
    results: Sequence[Any] = await first.run(connection, [one.item for one in together])
    return results


def _answer(together: list[Caller[C]], results: Sequence[Any]) -> None:
    for one, result in zip(together, results, strict=True):
        if one.answer.done():
            continue
        if isinstance(result, Exception):
            one.answer.set_exception(result)
        else:
            one.answer.set_result(result)


def _fail(batch: list[Caller[C]], error: BaseException | None) -> None:
    for one in batch:
        if not one.answer.done():
            one.answer.set_exception(error or Busy("The database went away."))
