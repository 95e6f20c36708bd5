"""The command line: every verb with its options; commands/ has what it does. A failure is one sentence, exit 1."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from petition import __version__, version
from petition.commands import letters, site
from petition.core import resources, safe_logging, settings
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.organisers.accounts import Role
from petition.retention.destroy import Scope

Verb = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int | None]]


def main(argv: list[str] | None = None) -> int:
    """Runs one command; its exit code."""
    os.umask(0o077)  # what we write is for nobody else's eyes
    safe_logging.install()
    arguments = _parser().parse_args(argv)
    try:
        if arguments.verb in (site.serve, site.unseal):
            return int(arguments.verb(arguments))
        verb: Verb = arguments.verb
        return asyncio.run(verb(settings.from_environment(os.environ), arguments)) or 0
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
    _add_server_verbs(verbs)
    _add_organiser_verbs(verbs)
    _add_retention_verbs(verbs)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        commit = version.commit(resources.PACKAGE.parent)
        print(f"petition {__version__}" + (f" ({commit})" if commit else ""))
        parser.exit()


def _add_verb(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=run)
    return parser


def _add_server_verbs(verbs: Any) -> None:
    server = _add_verb(verbs, "serve", site.serve, "web server and mail delivery; migrates first")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=_port, default=8000)
    server.add_argument("--workers", type=int, default=1)
    server.add_argument("--no-deliver", action="store_true", help="leave the mail to `petition deliver`")
    _add_verb(verbs, "deliver", site.deliver, "mail delivery alone, as many processes as wanted")
    bounce = _add_verb(verbs, "bounce", site.bounce, "takes bounces and complaints that came back by mail")
    bounce.add_argument("source", nargs="?", default="-", metavar="FILE|FOLDER", help="a Maildir; else standard input")
    _add_verb(verbs, "migrate", site.migrate, "brings the database to the current schema")
    mirror = _add_verb(verbs, "mirror", site.mirror, "the public pages as files for any static host, without the form")
    mirror.add_argument("folder", type=Path, metavar="DIR", help="a new folder")
    demo = _add_verb(verbs, "demo", site.demo, "fills an empty database with made-up signatures")
    demo.add_argument("--signatures", type=_positive, metavar="N", help="how many; with --example 6400 by default")
    demo.add_argument("--example", action="store_true", help="a whole example campaign, if nobody has signed yet")
    _add_verb(verbs, "doctor", site.doctor, "checks settings, database, SMTP and keys")


def _add_organiser_verbs(verbs: Any) -> None:
    organiser_verbs = verbs.add_parser("organiser", help="adds, lists and removes organisers").add_subparsers(
        required=True
    )
    add = _add_verb(organiser_verbs, "add", site.organiser_add, "a new organiser")
    add.add_argument("nickname")
    add.add_argument("email")
    add.add_argument("--role", choices=[role.name.lower() for role in Role], default="organiser")
    _add_verb(organiser_verbs, "list", site.organiser_list, "who they are")
    _add_verb(organiser_verbs, "remove", site.organiser_remove, "ends what an organiser may do").add_argument(
        "nickname"
    )
    reset = _add_verb(organiser_verbs, "reset", site.organiser_reset, "takes the second factors from whoever lost one")
    reset.add_argument("nickname")
    _add_verb(organiser_verbs, "link", site.organiser_link, "a login link that works once").add_argument("nickname")
    letters_ = _add_verb(verbs, "letters", letters.letters, "letters as PDF, without a browser")
    letters_.add_argument("--output", type=Path, required=True, metavar="DIR")
    letters_.add_argument(
        "--edition", metavar="N", help="all files of an edition, by its number or `latest`, no previews"
    )
    letters_.add_argument("--names", action="store_true", help="the lists of names that go with an edition")
    letters_.add_argument("keys", nargs="*", metavar="KEY", help="PL, BE-nl, eu-commission …; all without any")
    unseal = _add_verb(verbs, "unseal", site.unseal, "opens sealed addresses on the organisers' own machine")
    unseal.add_argument("--identity", type=Path, required=True, metavar="FILE")
    unseal.add_argument("input", type=Path, nargs="?", metavar="INPUT", help="signatures.csv; else standard input")


def _add_retention_verbs(verbs: Any) -> None:
    _add_verb(verbs, "audit", site.audit, "recounts every number; exit 0 only if all agree")
    _add_verb(verbs, "prune", site.prune, "applies the retention rules now")
    _add_verb(verbs, "close", site.close, "ends signing for good; keyed hashes and their key are destroyed")
    destroy = _add_verb(verbs, "destroy", site.destroy, "the panic button: keys first, then what the database holds")
    destroy.add_argument("what", choices=[what.value for what in Scope], help="each takes the one before with it")
    destroy.add_argument("--yes", action="store_true", help="ask nothing")
    _add_verb(verbs, "backup", site.backup, "a backup, sealed to the recipients").add_argument("file", type=Path)
    restore = _add_verb(verbs, "restore", site.restore, "a backup in the place of what is there")
    restore.add_argument("file", type=Path)
    restore.add_argument("--identity", type=Path, metavar="FILE", help="the secret key of one of the recipients")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("N is a whole number above zero")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
