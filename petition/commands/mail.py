"""Verbs about email: deliver what waits, and read reports of what came back."""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb
from petition.core.background import repeat
from petition.core.errors import DataError
from petition.core.settings import Settings
from petition.mail import bounce_reports
from petition.protection.rate_limits import SYNC_SECONDS
from petition.signing import quarantine
from petition.site import open_site


def register(verbs: Any) -> None:
    add_verb(verbs, "deliver", deliver, "mail delivery alone, as many processes as wanted")
    reports = add_verb(verbs, "bounce", bounce, "takes bounces and complaints that came back by mail")
    reports.add_argument("source", nargs="?", default="-", metavar="FILE|FOLDER", help="a Maildir; else standard input")


async def deliver(settings: Settings, _: Arguments) -> None:
    """Runs until SIGTERM or SIGINT. All deliverers together keep the pace of emails with low priority."""
    async with open_site(settings) as site:
        pool, stopping = site.make_delivery_pool(), asyncio.Event()
        sync = asyncio.create_task(repeat(SYNC_SECONDS, site.rate_limiter.sync, stopping))
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, lambda: loop.create_task(pool.stop()))
        await pool.run()
        stopping.set()
        await sync


async def bounce(settings: Settings, arguments: Arguments) -> None:
    """Applies one report, or all reports of a Maildir, which is then emptied."""
    contents, files = _reports(arguments.source)
    async with open_site(settings) as site:
        for content in contents:
            if report := bounce_reports.parse_report(content):
                await site.database.write(partial(quarantine.apply_report, server_keys=site.server_keys, report=report))
    for file in files:
        file.unlink(missing_ok=True)


def _reports(source: str) -> tuple[list[bytes], list[Path]]:
    """The reports, and the files to delete once they are applied."""
    try:
        if source == "-":
            return [sys.stdin.buffer.read(bounce_reports.MAX_REPORT_BYTES)], []
        if not Path(source).is_dir():
            return [Path(source).read_bytes()], []
        files = bounce_reports.maildir_files(Path(source))
        return [file.read_bytes() for file in files], files
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}.") from None
