"""A real SMTP server for the tests, which a test can make misbehave."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Answer = Callable[[Envelope], str]
ACCEPTED = "250 2.0.0 accepted"


class Relay:
    """Accepts emails on a loopback port; `mail`, `rcpt` and `data` decide its answers to an envelope."""

    extensions: tuple[str, ...] = ("PIPELINING",)  # that aiosmtpd does not offer by itself, but most relays do

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.mail: Answer = lambda _: ACCEPTED
        self.rcpt: Answer = lambda _: ACCEPTED
        self.data: Answer = lambda _: ACCEPTED
        self.drop_after_data = 0  # so many times it closes the connection after it accepted the email
        self.port = 0

    @property
    def url(self) -> str:
        """The value for PETITION_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}?tls=no"

    async def handle_EHLO(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], *[f"250-{name}" for name in self.extensions], *responses[1:]]

    async def handle_MAIL(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail(envelope)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt(envelope)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        answer = self.data(envelope)
        if answer.startswith("2"):
            content = envelope.content if isinstance(envelope.content, bytes) else b""
            parsed: Any = BytesParser(policy=policy.default).parsebytes(content)
            self.mails.append(parsed)
            self.recipients.extend(envelope.rcpt_tos)
        if self.drop_after_data:
            self.drop_after_data -= 1
            transport: Any = server.transport
            transport.abort()
        return answer

    def to(self, address: str) -> list[EmailMessage]:
        """The emails to one address, oldest first."""
        return [mail for mail in self.mails if address in str(mail["To"])]


def plain(mail: EmailMessage) -> str:
    """The text of an email for a reader without HTML."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


class Reporting(SMTP):
    """Knows DSN (RFC 3461), which aiosmtpd does not: removes its parameters and stores them."""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 (aiosmtpd calls it so)
        await super().smtp_MAIL(self._kept(arg or ""))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 (as above)
        await super().smtp_RCPT(self._kept(arg or ""))

    def _kept(self, arg: str) -> str:
        words = arg.split(" ")
        asked = [word for word in words if word.startswith(("RET=", "ENVID=", "NOTIFY="))]
        relay: Any = self.event_handler
        relay.reports += asked
        return " ".join(word for word in words if word not in asked)


class ReportingRelay(Relay):
    """A relay that offers DSN; `reports` has the parameters of each request."""

    extensions = (*Relay.extensions, "DSN")

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[str] = []


class _FreePort(Controller):
    """aiosmtpd connects to its own port to see that it is up: this class first reads which port the system gave it."""

    def __init__(self, relay: Relay, **options: Any) -> None:
        super().__init__(relay, **options)
        self._dialogues: list[SMTP] = []

    def factory(self) -> SMTP:
        """The SMTP class that the relay needs."""
        kind = Reporting if isinstance(self.handler, ReportingRelay) else SMTP
        self._dialogues.append(kind(self.handler, **self.SMTP_kwargs))
        return self._dialogues[-1]

    def hang_up(self) -> None:
        """Ends all dialogues, which stop() forgets if they have just begun: their sockets would stay open."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(timeout=120)

    async def _hang_up(self) -> None:
        # The server is closed last: asyncio leaks a connection whose server is closed while it is being accepted.
        while asyncio.all_tasks() - {asyncio.current_task()}:
            for transport in [each.transport for each in self._dialogues]:
                if isinstance(transport, asyncio.WriteTransport):
                    transport.abort()
            await asyncio.sleep(0.001)
        server: Any = self.server
        server.close()

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd has no types


@contextmanager
def running(port: int = 0, **options: Any) -> Iterator[Relay]:
    """A relay on a free port, or on a given one; `options` go to aiosmtpd."""
    with at_work(Relay(), port, **options) as relay:
        yield relay


R = TypeVar("R", bound=Relay)


@contextmanager
def at_work(relay: R, port: int = 0, **options: Any) -> Iterator[R]:
    """Runs a relay of any kind; the arguments are as in running()."""
    controller = _FreePort(relay, port=port, **{"hostname": "127.0.0.1", "ready_timeout": 30, **options})
    controller.start()
    relay.port = controller.port
    try:
        yield relay
    finally:
        controller.hang_up()
        controller.stop()
