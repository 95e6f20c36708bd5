"""Verbs about email: deliver what waits, and read reports of what came back."""

import asyncio
import fcntl
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from petition.commands import waiting
from petition.commands.doctor import postgresql
from petition.commands.verbs import Arguments, add_verb
from petition.core.background import repeat
from petition.core.database import migrations
from petition.core.database.connection import Connection
from petition.core.database.database import open_database
from petition.core.errors import DataError, PetitionError, SettingsError
from petition.core.settings import Settings
from petition.mail import bounce_reports
from petition.mail.alerts import send_alert
from petition.mail.breaker import Breaker
from petition.mail.delivery_pool import DeliveryPool
from petition.mail.machines import REFRESH_SECONDS
from petition.mail.relays import Relay, Relays
from petition.mail.smtp import SmtpTransport
from petition.organisers import failed_units
from petition.protection.rate_limits import SYNC_SECONDS
from petition.signing import quarantine
from petition.site import Site, open_site

_UNIT = re.compile(r"[\w@.-]{1,80}", re.ASCII)


def register(verbs: Any) -> None:
    add_verb(verbs, "deliver", deliver, "mail delivery alone, as many processes as wanted")
    reports = add_verb(verbs, "bounce", bounce, "takes bounces and complaints that came back by mail")
    reports.add_argument("source", nargs="?", default="-", metavar="FILE|FOLDER", help="a Maildir; else standard input")
    one = add_verb(verbs, "alert", alert, "tells PETITION_ALERTS_TO and the desk that a unit of systemd has failed")
    one.add_argument("--over", action="store_true", help="it works again, or somebody has seen it: the desk is silent")
    one.add_argument("unit", metavar="UNIT", help="for example petition-backup.service")


async def alert(settings: Settings, arguments: Arguments) -> None:
    """By email and in the database, each without the other, which may be why the unit failed. Only its name is said."""
    unit = arguments.unit
    if not _UNIT.fullmatch(unit):
        raise DataError("UNIT is the name of a unit of systemd, such as petition-backup.service.")
    if arguments.over:
        await _write(settings, partial(failed_units.take_back, unit=unit))
        return
    if settings.alerts_to:
        relays = Relays([Relay(SmtpTransport(url), Breaker()) for url in settings.smtp_urls])
        text = f"{unit} has failed. On the server, journalctl -u {unit} says why."
        await send_alert(relays, settings.mail_from, settings.alerts_to, text)
    try:
        await _write(settings, partial(failed_units.record, unit=unit))
    except PetitionError as error:
        if not settings.alerts_to:
            raise SettingsError(f"PETITION_ALERTS_TO is empty, and the desk cannot be told: {error}") from None
        print(f"The desk is not told: {error}")


async def _write(settings: Settings, job: Callable[[Connection], Awaitable[object]]) -> None:
    async def checked(c: Connection) -> None:
        await migrations.check_schema(c, settings.mode)
        await job(c)

    async with open_database(settings.database_url) as database:
        await database.write(checked)


async def deliver(settings: Settings, _: Arguments) -> None:
    """Runs until SIGTERM or SIGINT. All deliverers together keep the pace of emails with low priority."""
    await waiting.await_database(settings.database_url)
    await deliver_until(settings, set_by_signal())


def set_by_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopping.set)
    return stopping


async def deliver_until(settings: Settings, stopping: asyncio.Event) -> None:
    async with open_site(settings) as site:
        if sentence := await postgresql.say_shortage(site.database, postgresql.processes_here()):
            print(f"Warning: {sentence}", file=sys.stderr, flush=True)
        pool = site.make_delivery_pool()
        jobs = ((SYNC_SECONDS, site.rate_limiter.sync), (REFRESH_SECONDS, site.machine.refresh))
        loops = [asyncio.create_task(repeat(seconds, job, stopping)) for seconds, job in jobs]
        stopper = asyncio.create_task(_stop(pool, stopping))
        await pool.run()
        await asyncio.gather(stopper, *loops)
        await site.machine.leave()


async def _stop(pool: DeliveryPool, stopping: asyncio.Event) -> None:
    await stopping.wait()
    await pool.stop()


async def bounce(settings: Settings, arguments: Arguments) -> None:
    """Applies one report, or each report of a Maildir, which is then empty. One bad file stops none of the others."""
    with _open_source(arguments.source) as source:
        async with open_site(settings) as site:
            await (_empty_maildir(site, source) if isinstance(source, Path) else _apply(site, source))


@contextmanager
def _open_source(source: str) -> Iterator[Path | bytes]:
    """A folder that no other run may read too, or the content of one report."""
    if source == "-":
        yield sys.stdin.buffer.read(bounce_reports.MAX_REPORT_BYTES)
    elif not Path(source).is_dir():
        yield _read(Path(source))
    else:
        with _lock_folder(Path(source)):
            yield Path(source)


async def _empty_maildir(site: Site, folder: Path) -> None:
    unreadable = 0
    for file in bounce_reports.maildir_files(folder):
        try:
            await _apply(site, _read(file))
            file.unlink(missing_ok=True)
        except (DataError, OSError):
            unreadable += 1
    if unreadable:
        raise DataError(f"{folder} has {unreadable} files that cannot be read or deleted. All others are done.")


async def _apply(site: Site, content: bytes) -> None:
    if report := bounce_reports.parse_report(content):
        await site.database.write(partial(quarantine.apply_report, server_keys=site.server_keys, report=report))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(bounce_reports.MAX_REPORT_BYTES)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Raises DataError if another run is reading the same folder. The lock ends with this process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise DataError(f"{folder} is being read by another run.") from None
    finally:
        os.close(descriptor)
