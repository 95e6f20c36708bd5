"""What the log adds to the site."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.features import Feature, File, Job
from petition.log import audit, checks, commands, ending, letters, pages, server_commands, shown
from petition.log.folder import Folder
from petition.log.keeper import COPY_STANDS, STANDS, Keeper
from petition.site import Site

_SECONDS = 5


def _register(verbs: Any) -> None:
    parser = verbs.add_parser("log", help="the public log: checks it from anywhere, keeps and watches it")
    log = parser.add_subparsers(required=True, metavar="WHAT")
    commands.register(log)
    server_commands.register(log)


def _routes() -> Sequence[Any]:
    from petition.log import web  # noqa: PLC0415 (a command that serves nothing needs no web)

    return web.ROUTES


def _jobs(site: Site) -> Iterable[Job]:
    yield _SECONDS, Keeper(site).work


async def _warnings(c: Connection, _: Site) -> list[str]:
    problems = [await state.get(c, name) for name in (STANDS, COPY_STANDS)]
    return [f"The public log stands still. {problem}" for problem in problems if problem]


def _mirror_files(settings: Settings) -> Iterable[File]:
    folder = Folder(settings.var).path
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file() and not file.name.startswith("."):
            yield str(Path("log") / file.relative_to(folder)), file.read_bytes()


FEATURE = Feature(
    name="log",
    register_commands=_register,
    routes=_routes,
    jobs=_jobs,
    pages=pages.PAGES,
    read_state=shown.read_shown,
    mirror_files=_mirror_files,
    letter_files=letters.proof_files,
    checks=checks.CHECKS,
    audit=audit.find_disagreements,
    warnings=_warnings,
    on_end=ending.log_end,
    on_destroy=ending.destroy,
)
