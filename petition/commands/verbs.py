"""What all verbs need: a parser, their result on the terminal, a progress bar, a line in the activity log."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from tqdm import tqdm

from petition.core.settings import Settings
from petition.organisers import activity_log
from petition.site import Site

Arguments = argparse.Namespace
# A plain function needs no settings, or reads its own. The result is the exit code.
Verb = Callable[[Settings, Arguments], Coroutine[Any, Any, int | None]] | Callable[[Arguments], int]


def add_verb(verbs: Any, name: str, verb: Verb, text: str) -> argparse.ArgumentParser:
    """The parser of a new verb, for its options. `verbs` is what argparse's add_subparsers() returns."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=verb)
    return parser


def print_result(failures: list[str], success: str) -> int:
    """Prints each failure, or the sentence for success if there is none; the exit code."""
    for sentence in failures:
        print(sentence, file=sys.stderr)
    if not failures:
        print(success)
    return 1 if failures else 0


def progress_bar(unit: str, total: int, items: Any = None) -> Any:
    """Counts the items, or the calls of update(), if standard error is a terminal."""
    return tqdm(items, unit=unit, total=total, disable=None)


async def log_action(site: Site, action: str, detail: str = "") -> None:
    await site.database.write(partial(activity_log.append, who=activity_log.SERVER, action=action, detail=detail))
