"""Brings a site to the version that is installed: check, backup, migrate, restart, ready, audit.

Each step can be done twice, so after a failure, or if it was killed, the command is simply run again.
"""

import asyncio
import secrets
import shutil
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path

from petition import features
from petition.commands.doctor import check_installation
from petition.commands.verbs import Arguments, print_result
from petition.core import clock
from petition.core.database import migrations
from petition.core.database.database import Database, open_database
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.organisers import activity_log, last_checks
from petition.retention.backup import write_backup
from petition.site import open_site

UNIT = "petition.service"
READY_URL = "http://127.0.0.1:8000/readyz"
WAIT_SECONDS, PAUSE_SECONDS = 300, 1.0  # for a restart by hand, and between two looks
_RESTART = "systemctl restart petition"


class UpgradeError(PetitionError):
    """A step of the upgrade failed; the text says which, and what to do."""


async def upgrade(settings: Settings, arguments: Arguments) -> int:
    if fixes := await _check(settings):
        return print_result([*fixes, "Nothing was changed: fix this first, then run `petition upgrade` again."], "")
    name = f"before-upgrade-{clock.now():%Y-%m-%d-%H%M%S}-{secrets.token_hex(3)}"  # another one in the same second too
    file = arguments.file or _backup_folder(settings.var) / name
    async with open_database(settings.database_url) as database:
        number = await _schema(database)
        steps = migrations.latest_version() - number
        if arguments.dry_run:
            return _print_plan(file, number, steps)
        rows = await write_backup(database, settings, file)
        print(f"Backup: {rows} rows in {file}.")
        await migrations.migrate(database, settings.mode)
        await database.write(partial(activity_log.append, who=activity_log.SERVER, action=activity_log.BACKUP))
        print(f"Migrated: {_count_steps(steps, 'new ')}." if steps else "The database had the current schema already.")
    try:
        await _restart(arguments.ready)
        failures = await _audit(settings)
    except PetitionError as error:
        failures = [str(error)]
    _print_way_back(file)
    return print_result(failures, "All numbers agree. The upgrade is done.")


async def _check(settings: Settings) -> list[str]:
    """What doctor says must be fixed, except that the schema is old: that is what we are here for."""
    found = [finding async for finding in check_installation(settings)]
    return [f"{one.subject}: {one.fix}" for one in found if one.fix and one.fix != migrations.OLDER_SCHEMA]


def _backup_folder(var: Path) -> Path:
    """That of the nightly backups, from which old ones are deleted; else PETITION_VAR."""
    nightly = var.with_name(f"{var.name}-backup")
    return nightly if nightly.is_dir() else var


async def _schema(database: Database) -> int:
    async with database.reading() as c:
        return await migrations.current_version(c)


def _print_plan(file: Path, number: int, steps: int) -> int:
    print("The check found nothing that must be fixed. `petition upgrade` would now:")
    print(f"  make a backup in {file}")
    to = f"from schema {number} to {migrations.latest_version()}" if steps else f"since the schema is {number} already"
    print(f"  take {_count_steps(steps)} {to}")
    print(f"  restart the service ({_RESTART}), wait until it is ready, and recount every number")
    print("Nothing was changed.")
    return 0


def _count_steps(steps: int, which: str = "") -> str:
    return f"{steps or 'no'} {which}step{'' if steps == 1 else 's'}"


async def _restart(ready_url: str) -> None:
    """Raises UpgradeError if the new version does not become ready."""
    if (before := await _main_process()) == 0:
        print("No service of systemd is running here: restart `petition serve` now, and look at /readyz.")
        return
    if not await _systemctl("restart", UNIT):
        print(f"Now run, as root in another terminal: {_RESTART}", flush=True)
    for _ in range(int(WAIT_SECONDS / PAUSE_SECONDS)):
        problem = "it was not restarted" if await _main_process() in (0, before) else await _problem(ready_url)
        if not problem:
            print("The new version is ready.")
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise UpgradeError(f"The service is not ready ({problem}): run `{_RESTART}`, then `petition upgrade` again.")


async def _problem(ready_url: str) -> str:
    """Why the server is not ready; empty if it is."""
    try:
        await asyncio.to_thread(urllib.request.urlopen, ready_url, timeout=10)
    except urllib.error.HTTPError as error:
        return error.read(500).decode(errors="replace").strip()
    except OSError:
        return f"nothing answers at {ready_url}"
    return ""


async def _main_process() -> int:
    """The process of the running unit; 0 if systemd runs none."""
    answer = await _systemctl("show", UNIT, "--property=MainPID", "--value")
    return int(answer) if answer.strip().isdecimal() else 0


async def _systemctl(*arguments: str) -> str:
    """What it prints, or `done`; empty if it cannot do that."""
    if (program := shutil.which("systemctl")) is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):  # the caller tells a person what to run
        command = [program, "--no-ask-password", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )
        return (done.stdout or "done") if done.returncode == 0 else ""
    return ""


async def _audit(settings: Settings) -> list[str]:
    async with open_site(settings) as site:
        return await last_checks.audit_and_record(site.database, partial(features.audit, site=site))


def _print_way_back(file: Path) -> None:
    print(f"The way back: the tag that was installed before, an empty database, and {file}:")
    print('see "The way back" in the handbook. Delete this backup within seven days.')
