"""The verb `setup`."""

from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb


def register(verbs: Any) -> None:
    parser = add_verb(verbs, "setup", setup, "asks what a site needs; writes settings, secrets and files of the server")
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR", help="writes below this folder")
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="a TOML file with the answers, instead of questions"
    )
    parser.add_argument("--start", action="store_true", help="starts what was written, without asking")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--check-dns", action="store_true", help="only asks the DNS for each record")
    only.add_argument("--test-email", action="store_true", help="only sends an email, and asks for the code in it")
    parser.add_argument("--nameserver", default="", metavar="HOST:PORT", help="for --check-dns; else the usual one")


def setup(arguments: Arguments) -> int:
    from petition.commands.setup import run  # noqa: PLC0415 (only this verb needs the DNS)

    place = run.open_place(arguments.root)
    if arguments.check_dns:
        return run.check_dns(place, arguments.nameserver)
    if arguments.test_email:
        return run.test_email(place)
    return run.set_up(place, arguments.answers, start=arguments.start)
