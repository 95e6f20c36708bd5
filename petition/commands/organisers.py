"""Verbs about organisers, and the one that they run on a machine of their own: unseal."""

import csv
import sys
from functools import partial
from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb, progress_bar
from petition.core import csv_tables, encryption
from petition.core.errors import DataError, OrganiserError
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.organisers import accounts
from petition.organisers.accounts import Role
from petition.site import open_site

_MAX_LINE = 1000  # bytes


def register(verbs: Any) -> None:
    organiser = verbs.add_parser("organiser", help="adds, lists and removes organisers").add_subparsers(required=True)
    add = add_verb(organiser, "add", organiser_add, "a new organiser")
    add.add_argument("nickname")
    add.add_argument("email", nargs="?", help="in demo mode only; else it is asked for, or read from standard input")
    add.add_argument("--role", choices=[role.name.lower() for role in Role], default="organiser")
    add_verb(organiser, "list", organiser_list, "who they are")
    remove = add_verb(organiser, "remove", organiser_remove, "ends what an organiser may do")
    reset = add_verb(organiser, "reset", organiser_reset, "takes the second factors from anyone who lost one")
    link = add_verb(organiser, "link", organiser_link, "a login link that works once")
    for parser in (remove, reset, link):
        parser.add_argument("nickname")
    sealed = add_verb(verbs, "unseal", unseal, "opens sealed addresses on the organisers' own machine")
    sealed.add_argument("--identity", type=Path, required=True, metavar="FILE")
    sealed.add_argument("input", type=Path, nargs="?", metavar="INPUT", help="signatures.csv; else standard input")


async def organiser_add(settings: Settings, arguments: Arguments) -> None:
    text = _read_address(settings, arguments)
    async with open_site(settings) as site:
        if (email := site.email_providers.parse(text)) is None:
            raise OrganiserError("This is not an email address.")
        role = Role[arguments.role.upper()]
        add = partial(
            accounts.add_organiser, server_keys=site.server_keys, nickname=arguments.nickname, email=email, role=role
        )
        await site.database.write(add)


def _read_address(settings: Settings, arguments: Arguments) -> str:
    """Arguments of a command are in the history of the shell, and every process of the machine can see them."""
    if arguments.email and not settings.demo:
        raise OrganiserError("Leave the address out: it is asked for, so that it stays in no history of the shell.")
    if arguments.email:
        return str(arguments.email)
    if sys.stdin.isatty():
        print(f"Email address of {arguments.nickname}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.buffer.readline(_MAX_LINE).decode("utf-8", "replace").strip()


async def organiser_list(settings: Settings, _: Arguments) -> None:
    async with open_site(settings) as site, site.database.reading() as c:
        for row in await accounts.list_organisers(c):
            print(f"{row['nickname']}\t{row['role']}\tsince {row['added_on']}")


async def organiser_remove(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        await site.database.write(partial(accounts.remove_organiser, nickname=arguments.nickname))


async def organiser_reset(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        await site.database.write(partial(accounts.reset_factors, nickname=arguments.nickname))
    print("Second factors, sessions and links are gone. The next login sets up a new factor.")


async def organiser_link(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        make = partial(accounts.make_login_link, server_keys=site.server_keys, nickname=arguments.nickname)
        secret = await site.database.write(make)
        print(f"{settings.base_url}/organisers/login/{site.signer.make_token(Purpose.LOGIN, secret)}")


def unseal(arguments: Arguments) -> int:
    """Prints those who want updates as CSV: address, country, link that ends the updates."""
    try:
        key = encryption.parse_identity(arguments.identity.read_text("utf-8"))
        with arguments.input.open(encoding="utf-8", newline="") if arguments.input else sys.stdin as lines:
            sealed = [row for row in csv.DictReader(lines) if row.get("sealed_address")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"A file cannot be read: {getattr(error, 'strerror', 'it is not text')}.") from None
    csv_tables.write_csv(sys.stdout, [("address", "country", "unsubscribe")], "\n")
    for row in progress_bar("address", len(sealed), sealed):
        email, unsubscribe = encryption.unseal_contact(key, row["sealed_address"])
        csv_tables.write_csv(sys.stdout, [(email, row.get("country") or "", unsubscribe)], "\n")
    return 0
