"""Asks before what cannot be undone. At a terminal a person types a word; without one, `--yes` must say it."""

import argparse
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from petition.core.errors import NotConfirmed

Plan = Callable[[], Awaitable[Sequence[str]]]  # the lines that say what would happen


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="ask nothing; needed where there is no terminal")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")


async def ask_to_go_on(arguments: argparse.Namespace, word: str, plan: Plan) -> bool:
    """Prints the plan; true if it is to be done, false for --dry-run. Raises NotConfirmed if nobody says yes.

    Without a terminal and without --yes it refuses first, before the plan is made.
    """
    if not (arguments.yes or arguments.dry_run or _is_terminal()):
        raise NotConfirmed(
            "This cannot be undone, and there is no terminal to ask at: add --yes, or --dry-run to see what it does."
        )
    for line in await plan():
        print(line, flush=True)
    if arguments.dry_run:
        return False
    if not (arguments.yes or _type_word(word)):
        raise NotConfirmed("Nothing was changed.")
    return True


def _is_terminal() -> bool:
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def _type_word(word: str) -> bool:
    print(f"Type {word} if that is meant: ", end="", file=sys.stderr, flush=True)
    with _interruptible():
        try:
            return sys.stdin.readline().strip() == word
        except (KeyboardInterrupt, UnicodeDecodeError):
            print(file=sys.stderr)
            return False


@contextmanager
def _interruptible() -> Iterator[None]:
    """asyncio would keep the first Ctrl-C until the line is typed."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
