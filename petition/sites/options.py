"""The option --site of every command."""

import argparse
from collections.abc import Iterator
from typing import Any

_HELP = "one campaign of PETITION_SITES"


def add_site_option(verbs: Any) -> None:
    """Commands that other parts of the site register after this one have no --site: it comes last, by its name."""
    for parser in _leaves(verbs.choices.values()):
        parser.add_argument("--site", metavar="NAME", help=_HELP)


def _leaves(parsers: Any) -> Iterator[argparse.ArgumentParser]:
    """`petition keys` has verbs of its own: these get the option."""
    for parser in parsers:
        inner = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not inner:
            yield parser
        for choices in inner:
            yield from _leaves(choices.values())
