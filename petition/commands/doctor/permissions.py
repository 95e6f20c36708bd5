"""Checks who else on this machine may read or change our files: secrets, the key of the hashes, the database."""

from pathlib import Path
from stat import S_IRWXG, S_IRWXO, S_IWGRP

from petition.commands.doctor.finding import Finding
from petition.core.database.sqlite import database_file
from petition.core.settings import Settings

ROOT = Path("/")
SECRETS = "etc/petition/secrets"
_OTHERS = S_IRWXO
_ALL_BUT_OWNER = S_IRWXG | S_IRWXO


def check_email_key(settings: Settings) -> Finding:
    subject = "file of the email key"
    files = [file for file in (settings.email_key_file, settings.sealed_email_key) if file]
    if not (open_ := [file for file in files if _mode(file) & _ALL_BUT_OWNER]):
        return Finding(subject)
    why = "who has it and a copy of the database can find out whether a person signed"
    return Finding(subject, f"others may read {_names(open_)}", why=why, command=f"chmod 600 {_names(open_)}")


def check_database_files(settings: Settings) -> Finding:
    """A folder that others may write to is as bad as a file: they can put another file in its place."""
    subject = "files of the database"
    if settings.demo or not settings.database_url.startswith("sqlite"):
        return Finding(subject)
    file = database_file(settings.database_url)
    files = [path for path in sorted(file.parent.glob(f"{file.name}*")) if _mode(path) & _ALL_BUT_OWNER]
    folder = [file.parent] if _mode(file.parent) & (_OTHERS | S_IWGRP) else []
    if not (files or folder):
        return Finding(subject)
    commands = [f"chmod {mode} {_names(paths)}" for mode, paths in (("700", folder), ("600", files)) if paths]
    why = "any other account here could copy or change signatures"
    return Finding(subject, f"others may open {_names([*folder, *files])}", why=why, command=" && ".join(commands))


def check_secrets_folder(settings: Settings, root: Path = ROOT) -> Finding:
    """As the handbook makes it: 750 and of the service's group, its files 640."""
    subject, folder = "folder of the secrets", root / SECRETS
    files = sorted(folder.glob("*")) if _may_list(folder) else []
    open_ = [path for path in (folder, *files) if _mode(path) & (_OTHERS | S_IWGRP)]
    if settings.demo or not open_:
        return Finding(subject)
    why = "any other account here could sign links as this site does"
    return Finding(subject, f"others may open {_names(open_)}", why=why, command=f"chmod -R u=rwX,g=rX,o= {folder}")


def _mode(path: Path) -> int:
    """0 for what does not exist, and for what even we may not look at."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _may_list(folder: Path) -> bool:
    try:
        return next(folder.iterdir(), None) is not None
    except OSError:
        return False


def _names(paths: list[Path]) -> str:
    return " ".join(map(str, paths))
