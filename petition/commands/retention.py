"""Verbs about what is kept and for how long: prune, close, destroy, backup, restore."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

from pyrage.x25519 import Identity

from petition.commands import confirmation
from petition.commands.confirmation import ask_to_go_on
from petition.commands.verbs import Arguments, add_verb, log_action, print_result
from petition.core import encryption
from petition.core.errors import DataError, KeysError
from petition.core.settings import Settings
from petition.features import features
from petition.organisers import activity_log
from petition.retention import backup_file, plans
from petition.retention.backup import restore_backup, write_backup
from petition.retention.close import close_signing
from petition.retention.destroy import RESULTS, Scope, destroy_scope
from petition.retention.restore_key import RestoreKey
from petition.retention.sealed_keys import FOR_HOLDERS
from petition.site import Site, open_site

_WAY = "`petition restore --new-key` prints a key, to which an organiser seals the backup with `petition reseal`"
_NEXT_STEP = (
    "An organiser runs, on their own machine: petition reseal FILE --identity ID --to KEY. Then: petition restore "
    "FILE.resealed. The key is destroyed after that, or after a day."
)


def register(verbs: Any) -> None:
    add_verb(verbs, "prune", prune, "applies the retention rules now")
    ending = add_verb(verbs, "close", close, "ends signing for good; keyed hashes and their key are destroyed")
    confirmation.add_options(ending)
    panic = add_verb(verbs, "destroy", destroy, "the panic button: keys first, then what the database holds")
    panic.add_argument("what", choices=[scope.value for scope in Scope], help="each takes the one before with it")
    confirmation.add_options(panic)
    add_verb(verbs, "backup", backup, "a backup, sealed to the recipients").add_argument("file", type=Path)
    from_file = add_verb(verbs, "restore", restore, "a backup in the place of what is there")
    what = from_file.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a backup, sealed to the one-time key")
    what.add_argument(
        "--new-key", action="store_true", help="prints a one-time key for `petition reseal`, good for a day"
    )
    from_file.add_argument("--organisers", action="store_true", help="with organisers and second factors of the backup")
    from_file.add_argument("--identity", type=Path, metavar="ID", help="in demo mode only: the key of a recipient")
    confirmation.add_options(from_file)
    other = add_verb(verbs, "reseal", reseal, "seals a backup to the server's one-time key, on an organiser's machine")
    other.add_argument("file", type=Path, metavar="FILE")
    other.add_argument("--identity", type=Path, required=True, metavar="ID", help="the secret key of a recipient")
    other.add_argument("--to", required=True, metavar="KEY", help="what `petition restore --new-key` printed")
    other.add_argument("--output", type=Path, metavar="OUT", help="a new file; FILE.resealed by default")


async def prune(settings: Settings, _: Arguments) -> None:
    async with open_site(settings) as site:
        await site.prune()


async def close(settings: Settings, arguments: Arguments) -> int:
    async with open_site(settings) as site:
        if not await ask_to_go_on(arguments, "close", partial(_plan_close, site)):
            return 0
        await close_signing(site.database, site.server_keys, settings.email_key_file)
        for feature in features():
            await feature.on_end(site)
    print("Signing has ended. Keyed hashes, names and contacts are gone; numbers and answers stay.")
    if settings.email_key_file is None:
        print("PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one.")
    print(FOR_HOLDERS)
    return 0


async def _plan_close(site: Site) -> list[str]:
    async with site.database.reading() as c:
        return await plans.plan_close(c, site.settings)


async def destroy(settings: Settings, arguments: Arguments) -> int:
    """With --yes nothing stands before the keys: no plan, no database, no terminal that no longer reads."""
    scope = Scope(arguments.what)
    if arguments.dry_run or not arguments.yes:
        plan = partial(plans.plan_destroy, settings, scope)
        if not await ask_to_go_on(arguments, arguments.what, plan):
            return 0
    more = "" if scope is Scope.OUTBOX else f"\n{FOR_HOLDERS}"
    failures = await destroy_scope(settings, scope)
    for feature in features() if scope is not Scope.OUTBOX else ():
        failures += await feature.on_destroy(settings, scope is Scope.ALL)
    return print_result(failures, f"{RESULTS[scope]}{more}")


async def backup(settings: Settings, arguments: Arguments) -> None:
    async with open_site(settings) as site:
        rows = await write_backup(site.database, settings, arguments.file)
        await log_action(site, activity_log.BACKUP)
    print(f"{rows} rows, sealed to {len(settings.recipients)} recipients.")


async def restore(settings: Settings, arguments: Arguments) -> None:
    key = RestoreKey(settings.outbox_keys)
    if arguments.new_key and arguments.dry_run:
        print("This would make a one-time key; an earlier one would be destroyed.")
        return
    if arguments.new_key:
        print(key.make())
        print(_NEXT_STEP, file=sys.stderr)
        return
    identities = _identities(settings, key, arguments.identity)
    if not await _may_replace(settings, arguments, identities):
        return
    async with open_site(settings, migrate=True) as site:
        restored = await restore_backup(
            site.database, settings, identities, arguments.file, organisers=arguments.organisers
        )
        await site.take_snapshot()  # what should have been released since the backup
    key.destroy()
    print(f"{restored.rows} rows restored, as they were at {restored.made_at}; the never-write list is applied.")
    print("Sessions, links and waiting emails are in no backup: organisers log in again.")
    if restored.left_out:
        print(
            f"{restored.left_out} organisers of the backup were left out: --organisers restores them and their factors."
        )
    if not restored.has_organisers:
        print("There is no organiser here: add one with `petition organiser add`, or restore with --organisers.")


async def _may_replace(settings: Settings, arguments: Arguments, identities: list[Identity]) -> bool:
    """Over data a person is asked; into an empty database nobody is."""
    replaced = await plans.count_replaced(settings, organisers=arguments.organisers)
    if replaced is None and not arguments.dry_run:
        return True
    plan = partial(plans.plan_restore, settings, identities, arguments.file, replaced)
    return await ask_to_go_on(arguments, "restore", plan)


def _identities(settings: Settings, key: RestoreKey, file: Path | None) -> list[Identity]:
    """The one-time key; in demo mode also the organisers' own, which is on this machine anyway."""
    one_time = key.find()
    if settings.demo:
        own = encryption.read_identity(file or settings.var / "secrets" / "organisers_identity")
        return [own, one_time] if one_time else [own]
    if file:
        raise DataError(f"No organiser's key belongs on a server: {_WAY}.")
    if one_time is None:
        raise KeysError(f"There is no one-time key here, or it is older than a day: {_WAY}.")
    return [one_time]


def reseal(arguments: Arguments) -> int:
    """Needs no settings and no database."""
    identity = encryption.read_identity(arguments.identity)
    recipient = encryption.parse_recipient(arguments.to, "--to")
    output = arguments.output or arguments.file.with_name(f"{arguments.file.name}.resealed")
    backup_file.reseal(arguments.file, identity, recipient, output)
    print(f"{output} opens with the one-time key of the server: copy it there, and run `petition restore`.")
    return 0
