"""Errors that come thousands of times: the log says when they begin, how many came in ten seconds, and when they end.

One line for each would fill the disk in an outage, and the journal would drop the line that names the cause.
"""

import asyncio
import logging
from dataclasses import dataclass

COUNT_SECONDS = 10.0
MAX_KINDS = 50  # a relay chooses its status codes: what comes beside so many kinds is counted as one
OTHER = "Errors of other kinds too."


@dataclass(slots=True)
class _Kind:
    """`again`: how often it came since the last line; `last_at`: of that line, if there was something to count."""

    first_at: float
    last_at: float
    times: int = 1
    again: int = 0


class RepeatedErrors:
    """Belongs to one process; it must be used in a running event loop."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._kinds: dict[str, _Kind] = {}  # that come now

    def add(self, text: str) -> None:
        """`text` is one of few, and never quotes what somebody typed."""
        if text not in self._kinds and len(self._kinds) >= MAX_KINDS:
            text = OTHER
        if kind := self._kinds.get(text):
            kind.times, kind.again = kind.times + 1, kind.again + 1
            return
        self._log.error("%s", text)
        now = asyncio.get_running_loop().time()
        self._kinds[text] = _Kind(now, now)
        self._call_later(text)

    def _call_later(self, text: str) -> None:
        asyncio.get_running_loop().call_later(COUNT_SECONDS, self._report, text)

    def _report(self, text: str) -> None:
        kind = self._kinds[text]
        if kind.again:
            self._log.error("%s (%d times more in %d s)", text, kind.again, COUNT_SECONDS)
            kind.again, kind.last_at = 0, asyncio.get_running_loop().time()
            self._call_later(text)
        else:
            # From the first line to the last one with a count: no time that the journal does not have already.
            took = kind.last_at - kind.first_at
            del self._kinds[text]
            told = say_times(kind.times) if kind.times == 1 else f"{say_times(kind.times)} in {took:.0f} s"
            self._log.warning("Not any more for %d s: %s (%s)", COUNT_SECONDS, text, told)


def say_times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
