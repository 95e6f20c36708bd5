"""Reads the output of strace: when a database's log was written and synced, and when a 303 left."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = "fdatasync,fsync,pwrite64,pwritev,write,writev,sendto,sendmsg"
_TOOK = re.compile(r"<(\d+\.\d+)>$")
_WRITE = re.compile(r"p?writev?(64)?\(")
_SYNC = re.compile(r"f(data)?sync\(")
_LOG = re.compile(r"\(\d+<[^>]*(-wal|/pg_wal/\w+)>")  # SQLite's write-ahead log, or a segment of PostgreSQL's


class Event(NamedTuple):
    """A `write` or `sync` of the log, or an `answer`; times in seconds."""

    end: float
    begin: float
    kind: str


def tracer(file: Path) -> tuple[str, ...]:
    """The words before a command that trace it. The tracer is not its parent, so that the command can be stopped."""
    options = ("-D", "-f", "-qq", "-ttt", "-T", "-y", "-s", "24", "--seccomp-bpf")
    return ("strace", *options, "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(file))


def events(file: Path) -> list[Event]:
    """Sorted by their ends."""
    return sorted(_events(file.read_text("utf-8", "replace")))


def _events(trace: str) -> Iterator[Event]:
    begun: dict[str, tuple[float, str]] = {}
    for line in trace.splitlines():
        process, moment, call = line.split(maxsplit=2)
        begin = float(moment)
        if call.endswith("<unfinished ...>"):
            begun[process] = begin, call
            continue
        if call.startswith("<... "):
            begin, call = begun[process][0], begun[process][1] + call
        if kind := _kind(call):
            took = _TOOK.search(call)
            yield Event(begin + float(took[1] if took else 0), begin, kind)


def _kind(call: str) -> str:
    if _LOG.search(call):
        return "write" if _WRITE.match(call) else "sync" if _SYNC.match(call) else ""
    return "answer" if '"HTTP/1.1 303' in call else ""


def early(seen: list[Event]) -> list[float]:
    """The times of answers that left before what was written since the answer before was synced."""
    found, written, synced, before = [], 0.0, 0.0, 0.0
    for event in sorted(seen, key=lambda event: event.begin if event.kind == "answer" else event.end):
        if event.kind == "write":
            written = event.end
        elif event.kind == "sync":
            synced = event.begin
        else:
            if not before < written <= synced:
                found.append(event.begin)
            before = event.begin
    return found
