"""What each verb of the command line does: a few lines that call the job. The verbs themselves stand in __main__."""

import argparse
import asyncio
import csv
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from petition.commands import demo_data, example
from petition.commands import doctor as checks
from petition.core import encryption
from petition.core import settings as settings_module
from petition.core.errors import DataError, OrganiserError
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.mail import bounce_reports
from petition.organisers import accounts, activity_log
from petition.organisers.accounts import Role
from petition.retention import backup as backups
from petition.retention import close as closing
from petition.retention import destroy as destruction
from petition.retention.destroy import Scope
from petition.signing import quarantine
from petition.site import Site, open_site
from petition.tally import audit as tally_audit

Arguments = argparse.Namespace


def serve(arguments: Arguments) -> int:
    """Web server and, unless told otherwise, mail delivery."""
    from petition.commands.server import run_server  # noqa: PLC0415 (only this verb needs a web server)

    settings = settings_module.for_server(os.environ, arguments.host, arguments.port)
    return run_server(settings, arguments.host, arguments.port, arguments.workers, deliver=not arguments.no_deliver)


async def deliver(settings: Settings, _: Arguments) -> None:
    """Mail delivery alone, until it is told to stop."""
    async with open_site(settings) as site:
        pool = site.make_delivery_pool()
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, lambda: loop.create_task(pool.stop()))
        await pool.run()


async def bounce(settings: Settings, arguments: Arguments) -> None:
    """One report from a file or a pipe, or all that lie in a Maildir, which is emptied."""
    contents, files = _reports(arguments.source)
    async with open_site(settings) as site:
        for content in contents:
            if report := bounce_reports.parse_report(content):
                await site.database.write(partial(quarantine.apply_report, report=report))
    for file in files:
        file.unlink(missing_ok=True)


def _reports(source: str) -> tuple[list[bytes], list[Path]]:
    """The reports, and which files go once they were read."""
    try:
        if source == "-":
            return [sys.stdin.buffer.read(bounce_reports.MAX_REPORT_BYTES)], []
        if not Path(source).is_dir():
            return [Path(source).read_bytes()], []
        files = bounce_reports.maildir_files(Path(source))
        return [file.read_bytes() for file in files], files
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}.") from None


async def migrate(settings: Settings, _: Arguments) -> None:
    """The database to the current schema."""
    async with open_site(settings, migrate=True):
        print("The database has the current schema.")


async def organiser_add(settings: Settings, arguments: Arguments) -> None:
    """A new organiser."""
    async with open_site(settings) as site:
        if (email := site.email_providers.parse(arguments.email)) is None:
            raise OrganiserError("This is not an email address.")
        role = Role[arguments.role.upper()]
        add = partial(
            accounts.add_organiser, server_keys=site.server_keys, nickname=arguments.nickname, email=email, role=role
        )
        await site.database.write(add)


async def organiser_list(settings: Settings, _: Arguments) -> None:
    """Who they are, by nickname."""
    async with open_site(settings) as site, site.database.reading() as c:
        for row in await accounts.list_organisers(c):
            print(f"{row['nickname']}\t{row['role']}\tsince {row['added_on']}")


async def organiser_remove(settings: Settings, arguments: Arguments) -> None:
    """Ends what an organiser may do."""
    async with open_site(settings) as site:
        await site.database.write(partial(accounts.remove_organiser, nickname=arguments.nickname))


async def organiser_reset(settings: Settings, arguments: Arguments) -> None:
    """Takes away the second factors of an organiser who lost one."""
    async with open_site(settings) as site:
        await site.database.write(partial(accounts.reset_factors, nickname=arguments.nickname))
    print("Second factors, sessions and links are gone. The next login sets up a new factor.")


async def organiser_link(settings: Settings, arguments: Arguments) -> None:
    """A login link that works once."""
    async with open_site(settings) as site:
        secret = await site.database.write(partial(accounts.make_login_link, nickname=arguments.nickname))
        print(f"{settings.base_url}/organisers/login/{site.signer.make_token(Purpose.LOGIN, secret)}")


async def mirror(settings: Settings, arguments: Arguments) -> None:
    """The public pages as files."""
    from petition.web import mirror as pages  # noqa: PLC0415 (only this verb and `serve` need the web)

    async with open_site(settings) as site:
        print(f"{await pages.write_mirror(site, arguments.folder)} files; the form stays at {settings.base_url}.")


def unseal(arguments: Arguments) -> int:
    """On the organisers' machine: who wants updates, as a table: address, country, link that ends them."""
    try:
        key = encryption.parse_identity(arguments.identity.read_text("utf-8"))
        with arguments.input.open(encoding="utf-8", newline="") if arguments.input else sys.stdin as lines:
            sealed = [row for row in csv.DictReader(lines) if row.get("sealed_address")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"A file cannot be read: {getattr(error, 'strerror', 'it is not text')}.") from None
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("address", "country", "unsubscribe"))
    for row in with_progress(sealed, "address", len(sealed)):
        email, unsubscribe = encryption.unseal_contact(key, row["sealed_address"])
        table.writerow((email, row.get("country") or "", unsubscribe))
    return 0


async def close(settings: Settings, _: Arguments) -> int:
    """Ends signing for good; asks once more when a person is at the keyboard."""
    question = "This ends signing for good and destroys every keyed hash. Type close if that is meant: "
    if sys.stdin.isatty() and await asyncio.to_thread(input, question) != "close":
        print("Nothing was changed.", file=sys.stderr)
        return 1
    async with open_site(settings) as site:
        await closing.close_signing(site.database, site.server_keys, settings.email_key_file)
    print("Signing has ended. Keyed hashes, names and contacts are gone; numbers and answers stay.")
    if settings.email_key_file is None:
        print("PETITION_EMAIL_KEY stands in the environment: put a new random value there, and destroy the old one.")
    return 0


async def destroy(settings: Settings, arguments: Arguments) -> int:
    """The panic button; asks once more when a person is at the keyboard."""
    question = f"This destroys {arguments.what} for good. Type {arguments.what} if that is meant: "
    ask = sys.stdin.isatty() and not arguments.yes
    if ask and await asyncio.to_thread(input, question) != arguments.what:
        print("Nothing was changed.", file=sys.stderr)
        return 1
    failures = await destruction.destroy(settings, Scope(arguments.what))
    for sentence in failures:
        print(sentence, file=sys.stderr)
    if not failures:
        print(destruction.RESULTS[Scope(arguments.what)])
    return 1 if failures else 0


async def audit(settings: Settings, _: Arguments) -> int:
    """Recounts every number."""
    async with open_site(settings) as site, site.database.reading() as c:
        sentences = await tally_audit.find_disagreements(c)
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if not sentences:
        print("All numbers agree.")
    return 1 if sentences else 0


async def backup(settings: Settings, arguments: Arguments) -> None:
    """A backup, sealed to the recipients."""
    async with open_site(settings) as site:
        rows = await backups.write_backup(site.database, settings.recipients, arguments.file)
        await log_action(site, "made a backup")
    print(f"{rows} rows, sealed to {len(settings.recipients)} recipients.")


async def restore(settings: Settings, arguments: Arguments) -> None:
    """A backup in the place of what is there."""
    file = arguments.identity or (settings.var / "secrets" / "organisers_identity" if settings.demo else None)
    if file is None:
        raise DataError("A restore needs --identity FILE: the secret key of one of the recipients.")
    try:
        identity = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{file} cannot be read.") from None
    async with open_site(settings, migrate=True) as site:
        rows = await backups.restore_backup(site.database, settings.mode, identity, arguments.file)
    print(f"{rows} rows restored; the never-write list is applied.")


async def prune(settings: Settings, _: Arguments) -> None:
    """The retention rules, now."""
    async with open_site(settings) as site:
        await site.prune()


async def demo(settings: Settings, arguments: Arguments) -> None:
    """Fills an empty database. The example goes into a new one: elsewhere this says so and changes nothing."""
    if not settings.demo:
        raise DataError("Demo signatures go into a demo database only: set PETITION_MODE=demo.")
    if not (arguments.example or arguments.signatures):
        raise DataError("Say what to fill it with: --signatures N, --example, or both.")
    async with open_site(settings, migrate=True) as site:
        if arguments.example and (reason := await example.refusal(site)):
            print(reason)
            return
        n = arguments.signatures or example.SIGNATURES
        with tqdm(total=n, unit="signature", disable=None) as bar:
            if arguments.example:
                await example.fill_example(site, n, bar.update)
            else:
                await demo_data.fill_database(site.database, n, bar.update)
        await site.take_snapshot()


async def doctor(settings: Settings, _: Arguments) -> int:
    """One line for each check: ok, warn or fix."""
    findings = [finding async for finding in checks.findings(settings)]
    for finding in findings:
        word = "fix" if finding.fix else "warn" if finding.warning else "ok"
        advice = (finding.fix or finding.warning).rstrip(".")
        print(f"{word:4}  {finding.subject}{f': {advice}.' if advice else ''}")
    return 1 if any(finding.fix for finding in findings) else 0


async def log_action(site: Site, action: str, detail: str = "") -> None:
    """What a command did, in the activity log."""
    await site.database.write(partial(activity_log.append, who=activity_log.SERVER, action=action, detail=detail))


def with_progress(items: Any, unit: str, total: int) -> Any:
    """The things, counted off on a terminal."""
    return tqdm(items, unit=unit, total=total, disable=None)
