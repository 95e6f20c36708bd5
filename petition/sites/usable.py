"""Tells the campaigns that can be used from those that cannot: one wrong file stops no other campaign."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from petition.core.errors import SettingsError
from petition.sites import clashes, folder
from petition.sites.folder import BrokenSite, NamedSite


def read(environ: Mapping[str, str], place: Path) -> tuple[list[NamedSite], list[BrokenSite]]:
    """Those that can be used share nothing. Raises SettingsError if there is no file."""
    sites, broken = folder.read_sites(environ, place)
    faults = clashes.find_clashes(sites)
    clashing = [BrokenSite(site.name, faults[site.name], site.hosts) for site in sites if site.name in faults]
    return [site for site in sites if site.name not in faults], [*broken, *clashing]


def say(broken: Sequence[BrokenSite], more: str = "") -> None:
    for sentence in _sentences(broken):
        print(f"{sentence}{more}", file=sys.stderr, flush=True)


def refuse_none(sites: Sequence[NamedSite], broken: Sequence[BrokenSite]) -> None:
    """Raises SettingsError, with the sentence of each, if none can be used."""
    if not sites:
        raise SettingsError("\n".join(_sentences(broken)))


def _sentences(broken: Sequence[BrokenSite]) -> list[str]:
    """One for two files that share something."""
    return list(dict.fromkeys(str(one.error) for one in broken))
