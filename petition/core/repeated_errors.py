"""Errors that come thousands of times: the log says when they begin, how many came in ten seconds, and when they end.

One line for each would fill the disk in an outage, and the journal would drop the line that names the cause.
"""

import asyncio
import logging
from collections import Counter

COUNT_SECONDS = 10.0
MAX_KINDS = 50  # a relay chooses its status codes: what comes beside so many kinds is counted as one
OTHER = "Errors of other kinds too."


class RepeatedErrors:
    """Belongs to one process; it must be used in a running event loop."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._again: Counter[str] = Counter()  # each kind that is going on, and how often it came since it was logged

    def add(self, text: str) -> None:
        """`text` is one of few, and never quotes what somebody typed."""
        if text not in self._again and len(self._again) >= MAX_KINDS:
            text = OTHER
        if text in self._again:
            self._again[text] += 1
            return
        self._log.error("%s", text)
        self._again[text] = 0
        self._call_later(text)

    def _call_later(self, text: str) -> None:
        asyncio.get_running_loop().call_later(COUNT_SECONDS, self._report, text)

    def _report(self, text: str) -> None:
        if count := self._again[text]:
            self._log.error("%s (%d times more in %d s)", text, count, COUNT_SECONDS)
            self._again[text] = 0
            self._call_later(text)
        else:
            del self._again[text]
            self._log.warning("Not any more for %d s: %s", COUNT_SECONDS, text)
