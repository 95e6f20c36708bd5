"""The first commands of a new site, run as its service: migrate, doctor, the first organiser and their login link."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from petition.commands.setup.place import Place
from petition.commands.setup.settings_files import ENV, SECRETS
from petition.commands.setup.texts import read_settings

_PATHS = (
    *("PETITION_CAMPAIGN", "PETITION_EMAIL_KEY_FILE", "PETITION_EMAIL_KEY_SEALED"),
    *("PETITION_LOG_KEY_FILE", "PETITION_OUTBOX_KEYS", "PETITION_VAR"),
)
_SECRET_FILES = (
    *("secret_key", "desk_key", "letters_key", "smtp_url", "database_url"),
    *("metrics_token", "bounce_token"),
)


def service_environment(place: Place) -> dict[str, str]:
    """The settings as the service has them, with every path below the root of the place."""
    settings = {name: value for name, value in read_settings(place.read(ENV)).items() if name.startswith("PETITION_")}
    settings |= {name: str(place.path(settings[name])) for name in _PATHS if name in settings}
    settings |= {f"PETITION_{name.upper()}_FILE": str(place.path(f"{SECRETS}/{name}")) for name in _SECRET_FILES}
    database = place.read(f"{SECRETS}/database_url").strip()
    if database.startswith("sqlite") and not place.is_this_machine:
        del settings["PETITION_DATABASE_URL_FILE"]
        settings["PETITION_DATABASE_URL"] = f"sqlite:///{place.path(urlsplit(database).path.removeprefix('/'))}"
    home = str(place.path("/var/lib/petition"))  # the service's: root's own cannot be read by it
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TZ")}
    return {**kept, **settings, "HOME": home}


def run_as_service(place: Place, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    account = place.service()
    is_root = os.geteuid() == 0
    return subprocess.run(  # noqa: S603 (our own program and words of ours)
        [sys.executable, "-P", "-m", "petition", *arguments],
        env=service_environment(place),
        cwd=place.path("/var/lib/petition"),
        user=account.uid if is_root else None,
        group=account.gid if is_root else None,
        extra_groups=[] if is_root else None,
        umask=0o077,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def has_organiser(place: Place, nickname: str) -> bool:
    lines = run_as_service(place, "organiser", "list").stdout.splitlines()
    return any(line.split("\t")[0] == nickname for line in lines)


def add_admin(place: Place, nickname: str, address: str) -> str:
    """Why it failed; empty if it did not."""
    return run_as_service(place, "organiser", "add", nickname, "--role", "admin", stdin=f"{address}\n").stderr.strip()
