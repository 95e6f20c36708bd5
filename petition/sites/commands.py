"""Runs a command for one campaign, or for all of them: one after the other, or at once if it lasts."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from inspect import iscoroutinefunction
from pathlib import Path

from petition.commands import mail, operations, retention
from petition.commands.runner import run_loop, run_verb
from petition.commands.verbs import Arguments
from petition.core.errors import PetitionError, SettingsError
from petition.sites import delivering, folder, said, usable
from petition.sites.folder import VARIABLE, BrokenSite, NamedSite

# Those that ask nothing, and mean the same for each campaign.
_FOR_ALL = (operations.doctor, operations.audit, operations.migrate, retention.prune, retention.backup, mail.alert)


def run(arguments: Arguments) -> int | None:
    """The exit code; None if the installation has one campaign, or the command needs none. Raises PetitionError."""
    chosen, place = getattr(arguments, "site", None), folder.sites_folder(os.environ)
    if place is None:
        if chosen:
            raise SettingsError(f"--site needs {VARIABLE}: this installation has one campaign.")
        return None
    if not _needs_settings(arguments):
        return None
    said.mark_logs()
    if chosen:
        return _run_one(arguments, _find(place, chosen))
    if arguments.verb in _FOR_ALL or getattr(arguments, "for_each_site", False) or _has_reports_of_all(arguments):
        return _run_in_turn(arguments, place)
    return _run_at_once(arguments, place)


def _has_reports_of_all(arguments: Arguments) -> bool:
    """A folder with a Maildir for each campaign, called like it. One report alone does not say whose it is."""
    return arguments.verb is mail.bounce and arguments.source != "-" and Path(arguments.source).is_dir()


def _needs_settings(arguments: Arguments) -> bool:
    """Commands of organisers' machines read no setting of a site."""
    return iscoroutinefunction(arguments.verb) or arguments.verb is operations.serve


def _find(place: Path, name: str) -> NamedSite:
    """The others may be broken, but must share nothing with it as far as they can be read."""
    sites, broken = usable.read(os.environ, place)
    for one in broken:
        if one.name == name:
            raise one.error
    found = [site for site in sites if site.name == name]
    if not found:
        raise SettingsError(f"There is no campaign {name}: the campaigns are {_names([*sites, *broken])}.")
    return found[0]


def _run_one(arguments: Arguments, site: NamedSite) -> int:
    if arguments.verb is operations.serve:  # it reads the environment itself, and so do its workers
        _use(site.environ)
    return run_verb(arguments, site.environ)


def _use(environ: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("PETITION_")]:
        del os.environ[name]
    os.environ.update(environ)


def _run_at_once(arguments: Arguments, place: Path) -> int:
    sites, broken = usable.read(os.environ, place)
    if arguments.verb not in (operations.serve, mail.deliver):
        names = _names([*sites, *broken])
        raise SettingsError(f"Several campaigns are here ({names}): say which one with --site NAME.")
    usable.refuse_none(sites, broken)
    if arguments.verb is operations.serve:
        from petition.sites import serving  # noqa: PLC0415 (only this verb needs a web server)

        return serving.serve_all(sites, broken, arguments)
    usable.say(broken, " Email of the others leaves; restart when this is put right.")
    return run_loop(delivering.deliver_all(sites)) or 0


def _run_in_turn(arguments: Arguments, place: Path) -> int:
    """The failure of one campaign keeps no other one from its turn."""
    sites, broken = usable.read(os.environ, place)
    usable.say(broken)
    turns = [(_own_arguments(arguments, site.name), site) for site in sites]
    return max([int(bool(broken)), *(_run_turn(own, site) for own, site in turns if own)])


def _run_turn(arguments: Arguments, site: NamedSite) -> int:
    with said.lines_about(site.name):
        try:
            return run_verb(arguments, site.environ)
        except PetitionError as error:
            print(error, file=sys.stderr)
        except OSError as error:
            print(folder.show_os_error(error), file=sys.stderr)
        return 1


def _own_arguments(arguments: Arguments, name: str) -> Arguments | None:
    """A backup of all is one file for each: FILE-NAME. Reports are in FOLDER/NAME; None if a campaign has none."""
    if arguments.verb is retention.backup:
        return Namespace(**vars(arguments) | {"file": Path(f"{arguments.file}-{name}")})
    if arguments.verb is mail.bounce:
        reports = Path(arguments.source, name)
        return Namespace(**vars(arguments) | {"source": str(reports)}) if reports.is_dir() else None
    return arguments


def _names(sites: Sequence[NamedSite | BrokenSite]) -> str:
    return ", ".join(sorted(site.name for site in sites))
