"""Verbs about the long-lived keys: seal a copy to the organisers, open it on their machine, take a lost one out."""

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from petition.commands import confirmation
from petition.commands.confirmation import ask_to_go_on
from petition.commands.verbs import Arguments, add_verb
from petition.core import clock, encryption
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.database.migrations import check_schema
from petition.core.errors import DataError
from petition.core.settings import Settings
from petition.letters.formats import key_sheet
from petition.letters.formats.key_sheet import KeySheet
from petition.organisers import activity_log, lost_desk_key, public_keys
from petition.retention import key_lines, opened_keys, sealed_keys
from petition.retention.new_files import new_files
from petition.retention.sealed_keys import MAX_BYTES, SealedKeys
from petition.site import Site, open_site

_STANDARD_INPUT = Path("-")
_PLACES = "The handbook says where they belong: “The machine is lost”. Destroy this copy when they are there."


def register(verbs: Any) -> None:
    keys = verbs.add_parser("keys", help="the long-lived keys: a sealed copy of them").add_subparsers(required=True)
    sealing = add_verb(keys, "seal", seal, "the long-lived keys in one file, sealed to the recipients")
    sealing.add_argument("file", type=Path, metavar="FILE", help="a new file, text in the format of age")
    sealing.add_argument("--sheet", type=Path, metavar="SHEET", help="a new PDF to print, with the same as QR codes")
    opening = add_verb(keys, "open", open_keys, "opens sealed keys, on an organiser's machine")
    opening.add_argument(
        "file", type=Path, metavar="FILE", help="sealed keys, or what QR codes or lines say; - reads it"
    )
    opening.add_argument("--identity", type=Path, required=True, metavar="ID", help="the secret key of a recipient")
    opening.add_argument("--output", type=Path, metavar="FOLDER", help="a new folder; else a tar on standard output")
    lost = add_verb(keys, "forget-desk", forget_desk, "takes out a PETITION_DESK_KEY that is lost for good")
    confirmation.add_options(lost)


async def seal(settings: Settings, arguments: Arguments) -> None:
    if arguments.sheet and arguments.sheet.resolve() == arguments.file.resolve():
        raise DataError("FILE and SHEET are the same file: name two.")
    async with open_site(settings) as site:
        async with site.database.reading() as c:
            keys = await sealed_keys.current_keys(c, settings)
        copy = SealedKeys(urlsplit(settings.base_url).netloc, clock.today().isoformat(), keys)
        sealed = sealed_keys.seal(copy, settings.recipients)
        files = {arguments.file: sealed_keys.armour(sealed)}
        if arguments.sheet:
            files[arguments.sheet] = key_sheet.render(_sheet(site, copy, sealed), clock.now())
        with new_files(files):
            await site.database.write(partial(_record, copy=copy, settings=settings))
    print(f"{' and '.join(map(str, files))}: {', '.join(keys)}, sealed to {len(settings.recipients)} recipients.")
    print("Now move every copy away from this machine, and open one once: `petition keys open`.")


async def _record(c: Connection, *, copy: SealedKeys, settings: Settings) -> None:
    await sealed_keys.record(c, copy)
    recipients = " ".join(public_keys.fingerprints(settings.recipients))
    await activity_log.append(c, activity_log.SERVER, "sealed a copy of the keys to", recipients)


def _sheet(site: Site, copy: SealedKeys, sealed: bytes) -> KeySheet:
    lines = key_lines.write_lines(sealed)
    return KeySheet(
        site=copy.site,
        sealed_on=copy.sealed_on,
        names=list(copy.keys),
        recipients=public_keys.fingerprints(site.settings.recipients),
        destroy_when=_destroy_when(site),
        codes=key_lines.code_texts(lines),
        lines=[key_lines.group(line) for line in lines],
    )


def _destroy_when(site: Site) -> str:
    day = site.appeal.campaign.destruction
    latest = f", on {day} at the latest" if isinstance(day, date) else ""
    return f"when signing has ended, by petition close or petition destroy{latest}"


def open_keys(arguments: Arguments) -> int:
    """Needs no settings and no database. No key is ever shown on a terminal."""
    if not arguments.output and sys.stdout.isatty():
        raise DataError("Keys are not shown on a terminal: name a folder with --output, or pipe them to a `tar -x`.")
    identity = encryption.read_identity(arguments.identity)
    keys = sealed_keys.open_sealed(_read(arguments.file), identity)
    if arguments.output:
        opened_keys.write_folder(arguments.output, keys)
    else:
        opened_keys.write_tar(sys.stdout.buffer, keys)
    print(f"Keys of {keys.site}, sealed on {keys.sealed_on}: {', '.join(keys.keys)}.", file=sys.stderr)
    print(_PLACES, file=sys.stderr)
    return 0


def _read(file: Path) -> bytes:
    """One byte more than sealed keys may have, at most."""
    try:
        if file == _STANDARD_INPUT:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with file.open("rb") as content:
            return content.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None


async def forget_desk(settings: Settings, arguments: Arguments) -> None:
    """Opens the database without the check of its keys, which would refuse the new one."""
    async with open_database(settings.database_url) as database:
        if not await ask_to_go_on(arguments, "forget-desk", partial(_plan_forget_desk, database, settings)):
            return
        await database.own_transaction(partial(lost_desk_key.forget, settings=settings), locking=lost_desk_key.LOCKED)
    print("Every second factor is gone, with sessions and login links. Make a backup and seal the new key now.")


async def _plan_forget_desk(database: Database, settings: Settings) -> list[str]:
    async with database.reading() as c:
        await check_schema(c, settings.mode)
        await lost_desk_key.check_lost(c, settings=settings)
    return [
        "All second factors are taken away, with sessions and login links: each organiser sets up a new one.",
        "No earlier backup can be restored.",
    ]
