"""Reads the settings of all campaigns: NAME.env in the folder of PETITION_SITES, with the lines of a petition.env."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from petition.commands.setup.texts import read_settings
from petition.core.errors import PetitionError, SettingsError
from petition.core.settings import Settings, from_environment

VARIABLE = "PETITION_SITES"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_OF_THE_PROCESS = (VARIABLE, "PETITION_VAR", "PETITION_SERVE_", "PETITION_TEST_")


@dataclass(frozen=True, slots=True)
class NamedSite:
    name: str
    environ: Mapping[str, str]
    settings: Settings


def sites_folder(environ: Mapping[str, str]) -> Path | None:
    """None if this installation has one campaign."""
    text = environ.get(VARIABLE, "").strip()
    return Path(text) if text else None


def read_sites(environ: Mapping[str, str], folder: Path) -> tuple[list[NamedSite], dict[str, SettingsError]]:
    """Campaigns by name, and why the settings of others cannot be used. Raises SettingsError if there is none."""
    _refuse_other_settings(environ)
    sites, faults = [], {}
    for file in _files(folder):
        try:
            sites.append(_read_site(environ, file))
        except SettingsError as error:
            faults[file.stem] = error
    return sites, faults


def read_all(environ: Mapping[str, str], folder: Path) -> list[NamedSite]:
    """Raises SettingsError, which names the first file that cannot be used."""
    sites, faults = read_sites(environ, folder)
    for fault in faults.values():
        raise fault
    return sites


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
    try:
        given = read_settings(file.read_text("utf-8"))
        if VARIABLE in given:
            raise SettingsError(f"{VARIABLE} is no setting of one campaign")
        own = _environ_of(environ, given)
        return NamedSite(file.stem, own, from_environment(own))
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file.name} cannot be read.") from None
    except PetitionError as error:
        raise SettingsError(f"{file.name}: {str(error).removeprefix('petition.env: ')}") from None


def _environ_of(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the process without its settings, and those of the campaign."""
    return {name: text for name, text in environ.items() if not name.startswith("PETITION_")} | {
        name: text for name, text in given.items() if name.startswith("PETITION_")
    }
