"""Checks that there is room on the disks: without it no signature is taken and no email leaves."""

import shutil
from pathlib import Path

from petition.commands.doctor.finding import Finding
from petition.core.database.sqlite import database_file
from petition.core.settings import Settings

ROOT = Path("/")
SPOOL = "var/spool/postfix"
POSTGRESQL = "var/lib/postgresql"
_LEAST = 256 << 20  # bytes: the write-ahead log, one backup, a spool of emails
_ENOUGH = 1 << 30


def check_room(settings: Settings, root: Path = ROOT) -> list[Finding]:
    """One finding for each disk that a folder of ours lies on. A demo may have a small one."""
    if settings.demo:
        return []
    folders: dict[int, list[Path]] = {}
    for folder in filter(Path.is_dir, _folders(settings, root)):
        folders.setdefault(folder.stat().st_dev, []).append(folder)
    return [_check_disk(settings, several) for several in folders.values()]


def _folders(settings: Settings, root: Path) -> list[Path]:
    is_sqlite = settings.database_url.startswith("sqlite")
    database = database_file(settings.database_url).parent if is_sqlite else root / POSTGRESQL
    return list(dict.fromkeys([database, settings.var, root / SPOOL]))


def _check_disk(settings: Settings, folders: list[Path]) -> Finding:
    free, needed = shutil.disk_usage(folders[0]).free, _ENOUGH + _database_size(settings, folders)
    names = " and ".join(map(str, folders))
    what = f"only {free >> 20} MB are free for {names}" if free < needed else ""
    why = "on a full disk nobody can sign, and a backup needs as much room as the database"
    command = f"df -h {folders[0]}; then delete what does not belong there, or enlarge the disk"
    is_full = free < _LEAST
    return Finding(
        f"room on the disk of {names}",
        fix=what if is_full else "",
        warning="" if is_full else what,
        why=why,
        command=command,
    )


def _database_size(settings: Settings, folders: list[Path]) -> int:
    """0 for PostgreSQL, whose files only its own account sees."""
    if not settings.database_url.startswith("sqlite"):
        return 0
    file = database_file(settings.database_url)
    return file.stat().st_size if file.parent in folders and file.is_file() else 0
