"""Joins the acts of one moment into one transaction: one commit, and so one sync of the disk, for all of them.

One task per process owns one connection. It takes whatever queued while the last commit ran, without waiting
for more, and answers each caller after the commit. Items of the same act (signing, confirming) are handed to it
together, so that a hundred cost as many statements as one; acts are done in the order of ACTS. An item that fails
fails alone: the acts are run again one by one.

A job is never joined with anything: what it locks beside the locks of others could make two servers wait for each
other in a circle.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from petition.core.errors import Busy

MAX_WAITING = 10_000  # jobs; more than a machine writes in the seconds a visitor is willing to wait
MAX_BATCH = 500


class Transactions(Protocol):
    """What the writer asks of a connection."""

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...


T = TypeVar("T")
C = TypeVar("C", bound=Transactions)
Item = TypeVar("Item")
Run = Callable[[C, list[Item]], Awaitable[Sequence[T | Exception]]]


@dataclass(frozen=True, slots=True, eq=False)
class Act(Generic[C, Item, T]):
    """Takes a connection and all its items of this moment; answers each with a result or with its error."""

    name: str
    place: int
    run: Run[C, Item, T]

    async def __call__(self, connection: C, items: list[Item]) -> Sequence[T | Exception]:
        """By itself, in the caller's transaction."""
        return await self.run(connection, items)


class Acts:
    """The names that acts may have, in the order in which a transaction does them."""

    def __init__(self, *names: str) -> None:
        self._free = {name: place for place, name in enumerate(names)}

    def __call__(self, name: str) -> Callable[[Run[C, Item, T]], Act[C, Item, T]]:
        """Makes an act of a function. Raises ValueError for a name that is not listed, or is another act's."""
        if name not in self._free:
            raise ValueError(f"There is no free act {name}: list it in petition/core/database/writer.py.")
        return partial(Act, name, self._free.pop(name))


# What is named here is all that is ever joined. Two servers do acts in this order, also while one is of an older
# version: a new act is put at the end, and none changes its place (see LOCKS in connection.py for why).
act = Acts("sign", "confirm", "sent")


@dataclass(slots=True)
class Caller(Generic[C]):
    """Somebody who waits for a commit: of an item of an act, or of a job (`act` is None, `item` the job)."""

    act: Act[C, Any, Any] | None
    item: Any
    answer: "asyncio.Future[Any]"


class Writer(Generic[C]):
    """Takes jobs (async functions of a connection) and items of acts, and runs them one transaction after another."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[C]]) -> None:
        self._connect = connect
        self._jobs: asyncio.Queue[Caller[C] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, job: Callable[[C], Awaitable[T]]) -> T:
        """The job's result, after the commit of its own transaction. A caller that goes away undoes nothing."""
        result: T = await self._wait(None, job)
        return result

    async def join(self, act: Act[C, Item, T], item: Item) -> T:
        """The result of an act for this item, which is done together with all others that wait; after the commit.

        Raises TypeError for a function that is no act: it has no place in the order.
        """
        if not isinstance(act, Act):
            raise TypeError("Only an act can be joined: see petition/writer.py.")
        result: T = await self._wait(act, item)
        return result

    async def _wait(self, act: Act[C, Any, Any] | None, item: Any) -> Any:
        if self._closed or self._jobs.qsize() >= MAX_WAITING:
            raise Busy("Too many are signing at this very moment. Please try again in a few seconds.")
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait(Caller(act, item, answer))
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
                        for together in _transactions(batch):
                            await _run_batch(connection, together)
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
        while found and len(found) < MAX_BATCH and not self._jobs.empty():
            if (item := self._jobs.get_nowait()) is None:
                self._jobs.put_nowait(None)  # nothing comes after it: the end is for the next call
                break
            found.append(item)
        return found


class _NotBegun(Exception):
    """The connection was lost before the transaction began; the cause says how."""


def _transactions(batch: list[Caller[C]]) -> list[list[Caller[C]]]:
    """All acts in one, then each job in one of its own."""
    acts = [one for one in batch if one.act is not None]
    return ([acts] if acts else []) + [[one] for one in batch if one.act is None]


async def _run_batch(connection: C, together: list[Caller[C]]) -> None:
    """One transaction for all; if any of them fails, one transaction for each.

    An error of begin, commit or rollback is the connection's: it goes up, and nothing is tried a second time,
    since a commit whose answer was lost may have happened.
    """
    try:
        await connection.begin()
    except Exception as error:
        raise _NotBegun from error
    try:
        results = [(same, await _results(connection, same)) for same in _grouped(together)]
    except Exception as error:
        await connection.rollback()
        if len(together) == 1:
            return _fail(together, error)
        for one in together:
            await _run_batch(connection, [one])
    else:
        await connection.commit()
        for same, answers in results:
            _answer(same, answers)


def _grouped(together: list[Caller[C]]) -> list[list[Caller[C]]]:
    """Items of one act together, acts in their order; or the job."""
    groups: dict[Act[C, Any, Any] | None, list[Caller[C]]] = {}
    for one in together:
        groups.setdefault(one.act, []).append(one)
    return [groups[act] for act in sorted(groups, key=lambda act: act.place if act else 0)]


async def _results(connection: C, same: list[Caller[C]]) -> Sequence[Any]:
    if (act := same[0].act) is None:
        return [await same[0].item(connection)]
    return await act(connection, [one.item for one in same])


def _answer(same: list[Caller[C]], results: Sequence[Any]) -> None:
    for one, result in zip(same, results, strict=True):
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
