"""The current time, in one place so that tests can set it. Everything is UTC."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime

HOUR = 3600
DAY = 24 * HOUR

time_source: Callable[[], float] = time.time  # seconds since 1970; tests replace it
running_source: Callable[[], float] = time.monotonic  # seconds that no setting of the clock moves; tests replace it


def now() -> datetime:
    """UTC, in whole seconds."""
    return from_epoch(epoch())


def today() -> date:
    return now().date()


def epoch() -> int:
    """Whole seconds since 1970."""
    return int(time_source())


def running_seconds() -> int:
    """Whole seconds that this machine has run since some moment."""
    return int(running_source())


def from_epoch(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def start_of_day(day: str) -> int:
    """The start of an ISO day, in seconds since 1970."""
    return int(datetime.fromisoformat(f"{day}T00:00:00Z").timestamp())


def iso(moment: datetime) -> str:
    """Such as `2026-11-22T10:00:00Z`: the only text form that is stored and published."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)
