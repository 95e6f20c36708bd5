"""Hands an email to a mail server over SMTP, or writes it to a folder in demo mode."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from petition.core import clock
from petition.core.errors import SettingsError
from petition.mail.compose import RenderedEmail
from petition.mail.replies import Phase, Reply, Verdict, judge, no_answer
from petition.mail.smtp_dialogue import Refused, SmtpDialogue

T = TypeVar("T")
DIALOGUE_TIMEOUT = 55  # seconds for one email, or to connect: a relay may check an email before it answers


class NotSent(Exception):
    """The mail server did not take this email. The server's text may quote the address: only `reply` is passed on."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.phase}: {reply.status}")
        self.reply = reply


class Transport(Protocol):
    """Takes rendered emails, and raises NotSent. connect() is the part of send() before the first email."""

    @property
    def is_down(self) -> bool: ...
    def wait_seconds(self) -> int:
        """Until an email may be tried; 0 if one may be tried now."""

    async def connect(self) -> None: ...
    async def send(self, message: RenderedEmail) -> None: ...
    def passed_decoy(self) -> None: ...
    async def cut(self) -> Reply: ...
    async def close(self) -> None: ...


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
            "timeout": DIALOGUE_TIMEOUT,
        }
        self.phase: Phase | None = None  # of the step that runs now
        self._client: aiosmtplib.SMTP | None = None
        self._dialogue: SmtpDialogue | None = None  # over the client's connection
        self._lock = asyncio.Lock()

    async def send(self, message: RenderedEmail) -> None:
        """Raises NotSent."""
        try:
            async with self._lock, asyncio.timeout(DIALOGUE_TIMEOUT):
                await self._send(message)
        except TimeoutError:
            reply = self.too_slow()
            await self.close()
            raise NotSent(reply) from None

    async def _send(self, message: RenderedEmail) -> None:
        is_kept = self._dialogue is not None
        try:
            dialogue = await self._begin(message)
        except NotSent:
            if not is_kept:
                raise
            await self.close()  # a relay ends a connection that was idle, or has carried enough emails
            dialogue = await self._begin(message)
        await self._step(Phase.RCPT, dialogue.ask_recipient())
        await self._step(Phase.DATA, dialogue.send_content(message.content))

    async def _begin(self, message: RenderedEmail) -> SmtpDialogue:
        dialogue = await self._connect()
        await self._step(Phase.MAIL, dialogue.begin_email(message))
        return dialogue

    async def connect(self) -> None:
        """Raises NotSent."""
        async with self._lock:
            await self._connect()

    async def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self.phase = self._client = self._dialogue = None

    def too_slow(self) -> Reply:
        """The reply that did not come in time."""
        return no_answer(self.phase or Phase.CONNECT, "it takes too long")

    async def check(self) -> None:
        """Raises NotSent if the mail server cannot be reached or refuses our login."""
        try:
            await self.connect()
        finally:
            await self.close()

    async def _connect(self) -> SmtpDialogue:
        if self._dialogue is None or not self._dialogue.is_open:
            await self.close()
            self._client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]  # a dict of mixed types
            self._dialogue = await self._step(Phase.CONNECT, self._open(self._client))
        return self._dialogue

    async def _open(self, client: aiosmtplib.SMTP) -> SmtpDialogue:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError:
                await client.helo()
        transport: Any = client.transport
        return SmtpDialogue(transport, client.supports_extension)

    async def _step(self, phase: Phase, step: Awaitable[T]) -> T:
        """One step of the dialogue. Raises NotSent."""
        self.phase = phase
        try:
            result = await step
        except (aiosmtplib.SMTPResponseException, Refused) as answer:
            reply = judge(phase, answer.code, answer.message)
            await self._reset(keep=reply.verdict is not Verdict.RELAY)
            raise NotSent(reply) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            raise NotSent(no_answer(phase, type(error).__name__)) from None
        self.phase = None
        return result

    async def _reset(self, *, keep: bool) -> None:
        """Makes the connection fit for the next email, or closes it."""
        with suppress(OSError):  # it is lost: closed below
            if keep and self._dialogue and await self._dialogue.reset():
                self.phase = None
                return
        await self.close()


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

    @property
    def is_down(self) -> bool:
        return self._next_transport is not None and self._next_transport.is_down

    def wait_seconds(self) -> int:
        return self._next_transport.wait_seconds() if self._next_transport else 0

    async def connect(self) -> None:
        if self._next_transport:
            await self._next_transport.connect()

    def passed_decoy(self) -> None:
        if self._next_transport:
            self._next_transport.passed_decoy()

    async def cut(self) -> Reply:
        return await self._next_transport.cut() if self._next_transport else no_answer(Phase.CONNECT, "")

    async def close(self) -> None:
        if self._next_transport:
            await self._next_transport.close()
