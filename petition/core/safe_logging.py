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

LOG_FORMAT = "%(levelname)s %(name)s: %(message)s"
_PR_SET_DUMPABLE = 4  # prctl(2)
log = logging.getLogger(__name__)


class RedactingFormatter(logging.Formatter):
    """A line for each record. Of an error its kind and place; its text is told by nobody."""

    def format(self, record: logging.LogRecord) -> str:
        """Whatever another handler made of the error is not looked at."""
        record.message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        return self.formatMessage(record) + (f" ({describe_error(error)})" if error else "")


def describe_error(error: BaseException) -> str:
    """The kind of an error and where it happened: never its text."""
    last: TracebackType | None = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return f"{type(error).__name__} at {where}"


def install() -> None:
    """For the start of each of our processes: a log that tells of nobody, and no memory on the disk if it dies."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(LOG_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    sys.excepthook = lambda _, error, __: _report_unhandled(error)
    sys.unraisablehook = lambda unraisable: _report_unhandled(unraisable.exc_value)
    threading.excepthook = lambda thread: _report_unhandled(thread.exc_value)
    _disable_core_dumps()


def _report_unhandled(error: BaseException | None) -> None:
    sys.stderr.write(f"This is an error of ours: {describe_error(error) if error else 'of no kind'}.\n")


def _disable_core_dumps() -> None:
    """A dump of memory would hold keys and addresses. Children inherit the limit, and set the other for themselves."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):  # Linux alone has it: some systems pipe a dump away, whatever the limit
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def watch_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Of a task whose error nobody asks for, asyncio would log the error's text twice."""
    loop.set_exception_handler(_log_task_error)


def _log_task_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unhandled: %s", describe_error(error) if error else "no error was given")
