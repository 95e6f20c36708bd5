"""Verbs about what is kept and for how long: prune, close, destroy, backup, restore."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb, log_action, print_result
from petition.core import encryption
from petition.core.errors import DataError
from petition.core.settings import Settings
from petition.retention.backup import restore_backup, write_backup
from petition.retention.close import close_signing
from petition.retention.destroy import RESULTS, Scope, destroy_scope
from petition.site import open_site


def register(verbs: Any) -> None:
    add_verb(verbs, "prune", prune, "applies the retention rules now")
    add_verb(verbs, "close", close, "ends signing for good; keyed hashes and their key are destroyed")
    panic = add_verb(verbs, "destroy", destroy, "the panic button: keys first, then what the database holds")
    panic.add_argument("what", choices=[scope.value for scope in Scope], help="each takes the one before with it")
    panic.add_argument("--yes", action="store_true", help="ask nothing")
    add_verb(verbs, "backup", backup, "a backup, sealed to the recipients").add_argument("file", type=Path)
    from_file = add_verb(verbs, "restore", restore, "a backup in the place of what is there")
    from_file.add_argument("file", type=Path)
    from_file.add_argument("--organisers", action="store_true", help="with organisers and second factors of the backup")
    from_file.add_argument("--identity", type=Path, metavar="FILE", help="the secret key of one of the recipients")


async def prune(settings: Settings, _: Arguments) -> None:
    async with open_site(settings) as site:
        await site.prune()


async def close(settings: Settings, _: Arguments) -> int:
    if not await _is_meant("This ends signing for good and destroys every keyed hash.", "close"):
        return 1
    async with open_site(settings) as site:
        await close_signing(site.database, site.server_keys, settings.email_key_file)
    print("Signing has ended. Keyed hashes, names and contacts are gone; numbers and answers stay.")
    if settings.email_key_file is None:
        print("PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one.")
    return 0


async def destroy(settings: Settings, arguments: Arguments) -> int:
    if not (arguments.yes or await _is_meant(f"This destroys {arguments.what} for good.", arguments.what)):
        return 1
    scope = Scope(arguments.what)
    return print_result(await destroy_scope(settings, scope), RESULTS[scope])


async def _is_meant(warning: str, word: str) -> bool:
    """Whether the person at the terminal types the word; true if standard input is no terminal."""
    if not sys.stdin.isatty() or await asyncio.to_thread(input, f"{warning} Type {word} if that is meant: ") == word:
        return True
    print("Nothing was changed.", file=sys.stderr)
    return False


async def backup(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        rows = await write_backup(site.database, settings, arguments.file)
        await log_action(site, "made a backup")
    print(f"{rows} rows, sealed to {len(settings.recipients)} recipients.")


async def restore(settings: Settings, arguments: Arguments) -> None:
    file = arguments.identity or (settings.var / "secrets" / "organisers_identity" if settings.demo else None)
    if file is None:
        raise DataError("A restore needs --identity FILE: the secret key of one of the recipients.")
    identity = encryption.read_identity(file)
    async with open_site(settings, migrate=True) as site:
        restored = await restore_backup(
            site.database, settings, [identity], arguments.file, organisers=arguments.organisers
        )
    print(f"{restored.rows} rows restored, as they were at {restored.made_at}; the never-write list is applied.")
    print("Sessions, links and waiting emails are in no backup: organisers log in again.")
    if restored.left_out:
        print(
            f"{restored.left_out} organisers of the backup were left out: --organisers restores them and their factors."
        )
    if not restored.has_organisers:
        print("There is no organiser here: add one with `petition organiser add`, or restore with --organisers.")
