"""The command line: each module of commands/ registers its verbs. A failure is one sentence and exit code 1."""

import argparse
import os
import sys
from typing import Any

from petition import __version__, version
from petition.commands import keys, letters, mail, moving, operations, organisers, retention
from petition.commands.news import command as news
from petition.commands.runner import run_verb
from petition.commands.setup import command as setup
from petition.core import home, resources, safe_logging
from petition.core.errors import PetitionError
from petition.features import features


def main(argv: list[str] | None = None) -> int:
    """Runs one command; its exit code."""
    os.umask(0o077)  # what we write is for nobody else's eyes
    safe_logging.install()
    home.leave_closed_home()
    arguments = _parser().parse_args(argv)
    try:
        for feature in features():
            if (code := feature.run(arguments)) is not None:
                return code
        return run_verb(arguments, os.environ)
    except PetitionError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("petition", description="Sign a collective ultimatum; make governments answer.")
    parser.add_argument("--version", action=_Version, nargs=0, help="version and commit")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (operations, mail, organisers, letters, retention, keys, moving, setup, news):
        module.register(verbs)
    for feature in features():
        feature.register_commands(verbs)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        commit = version.commit(resources.PACKAGE.parent)
        print(f"petition {__version__}" + (f" ({commit})" if commit else ""))
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
