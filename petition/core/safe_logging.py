"""Keeps personal data out of logs, whatever breaks and at any log level, and turns core dumps off.

The text of an error may quote what a person typed. So the log gets only the type of the error and where it happened.
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
# What uvicorn says of broken requests: a stranger could fill a disk with it, or stop a server whose log is a pipe.
_SAID_OF_STRANGERS = ("Invalid HTTP request", "Unsupported upgrade request", "No supported WebSocket library")
log = logging.getLogger(__name__)


class RedactingFormatter(logging.Formatter):
    """One line for each record. It shows the type and place of an error, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        """Ignores `record.exc_text`, where another handler may have stored the traceback."""
        record.message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        return self.formatMessage(record) + (f" ({describe_error(error)})" if error else "")


def describe_error(error: BaseException) -> str:
    """The type of an error, its file and line; never its text."""
    last: TracebackType | None = error.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return f"{type(error).__name__} at {where}"


def install() -> None:
    """Every process calls this at its start: a log without personal data, and no core dumps."""
    handler = logging.StreamHandler()
    handler.setFormatter(RedactingFormatter(LOG_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)
    sys.excepthook = lambda _, error, __: _report_unhandled(error)
    sys.unraisablehook = lambda unraisable: _report_unhandled(unraisable.exc_value)
    threading.excepthook = lambda thread: _report_unhandled(thread.exc_value)
    _disable_core_dumps()


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_SAID_OF_STRANGERS)


def _report_unhandled(error: BaseException | None) -> None:
    sys.stderr.write(f"This is an error of ours: {describe_error(error) if error else 'of no kind'}.\n")


def _disable_core_dumps() -> None:
    """A core dump would contain keys and addresses. Child processes inherit the limit; each must call prctl itself."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):  # Linux only: some systems pipe dumps to a program, whatever the limit
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def watch_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """If nobody awaits a task that failed, asyncio would log the text of its error twice."""
    loop.set_exception_handler(_log_task_error)


def _log_task_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    log.error("unhandled: %s", describe_error(error) if error else "no error was given")
