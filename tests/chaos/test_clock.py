"""A clock that is set back and forth while the site runs: links, keys, emails, numbers and history stay right."""

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from petition.mail.delivery_pool import MAX_DELIVERERS
from tests.chaos.conftest import Staging, Tell
from tests.chaos.crowd import until
from tests.chaos.reckoning import ask

NOTICED = 1  # seconds; a process reads the clock's file no more often than this


class Wrong:
    """The clock of all processes of a site, wrong by a number of hours."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(_until_evening())
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": str(NOTICED),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, hours: float) -> None:
        """Sets the clock; returns when all processes have noticed."""
        self.hours = hours
        new = self._file.with_suffix(".new")
        new.write_text(f"{hours * 3600:+.0f}\n")
        new.replace(self._file)
        time.sleep(NOTICED + 0.5)

    def seconds(self) -> float:
        """Seconds since 1970 by the wrong clock."""
        return time.time() + self.hours * 3600


def _until_evening() -> float:
    """Hours from now to 21:40, so that the first jumps cross midnight at any time of the test."""
    now = datetime.now(UTC)
    return (now.replace(hour=21, minute=40) - now) / timedelta(hours=1)


@pytest.mark.slow
def test_a_clock_that_jumps(
    staged: Staging, sqlite_url: str, tmp_path: Path, kills: int, chance: random.Random, tell: Tell
) -> None:
    wrong = Wrong(tmp_path / "clock")
    stage = staged(sqlite_url, **wrong.environment)
    jumps = [3.0, -4.0, *[chance.uniform(-30, 30) for _ in range(kills // 20)]]
    with stage.crowd.about():
        stage.recovered()
        for hours in jumps:
            wrong.set(wrong.hours + hours)
            stage.recovered()
            until(lambda: 0 <= wrong.seconds() - _published(sqlite_url) < 90, "a release of now")
        wrong.set(wrong.hours - 5)
        stage.crowd.rest()
        until(lambda: stage.waiting() == 0, "the last mail")
        stage.crowd.press_again()
        until(lambda: not stage.crowd.busy, "the last button")
    found = stage.reckoning()
    assert found.twice <= MAX_DELIVERERS * len(jumps), "a mail in hand looks abandoned when the clock leaps ahead"
    tell("a clock that jumps", f"jumps {len(jumps) + 1}", found)


def _published(url: str) -> int:
    return int(ask(url, "select max(released_at) as at from figures")[0]["at"])
