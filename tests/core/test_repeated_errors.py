"""An outage is a few lines in the log, however many requests it refuses; each of them is counted."""

import asyncio
import logging
import re
from functools import partial

import pytest

from petition.core import background, repeated_errors
from petition.core.background import repeat
from petition.core.errors import DatabaseError
from petition.core.repeated_errors import RepeatedErrors
from tests.conftest import Clock, Visitor
from tests.web.tools import on_sqlite

log = logging.getLogger("test")


async def _told(errors: RepeatedErrors, caplog: pytest.LogCaptureFixture, last: str) -> list[str]:
    """All lines, once the last one has been written."""
    while not any(last in record.getMessage() for record in caplog.records):  # noqa: ASYNC110 (a timer writes it)
        await asyncio.sleep(0.01)
    return [record.getMessage() for record in caplog.records]


async def test_it_begins_is_counted_and_ends(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated_errors, "COUNT_SECONDS", 0.05)
    errors = RepeatedErrors(log)
    for _ in range(4998):
        errors.add("The disk is full.")
    errors.add("No answer.")
    told = await _told(errors, caplog, "Not any more for 0 s: The disk is full. (4998 times in 0 s)")
    assert told[:2] == ["The disk is full.", "No answer."]
    assert "The disk is full. (4997 times more in 0 s)" in told
    assert "Not any more for 0 s: No answer. (once)" in told
    errors.add("The disk is full.")
    assert len(await _told(errors, caplog, "Not any more")) == len(told) + 1, "it begins again"


async def test_however_many_kinds_there_are_memory_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    errors = RepeatedErrors(log)
    for n in range(1000):
        errors.add(f"mail delayed: 4.{n}.0")
    assert len(caplog.records) == repeated_errors.MAX_KINDS + 1
    assert caplog.records[-1].getMessage() == repeated_errors.OTHER


@on_sqlite
async def test_a_thousand_refused_forms_are_two_lines(
    visitor: Visitor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise DatabaseError("The database cannot be used: database or disk is full.")

    monkeypatch.setattr(repeated_errors, "COUNT_SECONDS", 1.0)
    monkeypatch.setattr(visitor.site.database, "join", full)
    monkeypatch.setattr(visitor.site.database, "write", full)
    answers = [await visitor.sign(f"p{n}@example.net") for n in range(40)]
    assert {answer.status_code for answer in answers} == {503}
    errors = visitor.app.state.repeated_errors
    told = [line for line in await _told(errors, caplog, "Not any more") if "disk is full" in line]
    counts = [int(found[1]) for line in told if (found := re.search(r"\((\d+) times more", line))]
    assert 1 + sum(counts) == 40
    assert len(told) < 40


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 1), (60.0, 3)])
async def test_a_job_that_fails_each_second_says_so_once(
    seconds: float, lines: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping, left = asyncio.Event(), iter(range(3))
    monkeypatch.setattr(asyncio, "wait_for", lambda waiting, _: _close(waiting))

    async def job() -> None:
        if next(left) == 2:
            stopping.set()
        raise DatabaseError("away")

    await repeat(seconds, job, stopping)
    name = "test_a_job_that_fails_each_second_says_so_once.<locals>.job"
    assert [record.getMessage() for record in caplog.records] == [f"{name} failed: away"] * lines


class _Job:
    """Fails every second time for 38 seconds, with few reasons or many; then it works."""

    def __init__(self, time: Clock, reasons: int = 1) -> None:
        self._time, self._reasons, self.stopping, self._turns = time, reasons, asyncio.Event(), iter(range(120))

    async def work(self) -> None:
        turn = next(self._turns)
        self._time.advance(seconds=1)
        if turn == 119:
            self.stopping.set()
        elif turn < 38 and turn % 2:
            raise DatabaseError(f"away {turn % (2 * self._reasons)}")


async def test_a_job_that_fails_every_second_time_says_so_once_and_that_it_works_again(
    time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    job = _Job(time)
    await repeat(0, job.work, job.stopping)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["_Job.work failed: away 1", "_Job.work works again: it failed 19 times in 46 s."]


async def test_a_job_that_fails_for_another_reason_each_time_says_few_of_them(
    time: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "MAX_KINDS", 3)
    job = _Job(time, reasons=19)
    await repeat(0, partial(job.work), job.stopping)
    told = [record.getMessage() for record in caplog.records]
    said = [f"_Job.work failed: {reason}" for reason in ("away 1", "away 3", "away 5", repeated_errors.OTHER)]
    assert told == [*said, "_Job.work works again: it failed 19 times in 46 s."]


async def _close(waiting: object) -> None:
    waiting.close()  # type: ignore[attr-defined]  # a coroutine that nobody awaits
