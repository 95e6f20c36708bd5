"""What a folder of petition/ that can be left out adds to the site. Who wants it away deletes the folder.

Each such folder has a module `feature` with a `FEATURE`. Nobody imports the folder: it is found here.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import petition
from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.site import Site

Job = tuple[float, Callable[[], Awaitable[None]]]
File = tuple[str, bytes]


async def _nothing(*_: object) -> list[Any]:
    return []


@dataclass(frozen=True, slots=True)
class Feature:
    """By default it adds nothing.

    `register_commands` gets what argparse's add_subparsers() returns; `routes` gives Starlette's; `jobs` gives
    (seconds, job) of the web server; `pages` is like PAGES of web/prerender.py; `pages_for` gives
    those that only some settings bring. `read_state`: what these pages show of
    the database, in `state.features` under the name of the feature. `letter_files`: files that go with a letter in a
    ZIP. `checks` are those of the doctor (commands/doctor/checks.py). `audit` and `warnings` give sentences:
    about numbers that do not agree, and what an operator should know now. `on_end` is called after signing has ended,
    and `on_destroy` last of all, with whether everything is to be destroyed; it gives a sentence for each thing that
    could not be done. `run` gets what the command line says before any setting is read, and gives the exit code if it
    has run the command itself.
    """

    name: str
    register_commands: Callable[[Any], None] = lambda _: None
    routes: Callable[[], Sequence[Any]] = tuple
    jobs: Callable[[Site], Iterable[Job]] = lambda _: ()
    pages: Mapping[str, tuple[str, str, Any]] = field(default_factory=dict)
    pages_for: Callable[[Settings], Mapping[str, tuple[str, str, Any]]] = lambda _: {}
    read_state: Callable[[Connection], Awaitable[Any]] = _nothing
    mirror_files: Callable[[Settings], Iterable[File]] = lambda _: ()
    letter_files: Callable[[Connection, Settings, str], Awaitable[list[File]]] = _nothing
    checks: Sequence[Callable[[Settings], Any]] = ()
    audit: Callable[[Connection, Settings], Awaitable[list[str]]] = _nothing
    warnings: Callable[[Connection, Site], Awaitable[list[str]]] = _nothing
    on_end: Callable[[Site], Awaitable[object]] = _nothing
    on_destroy: Callable[[Settings, bool], Awaitable[list[str]]] = _nothing
    run: Callable[[Any], int | None] = lambda _: None


@cache
def features() -> tuple[Feature, ...]:
    """Those that are there, by name. Only their own modules are loaded."""
    names = sorted(found.name for found in iter_modules(petition.__path__) if found.ispkg and _has_feature(found.name))
    return tuple(import_module(f"petition.{name}.feature").FEATURE for name in names)


def _has_feature(name: str) -> bool:
    return any(found.name == "feature" for found in iter_modules([f"{folder}/{name}" for folder in petition.__path__]))


async def list_warnings(c: Connection, site: Site) -> list[str]:
    """What an operator should know now, though the site serves."""
    lost = await site.last_published.find_problem(c)
    return [
        *filter(None, [lost]),
        *[sentence for feature in features() for sentence in await feature.warnings(c, site)],
    ]


async def audit(c: Connection, site: Site) -> list[str]:
    """What no table alone tells: what this machine has published, and what the folders that can be left out know."""
    lost = await site.last_published.find_problem(c)
    found = [sentence for feature in features() for sentence in await feature.audit(c, site.settings)]
    return [*filter(None, [lost]), *found]


def letter_files(settings: Settings) -> Callable[[Connection, str], Awaitable[list[File]]]:
    async def find(c: Connection, reference: str) -> list[File]:
        return [file for feature in features() for file in await feature.letter_files(c, settings, reference)]

    return find


async def read_states(c: Connection) -> dict[str, Any]:
    return {feature.name: await feature.read_state(c) for feature in features()}
