"""What a process must not leave behind: nobody's data in a log, whatever breaks and however much it logs; no core dump.

The text of an error may quote what was typed. So the log gets its kind and where it happened, nothing else.
"""

import asyncio
import ctypes
import logging
import resource
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

FORM = "%(levelname)s %(name)s: %(message)s"
_PR_SET_DUMPABLE = 4  # prctl(2)
log = logging.getLogger(__name__)


class Discreet(logging.Formatter):
    """A line for each record. Of an error its kind and place; its text is told by nobody."""

    def format(self, record: logging.LogRecord) -> str:
        """Whatever another handler made of the error is not looked at."""
        record.message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        return self.formatMessage(record) + (f" ({said(error)})" if error else "")


def said(error: BaseException) -> str:
    """The kind of an error and where it happened: never its text."""
    last: TracebackType | None = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return f"{type(error).__name__} at {where}"


def begin() -> None:
    """For the start of each of our processes: a log that tells of nobody, and no memory on the disk if it dies."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(FORM))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    sys.excepthook = lambda _, error, __: _unhandled(error)
    sys.unraisablehook = lambda unraisable: _unhandled(unraisable.exc_value)
    threading.excepthook = lambda thread: _unhandled(thread.exc_value)
    _no_core()


def _unhandled(error: BaseException | None) -> None:
    sys.stderr.write(f"This is an error of ours: {said(error) if error else 'of no kind'}.\n")


def _no_core() -> None:
    """A dump of memory would hold keys and addresses. Children inherit the limit, and set the other for themselves."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):  # Linux alone has it: some systems pipe a dump away, whatever the limit
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def watch(loop: asyncio.AbstractEventLoop) -> None:
    """Of a task whose error nobody asks for, asyncio would log the error's text twice."""
    loop.set_exception_handler(_forgotten)


def _forgotten(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unhandled: %s", said(error) if error else "no error was given")
