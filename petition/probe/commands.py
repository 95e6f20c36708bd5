"""`petition probe`: on the server, where it stores what it found, or from outside, with three settings alone."""

import argparse
import asyncio
import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from petition.commands.verbs import Arguments, add_verb
from petition.core import settings as settings_
from petition.core.database import state, switches
from petition.core.errors import DatabaseError, SettingsError
from petition.core.settings import Settings
from petition.probe.mailbox import Mailbox
from petition.probe.steps import WAIT_SECONDS, Result, try_to_sign
from petition.probe.visitor import ProbeError
from petition.signing import probes
from petition.site import open_site


def register(verbs: Any) -> None:
    one = add_verb(
        verbs, "probe", probe, "signs with a mailbox of its own through the public address, and never confirms"
    )
    one.add_argument(
        "--wait", type=_seconds, default=WAIT_SECONDS, metavar="SECONDS", help="for the email; 240 at most"
    )
    one.add_argument("--from-outside", action="store_true", help="on another machine, with the three settings it needs")
    one.set_defaults(for_each_site=True)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= WAIT_SECONDS:
        raise argparse.ArgumentTypeError(f"SECONDS is a number from 1 to {WAIT_SECONDS}")
    return int(text)


def run_from_outside(arguments: Arguments) -> int | None:
    if not getattr(arguments, "from_outside", False):
        return None
    base_url, address, maildir = settings_.for_probe(os.environ)
    _print_or_raise(try_to_sign(base_url, address, Mailbox(maildir, address), arguments.wait))
    return 0


async def probe(settings: Settings, arguments: Arguments) -> None:
    """Raises ProbeError for what did not work; that is stored first."""
    mailbox = Mailbox(_maildir(settings), settings.probe_email)
    if await _is_closed(settings):
        print("Signing is closed at this time, as the campaign or an admin wants it: nothing was tried.")
        return
    result = await asyncio.to_thread(try_to_sign, settings.base_url, settings.probe_email, mailbox, arguments.wait)
    try:
        async with open_site(settings) as site:
            await site.database.write(partial(probes.record, **_stored(result)))
    except DatabaseError as error:
        raise ProbeError(result.step or "store", f"{result.problem} This is not stored: {error}".strip()) from None
    _print_or_raise(result)


def _maildir(settings: Settings) -> Path:
    if settings.probe_email and settings.probe_maildir:
        return settings.probe_maildir
    raise SettingsError("A probe needs PETITION_PROBE_EMAIL and PETITION_PROBE_MAILDIR: see the handbook.")


async def _is_closed(settings: Settings) -> bool:
    """Whether nobody is meant to sign now. While the database is away, nobody knows: then it tries."""
    try:
        async with open_site(settings) as site, site.database.reading() as c:
            paused = switches.SIGNING in await switches.paused(c)
            return paused or await state.is_closed(c) or not site.campaign_state().allows_signing
    except DatabaseError:
        return False


def _stored(result: Result) -> dict[str, Any]:
    return asdict(result)


def _print_or_raise(result: Result) -> None:
    if result.step:
        raise ProbeError(result.step, result.problem)
    print(result.as_line())
