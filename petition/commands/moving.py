"""Verbs that bring a site somewhere else: into another database (move), to another version (upgrade)."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from petition.commands.upgrade import READY_URL, upgrade
from petition.commands.verbs import Arguments, add_verb, progress_bar
from petition.core.database import sqlite
from petition.core.database.database import Database, open_database
from petition.core.errors import SettingsError
from petition.core.setting_parsers import database_url
from petition.core.settings import Settings
from petition.retention.move import Move, move_site

_FIND_URL = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"


def register(verbs: Any) -> None:
    moving = add_verb(verbs, "move", move, "the whole site into another, empty database: SQLite or PostgreSQL")
    moving.add_argument("url", metavar="URL", help=f"{_FIND_URL}; - reads it from standard input: no history has it")
    newer = add_verb(verbs, "upgrade", upgrade, "check, backup, migrate, restart, ready, audit: after a new version")
    newer.add_argument("file", type=Path, nargs="?", metavar="FILE", help="of the backup; in PETITION_VAR by default")
    newer.add_argument("--dry-run", action="store_true", help="checks, says what would be done, and changes nothing")
    newer.add_argument("--ready", metavar="URL", default=READY_URL, help=f"of /readyz; {READY_URL} by default")


async def move(settings: Settings, arguments: Arguments) -> None:
    url = _url(sys.stdin.readline().strip() if arguments.url == "-" else arguments.url)
    async with open_database(settings.database_url) as source, open_database(url, create=True) as target:
        with ExitStack() as stack:
            moved = await move_site(
                source, target, settings.mode, lambda n: stack.enter_context(progress_bar("row", n)).update
            )
        _print_result(moved)
        _print_next_steps(settings, source)


def _url(text: str) -> str:
    try:
        return database_url(text)
    except SettingsError:
        raise SettingsError(f"The address of the new database is {_FIND_URL}.") from None


def _print_result(moved: Move | None) -> None:
    if moved is None:
        print("All rows were there already: the earlier call was ended before it could say so.")
        return
    full = {table: n for table, n in moved.rows.items() if n}
    for table, n in full.items():
        print(f"{n:>12} {table}")
    print(f"{sum(full.values())} rows of {len(full)} tables arrived, counted and audited.")
    for sentence in moved.doubts:
        print(f"It was so in the old database already: {sentence}", file=sys.stderr)


def _print_next_steps(settings: Settings, source: Database) -> None:
    file = sqlite.database_file(settings.database_url)
    remove = f"rm {file} {file}-wal {file}-shm" if source.dialect == "sqlite" else "dropdb"
    print("The old database takes no more signatures and sends no more email. Now set PETITION_DATABASE_URL to the new")
    print(
        "address and restart the service (systemctl restart petition), on each machine. Nothing is lost until then, but"
    )
    print(f"nobody can sign. Then look at the site, make a backup, and delete the old database: {remove}.")
