"""Verbs that run a site and check it: serve, migrate, mirror, demo, audit, doctor."""

import argparse
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from petition import features
from petition.commands import confirmation, demo_data, example
from petition.commands.confirmation import ask_to_go_on
from petition.commands.doctor import Finding, check_installation, find_traces
from petition.commands.verbs import Arguments, add_verb, print_result, progress_bar
from petition.core.database import migrations
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.errors import DataError, PetitionError
from petition.core.settings import Settings, for_server
from petition.organisers import activity_log, last_checks
from petition.site import Site, open_site


def register(verbs: Any) -> None:
    server = add_verb(verbs, "serve", serve, "web server and mail delivery; migrates first")
    server.add_argument("--host", default="127.0.0.1")
    server.add_argument("--port", type=_port, default=8000)
    server.add_argument("--workers", type=int, default=1)
    server.add_argument("--no-deliver", action="store_true", help="leave the mail to `petition deliver`")
    add_verb(verbs, "migrate", migrate, "brings the database to the current schema")
    files = add_verb(verbs, "mirror", mirror, "the public pages as files for any static host, without the form")
    files.add_argument("folder", type=Path, metavar="DIR", help="a new folder; with --watch also one of a mirror")
    files.add_argument("--watch", action="store_true", help="keeps it as the site is, until SIGTERM")
    filling = add_verb(verbs, "demo", demo, "fills an empty database with made-up signatures")
    filling.add_argument("--signatures", type=_positive, metavar="N", help="how many; with --example 6400 by default")
    filling.add_argument("--example", action="store_true", help="a whole example campaign, if nobody has signed yet")
    add_verb(verbs, "audit", audit, "recounts every number; exit 0 only if all agree")
    losing = add_verb(verbs, "resume", resume, "publishes again after the database has lost published numbers")
    confirmation.add_options(losing)
    checks = add_verb(verbs, "doctor", doctor, "checks settings, database, SMTP, keys and machine")
    checks.add_argument("--json", action="store_true", help="one object for each finding")
    checks.add_argument(
        "--traces", action="store_true", help="searches logs and spools for addresses, links and visitors (as root)"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("N is a whole number above zero")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def serve(arguments: Arguments) -> int:
    from petition.commands.server import run_server  # noqa: PLC0415 (only this verb needs a web server)

    settings = for_server(os.environ, arguments.host, arguments.port)
    return run_server(settings, arguments.host, arguments.port, arguments.workers, deliver=not arguments.no_deliver)


async def migrate(settings: Settings, _: Arguments) -> None:
    async with open_site(settings, migrate=True):
        print("The database has the current schema.")


async def mirror(settings: Settings, arguments: Arguments) -> None:
    from petition.web.mirror import write_mirror  # noqa: PLC0415 (only this verb and `serve` need the web)
    from petition.web.mirror_watch import watch  # noqa: PLC0415 (as above)

    async with open_site(settings) as site:
        if arguments.watch:
            form = f"the form stays at {settings.base_url}."
            await watch(site, arguments.folder, lambda n: print(f"{n} files changed; {form}", flush=True))
            return
        print(f"{await write_mirror(site, arguments.folder)} files; the form stays at {settings.base_url}.")


async def demo(settings: Settings, arguments: Arguments) -> None:
    """The example goes into a new database only: elsewhere it says why, changes nothing and is no failure."""
    if not settings.demo:
        raise DataError("Demo signatures go into a demo database only: set PETITION_MODE=demo.")
    if not (arguments.example or arguments.signatures):
        raise DataError("Say what to fill it with: --signatures N, --example, or both.")
    async with open_site(settings, migrate=True) as site:
        if arguments.example and (reason := await example.refusal(site)):
            print(reason)
            return
        n = arguments.signatures or example.SIGNATURES
        with progress_bar("signature", n) as bar:
            if arguments.example:
                await example.fill_example(site, n, bar.update)
            else:
                await demo_data.fill_database(site.database, n, bar.update)
        await site.take_snapshot()


async def audit(settings: Settings, _: Arguments) -> int:
    async with open_site(settings) as site:
        disagreements = await last_checks.audit_and_record(site.database, partial(features.audit, site=site))
    return print_result(disagreements, "All numbers agree.")


async def resume(settings: Settings, arguments: Arguments) -> None:
    """The loss is in the activity log, and what is published next may be less than before."""
    async with open_site(settings) as site:
        async with site.database.reading() as c:
            problem = await site.last_published.find_problem(c)
        if not problem:
            print("Nothing to do: the database has all that this machine has published.")
        elif await ask_to_go_on(arguments, "resume", partial(_plan_resume, problem)):
            await site.database.own_transaction(partial(_resume, site=site))
            await site.take_snapshot()
            print("The site publishes again. If it keeps a public log, `petition log adopt` brings its entries back.")


async def _plan_resume(problem: str) -> list[str]:
    return [problem, "From now on the numbers of this database are shown, on every machine; they may be lower."]


async def _resume(c: Connection, *, site: Site) -> None:
    await site.last_published.accept_loss(c)
    await activity_log.append(c, activity_log.SERVER, "accepted that published numbers are lost")


async def doctor(settings: Settings, arguments: Arguments) -> int:
    """One line for each check: ok, warn or fix; for each file with a trace: fix."""
    if arguments.traces:
        findings = list(find_traces(settings)) or [Finding("traces of people")]
    else:
        findings = [finding async for finding in check_installation(settings)]
        await _show_at_the_desk(settings, findings)
    for finding in findings:
        print(finding.as_json() if arguments.json else finding.as_line())
    return 1 if any(finding.fix for finding in findings) else 0


async def _show_at_the_desk(settings: Settings, findings: list[Finding]) -> None:
    """A database that cannot be used has its finding already."""

    async def record(c: Connection) -> None:
        await migrations.check_schema(c, settings.mode)
        await last_checks.record_doctor(c, found=[(finding.state, finding.subject) for finding in findings])

    with suppress(PetitionError):  # said by the check of the database
        async with open_database(settings.database_url) as database:
            await database.write(record)
