"""Runs the acts of one moment in one transaction: one commit, and so one sync of the disk, for all of them.

One task per process owns one connection. It takes all that was queued during the last commit, does not wait for more,
and answers each caller after the commit. An act (signing, confirming) gets all its items together, so that a hundred
items need as many statements as one. Acts run in the order of `act` below. If an item fails, only that one fails: each
half of the items is run again in its own transaction, so one bad item among 500 costs twenty transactions.

A job always has its own transaction: if its locks were added to the locks of others, two servers could wait for each
other in a circle (a deadlock).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from petition.core.errors import Busy

MAX_WAITING = 10_000  # jobs and items; more than a machine writes in the seconds that a visitor will wait
MAX_BATCH = 500


class Transactions(Protocol):
    """The methods of a connection that the writer needs."""

    async def begin(self) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...


T = TypeVar("T")
C = TypeVar("C", bound=Transactions)
Item = TypeVar("Item")
Run = Callable[[C, list[Item]], Awaitable[Sequence[T | Exception]]]


@dataclass(frozen=True, slots=True, eq=False)
class Act(Generic[C, Item, T]):
    """`run` takes a connection and all items of this moment; it returns a result or an error for each item."""

    name: str
    place: int
    run: Run[C, Item, T]

    async def __call__(self, connection: C, items: list[Item]) -> Sequence[T | Exception]:
        """Runs without the writer, in the caller's transaction."""
        return await self.run(connection, items)


class Acts:
    """The names that acts may have, in the order in which a transaction runs them."""

    def __init__(self, *names: str) -> None:
        self._free = {name: place for place, name in enumerate(names)}

    def __call__(self, name: str) -> Callable[[Run[C, Item, T]], Act[C, Item, T]]:
        """Makes an act of a function. Raises ValueError for a name that is not listed, or that another act has."""
        if name not in self._free:
            raise ValueError(f"There is no free act {name}: list it in petition/core/database/writer.py.")
        return partial(Act, name, self._free.pop(name))


# There are no other acts. All servers run them in this order, also while one server still has an older version. So add
# a new act at the end, and never change the order (LOCKS in connection.py says why).
act = Acts("sign", "confirm", "sent")


@dataclass(slots=True)
class Caller(Generic[C]):
    """A caller that waits for a commit: of an item of an act, or of a job (`act` is None, `item` is the job)."""

    act: Act[C, Any, Any] | None
    item: Any
    answer: "asyncio.Future[Any]"


class Writer(Generic[C]):
    """Queues jobs (async functions of a connection) and items of acts, and runs one transaction after another."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[C]]) -> None:
        self._connect = connect
        self._jobs: asyncio.Queue[Caller[C] | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs and items that wait for the next transaction."""
        return self._jobs.qsize()

    async def write(self, job: Callable[[C], Awaitable[T]]) -> T:
        """The job's result, after the commit of its own transaction. The job runs even if the caller is cancelled."""
        result: T = await self._wait(None, job)
        return result

    async def join(self, act: Act[C, Item, T], item: Item) -> T:
        """Queues `item` for `act`, which runs once for all queued items. Returns this item's result after the commit.

        Raises TypeError for a function that is not an act: it has no place in the order.
        """
        if not isinstance(act, Act):
            raise TypeError("Only an act can be joined: see petition/core/database/writer.py.")
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
        """Runs all that is queued, then closes the connection."""
        self._closed = True
        if self._task is not None:
            self._jobs.put_nowait(None)
            await self._task

    async def _run(self) -> None:
        """Keeps one connection. When it is lost, the current callers get the error, and the next ones a new connection.

        A connection that was lost while idle fails at begin. Nothing has been written then, so a new one is tried.
        """
        batch, fresh = await self._batch(), True
        while batch:
            try:
                async with self._connect() as connection:
                    while batch:
                        for together in _transactions(batch):
                            await _run_batch(connection, together)
                        batch, fresh = await self._batch(), False
            except Exception as error:  # any error: the callers must get it, and this task must not end
                if isinstance(error, _NotBegun) and not fresh:
                    # Callers that were cancelled are dropped. But an empty batch would end this task.
                    batch, fresh = [one for one in batch if not one.answer.done()] or await self._batch(), True
                    continue
                _fail(batch, error.__cause__ if isinstance(error, _NotBegun) else error)
                batch, fresh = await self._batch(), True

    async def _batch(self) -> list[Caller[C]]:
        """All that is queued now, up to MAX_BATCH; waits for the first. Empty once the writer is closed."""
        found = [] if (first := await self._jobs.get()) is None else [first]
        while found and len(found) < MAX_BATCH and not self._jobs.empty():
            if (item := self._jobs.get_nowait()) is None:
                self._jobs.put_nowait(None)  # the end mark is for the next call; nothing comes after it
                break
            found.append(item)
        return found


class _NotBegun(Exception):
    """The connection was lost before the transaction began; `__cause__` is the error."""


def _transactions(batch: list[Caller[C]]) -> list[list[Caller[C]]]:
    """One transaction for all acts, then one for each job."""
    acts = [one for one in batch if one.act is not None]
    return ([acts] if acts else []) + [[one] for one in batch if one.act is None]


async def _run_batch(connection: C, together: list[Caller[C]]) -> None:
    """One transaction for all; if any of them fails, one for each half of them, and so on.

    If begin, commit or rollback fails, the connection is broken. That error is raised and nothing is tried again here,
    since a commit may have happened although its answer was lost.
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
        middle = len(together) // 2
        for half in (together[:middle], together[middle:]):
            await _run_batch(connection, half)
    else:
        await connection.commit()
        for same, answers in results:
            _answer(same, answers)


def _grouped(together: list[Caller[C]]) -> list[list[Caller[C]]]:
    """The items of each act together, in the order of the acts; or the one job."""
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
