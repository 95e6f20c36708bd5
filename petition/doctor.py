"""Looks an installation over: one line for each thing that is well or to be mended."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from petition import proofs, sealing
from petition.appeal import Appeal
from petition.db import opened
from petition.errors import PetitionError
from petition.mail import Delayed, Smtp
from petition.migrations import check
from petition.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at; `mend` is what to do, empty if it is well."""

    what: str
    mend: str = ""


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Settings, campaign, keys, database and relay, in this order; settings that do not read never get here."""
    yield Finding(f"settings ({settings.mode})")
    yield _campaign(settings)
    yield _texts(settings)
    yield _recipients(settings)
    yield _keys(settings)
    yield _apart(settings)
    yield await _database(settings)
    yield await _relay(settings)


def _campaign(settings: Settings) -> Finding:
    try:
        missing = Appeal(settings.campaign).campaign.placeholders()
    except PetitionError as error:
        return Finding("campaign", str(error))
    return Finding("campaign", f"campaign.toml has placeholders: {', '.join(missing)}" if missing else "")


def _texts(settings: Settings) -> Finding:
    try:
        appeal = Appeal(settings.campaign)
        proofs.read(appeal)
        missing = proofs.unwritten(appeal)
    except PetitionError as error:
        return Finding("texts and letters", str(error))
    return Finding("texts and letters", f"no letter is written for {', '.join(missing)}" if missing else "")


def _recipients(settings: Settings) -> Finding:
    try:
        for text in settings.recipients:
            sealing.recipient(text)
    except PetitionError as error:
        return Finding("recipients", str(error))
    one = len(settings.recipients) < 2 and not settings.demo
    return Finding("recipients", "set two PETITION_RECIPIENTS: a lost key must not lose the contacts" if one else "")


def _keys(settings: Settings) -> Finding:
    try:
        settings.outbox_keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.outbox_keys):
            pass
    except OSError as error:
        return Finding("outbox keys", f"PETITION_OUTBOX_KEYS cannot be written to: {error.strerror}")
    readable = settings.outbox_keys.stat().st_mode & 0o077
    return Finding("outbox keys", "others can read the folder of PETITION_OUTBOX_KEYS: chmod 700" if readable else "")


def _apart(settings: Settings) -> Finding:
    """A key that lies beside the data leaves with it."""
    if settings.demo or not settings.database_url.startswith("sqlite"):
        return Finding("keys apart from data")
    data = Path(settings.database_url.removeprefix("sqlite:///")).resolve().parent
    kept = [settings.outbox_keys, *([settings.email_key_file] if settings.email_key_file else [])]
    beside = any(data == path.resolve().parent or data == path.resolve() for path in kept)
    return Finding("keys apart from data", "a key lies in the folder of the database: move it" if beside else "")


async def _database(settings: Settings) -> Finding:
    try:
        async with opened(settings.database_url) as database, database.reading() as c:
            await check(c, settings.mode)
            return Finding("database", await c.weakness())
    except PetitionError as error:
        return Finding("database", str(error))


async def _relay(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return Finding("relay (none: demo mode keeps mail in a folder)")
    try:
        await Smtp(settings.smtp_url).check()
    except Delayed as error:
        return Finding("relay", f"PETITION_SMTP_URL does not answer as it should ({error})")
    except PetitionError as error:
        return Finding("relay", str(error))
    return Finding("relay")
