"""Hands an email to a mail server over SMTP, or writes it to a folder in demo mode."""

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

STEP_TIMEOUT = 30  # for each step of the SMTP dialogue
# Temporary, and about the provider, not one mailbox: its system, the network, its policy (RFC 3463).
_PROVIDER_LIMIT = re.compile(r"421 |4\d\d 4\.[347]\.")
_ENHANCED_CODE = re.compile(r"(5\.\d{1,3}\.\d{1,3})(?:\s|$)")  # RFC 2034: the first word of a refusal, if any


class Refused(Exception):
    """The mail server will never take this email; str() is the enhanced status code alone (RFC 3463)."""


class Delayed(Exception):
    """The mail server cannot take this email now."""


class Unreachable(Delayed):
    """The mail server does not answer at all: it makes no sense to try the next email at once."""


class ProviderLimited(Delayed):
    """The recipient's provider takes nothing from us now: it makes no sense to try its other mailboxes at once."""


class Transport(Protocol):
    """Takes a rendered email, or raises Refused or Delayed. connect() is the part of send() before the first email."""

    async def connect(self) -> None: ...
    async def send(self, message: RenderedEmail) -> None: ...
    async def close(self) -> None: ...


def _dsn_options(client: aiosmtplib.SMTP, message: RenderedEmail) -> tuple[list[str], list[str]]:
    """Asks for bounces that name the email and quote only its headers: its link is in the body (RFC 3461, 4.3, 4.4)."""
    if not client.supports_extension("dsn"):
        return [], []
    reference = message.message_id.strip("<>").partition("@")[0]
    return ["RET=HDRS", f"ENVID={reference}"], ["NOTIFY=FAILURE"]


class SmtpTransport:
    """The mail server of PETITION_SMTP_URL, over one connection that is kept open."""

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
        """Raises Refused if this email is refused for good, Delayed for everything else that fails."""
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

    async def connect(self) -> None:
        """Raises Unreachable."""
        async with self._lock:
            try:
                await self._connect()
            except (aiosmtplib.SMTPException, OSError) as error:
                await self._raise_for_sender(error)

    async def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def check(self) -> None:
        """Raises Delayed if the mail server cannot be reached or refuses our login."""
        try:
            await self.connect()
        finally:
            await self.close()

    async def _connect(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            self._client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]  # a dict of mixed types
            await self._client.connect()
        if self._client.is_ehlo_or_helo_needed:
            with suppress(aiosmtplib.SMTPHeloError):  # a server without EHLO gets HELO with its first email
                await self._client.ehlo()
        return self._client

    async def _raise_for_sender(self, error: Exception) -> None:
        """Raises Refused or Delayed. The server's text may quote the address: only its code is passed on."""
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            refusal: Exception = error.recipients[0]
        else:
            refusal = error
        of_this_email = isinstance(refusal, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
        if of_this_email and 500 <= refusal.code < 600:  # type: ignore[attr-defined]  # both classes have it
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
    """Demo mode: writes .eml files, which /dev/outbox shows, and passes each email on to `next_transport`, if any."""

    def __init__(self, folder: Path, next_transport: Transport | None = None) -> None:
        self._folder = folder
        self._next_transport = next_transport

    async def send(self, message: RenderedEmail) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = message.message_id.strip("<>").partition("@")[0]
        (self._folder / f"{clock.epoch():011}-{name}.eml").write_bytes(message.content)
        if self._next_transport:
            await self._next_transport.send(message)

    async def connect(self) -> None:
        if self._next_transport:
            await self._next_transport.connect()

    async def close(self) -> None:
        if self._next_transport:
            await self._next_transport.close()
