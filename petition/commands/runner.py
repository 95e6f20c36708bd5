"""Runs the verb of a command line."""

import asyncio
import sys
from collections.abc import Coroutine, Mapping
from inspect import iscoroutinefunction
from typing import Any

from petition.commands.verbs import Arguments
from petition.core import settings

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop  # uvicorn takes it in `petition serve`


def run_verb(arguments: Arguments, environ: Mapping[str, str]) -> int:
    """The exit code. Raises PetitionError."""
    if iscoroutinefunction(arguments.verb):
        return run_loop(arguments.verb(settings.from_environment(environ), arguments)) or 0
    return int(arguments.verb(arguments))


def run_loop(work: Coroutine[Any, Any, int | None]) -> int | None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
