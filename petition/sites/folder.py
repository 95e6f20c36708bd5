"""Reads the settings of all campaigns: NAME.env in the folder of PETITION_SITES, with the lines of a petition.env."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from petition.commands.setup.texts import read_settings
from petition.core.errors import PetitionError, SettingsError
from petition.core.settings import Settings, from_environment

VARIABLE = "PETITION_SITES"
_ADDRESSES = ("PETITION_BASE_URL", "PETITION_ONION_URL")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_OF_THE_PROCESS = (VARIABLE, "PETITION_VAR", "PETITION_SERVE_", "PETITION_TEST_")


@dataclass(frozen=True, slots=True)
class NamedSite:
    name: str
    environ: Mapping[str, str]
    settings: Settings

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which it answers."""
        both = urlsplit(self.settings.base_url).hostname, self.settings.onion_host
        return tuple(name for name in both if name)


@dataclass(frozen=True, slots=True)
class BrokenSite:
    """`error` names its file and says what to do. `hosts`: names that its file has; empty if none can be read."""

    name: str
    error: PetitionError
    hosts: tuple[str, ...] = ()


def sites_folder(environ: Mapping[str, str]) -> Path | None:
    """None if this installation has one campaign."""
    text = environ.get(VARIABLE, "").strip()
    return Path(text) if text else None


def read_sites(environ: Mapping[str, str], folder: Path) -> tuple[list[NamedSite], list[BrokenSite]]:
    """Campaigns by name, and those whose settings cannot be used. Raises SettingsError if there is no file."""
    _refuse_other_settings(environ)
    sites, broken = [], []
    for file in _files(folder):
        try:
            sites.append(_read_site(environ, file))
        except SettingsError as error:
            broken.append(BrokenSite(file.stem, error, _find_hosts(file)))
    return sites, broken


def _files(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".env" and not file.name.startswith("."))
    except OSError as error:
        raise SettingsError(f"{VARIABLE}: {folder} cannot be read: {error.strerror}.") from None
    if not files:
        raise SettingsError(f"{VARIABLE}: {folder} has no settings file NAME.env.")
    return files


def _refuse_other_settings(environ: Mapping[str, str]) -> None:
    """Anyone who writes one there means a campaign. Files of secrets are named by the units, and left out."""
    for name in sorted(environ):
        if name.startswith("PETITION_") and not name.startswith(_OF_THE_PROCESS) and not name.endswith("_FILE"):
            raise SettingsError(f"With {VARIABLE}, {name} belongs into the settings file of a campaign: move it there.")


def _read_site(environ: Mapping[str, str], file: Path) -> NamedSite:
    if not _NAME.fullmatch(file.stem):
        raise SettingsError(f"{file.name}: the name of a campaign has small letters, digits and hyphens, 31 at most.")
    text = _read(file)
    try:
        given = read_settings(text)
        if VARIABLE in given:
            raise SettingsError(f"{VARIABLE} is no setting of one campaign: delete that line.")
        own = _environ_of(environ, given)
        return NamedSite(file.stem, own, from_environment(own))
    except OSError as error:  # a demo makes its secrets in PETITION_VAR
        raise SettingsError(f"{file.name}: {show_os_error(error)}") from None
    except PetitionError as error:
        raise SettingsError(f"{file.name}: {str(error).removeprefix('petition.env: ')}") from None


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"{file.name} cannot be read: make it a text that the user of the service may read."
        ) from None


def show_os_error(error: OSError) -> str:
    what = error.filename or "A file"
    return f"{what} cannot be used ({error.strerror}): let the user of the service read and write it."


def _find_hosts(file: Path) -> tuple[str, ...]:
    """Of a file that cannot be used: some line of it is wrong, seldom this one."""
    try:
        lines = [line.partition("=") for line in file.read_text("utf-8", "replace").splitlines()]
        found = [value.strip(" \t\"'") for name, _, value in lines if name.strip() in _ADDRESSES]
        return tuple(host for address in found if (host := urlsplit(address).hostname))
    except (OSError, ValueError):
        return ()


def _environ_of(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process without its settings, and those of the campaign."""
    return {name: text for name, text in environ.items() if not name.startswith("PETITION_")} | {
        name: text for name, text in given.items() if name.startswith("PETITION_")
    }
