"""Writes a mail from its templates and hands it to a relay over SMTP, or to a folder in demo mode."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from petition.core import clock
from petition.core.errors import SettingsError
from petition.mail.compose import RenderedEmail

STEP_TIMEOUT = 30  # seconds for each step of the dialogue
# Temporary, and about the provider rather than one mailbox: its system, the way to it, its policy (RFC 3463).
_PROVIDER_LIMIT = re.compile(r"421 |4\d\d 4\.[347]\.")
_ENHANCED_CODE = re.compile(r"(5\.\d{1,3}\.\d{1,3})(?:\s|$)")  # RFC 2034: the first word of a refusal, if it is there


class Refused(Exception):
    """The relay will never take this mail; str() is the enhanced status code alone (RFC 3463)."""


class Delayed(Exception):
    """The relay cannot take this mail now."""


class Unreachable(Delayed):
    """The relay does not answer at all: no use to try the next mail at once."""


class ProviderLimited(Delayed):
    """The addressee's provider takes nothing from us for now: no use to try its other mailboxes at once."""


class Transport(Protocol):
    """Takes a finished mail, or raises Refused or Delayed."""

    async def send(self, message: RenderedEmail) -> None: ...
    async def close(self) -> None: ...


def _dsn_options(client: aiosmtplib.SMTP, message: RenderedEmail) -> tuple[list[str], list[str]]:
    """Asks for bounces that name the mail and quote its head alone: its link is in the body (RFC 3461, 4.3 and 4.4)."""
    if not client.supports_extension("dsn"):
        return [], []
    reference = message.message_id.strip("<>").partition("@")[0]
    return ["RET=HDRS", f"ENVID={reference}"], ["NOTIFY=FAILURE"]


class SmtpTransport:
    """A relay behind PETITION_SMTP_URL, over one kept connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        implicit = parts.scheme == "smtps"
        self._without_tls = options.get("tls") == ["no"]
        if self._without_tls and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise SettingsError("PETITION_SMTP_URL: tls=no is for a relay on this machine only.")
        self._options = {
            "hostname": parts.hostname,
            "port": parts.port or (465 if implicit else 587),
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": implicit,
            "start_tls": None if implicit else not self._without_tls,
            "timeout": STEP_TIMEOUT,
        }
        self._client: aiosmtplib.SMTP | None = None
        self._lock = asyncio.Lock()

    async def send(self, message: RenderedEmail) -> None:
        """Raises Refused for a permanent refusal of this mail, Delayed for everything else that goes wrong."""
        async with self._lock:
            try:
                client = await self._connect()
                mail_options, recipient_options = _dsn_options(client, message)
                await client.sendmail(
                    message.sender,
                    [message.to],
                    message.content,
                    mail_options=mail_options,
                    rcpt_options=recipient_options,
                )
            except (aiosmtplib.SMTPException, OSError) as error:
                await self._raise_for_sender(error)

    async def close(self) -> None:
        """Closes the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def check(self) -> None:
        """Raises Delayed if the relay cannot be reached or does not let us in."""
        try:
            await self._connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        finally:
            await self.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            self._client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]  # a dict of mixed kinds
            await self._client.connect()
        if self._client.is_ehlo_or_helo_needed:
            with suppress(aiosmtplib.SMTPHeloError):  # one that knows no EHLO is greeted with HELO when it gets a mail
                await self._client.ehlo()
        return self._client

    async def _raise_for_sender(self, error: Exception) -> None:
        """Raises Refused or Delayed. What the mail server says may quote the address: only its code goes on."""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            refusal: Exception = error.recipients[0]
        else:
            refusal = error
        of_this_email = isinstance(refusal, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
        if of_this_email and 500 <= refusal.code < 600:  # type: ignore[attr-defined]  # both kinds have one
            raise Refused(_enhanced_code(refusal)) from None
        if of_this_email and _PROVIDER_LIMIT.match(f"{refusal.code} {refusal.message}"):  # type: ignore[attr-defined]  # as above
            raise ProviderLimited(type(error).__name__) from None
        await self.close()
        answered = isinstance(refusal, aiosmtplib.SMTPResponseException)
        raise (Delayed if answered else Unreachable)(type(error).__name__) from None


def _enhanced_code(refusal: Exception) -> str:
    match = _ENHANCED_CODE.match(getattr(refusal, "message", "") or "")
    return match[1] if match else "5.0.0"


class FolderTransport:
    """Demo mode's relay: a folder of .eml files, which /dev/outbox shows."""

    def __init__(self, folder: Path, next_transport: Transport | None = None) -> None:
        self._folder = folder
        self._next_transport = next_transport

    async def send(self, message: RenderedEmail) -> None:
        """Keeps the mail as a file; passes it on where a relay is set."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = message.message_id.strip("<>").partition("@")[0]
        (self._folder / f"{clock.epoch():011}-{name}.eml").write_bytes(message.content)
        if self._next_transport:
            await self._next_transport.send(message)

    async def close(self) -> None:
        """Closes the next transport, if there is one."""
        if self._next_transport:
            await self._next_transport.close()
