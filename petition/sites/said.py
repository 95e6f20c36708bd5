"""Says in front of each line, and in each line of the log, which campaign it is about."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from typing import TextIO

_site: ContextVar[str] = ContextVar("site", default="")


@contextmanager
def about(name: str) -> Iterator[None]:
    """What is logged inside, and by tasks that begin there, is about this campaign."""
    token = _site.set(name)
    try:
        yield
    finally:
        _site.reset(token)


def mark_logs() -> None:
    for handler in logging.getLogger().handlers:
        handler.addFilter(_add_name)


def _add_name(record: logging.LogRecord) -> bool:
    name = _site.get()
    if name and not getattr(record, "site", ""):
        record.site, record.name = name, f"{name} {record.name}"
    return True


class _Lines(io.TextIOBase):
    """Writes whole lines, each with the name in front; an object of JSON gets the name as a value."""

    def __init__(self, to: TextIO, name: str) -> None:
        self._to, self._name, self._rest = to, name, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        self._to.writelines(f"{self._with_name(line)}\n" for line in lines)
        return len(text)

    def flush(self) -> None:
        self._to.flush()

    def end(self) -> None:
        if self._rest:
            self.write("\n")

    def _with_name(self, line: str) -> str:
        if line.startswith("{"):
            return json.dumps({"site": self._name} | json.loads(line))
        return f"{self._name}: {line}" if line else line


@contextmanager
def lines_about(name: str) -> Iterator[None]:
    out, error = _Lines(sys.stdout, name), _Lines(sys.stderr, name)
    with about(name), redirect_stdout(out), redirect_stderr(error):
        try:
            yield
        finally:
            out.end()
            error.end()
