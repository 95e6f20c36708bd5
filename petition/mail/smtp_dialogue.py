"""The part of an SMTP dialogue that is about one email: its sender, recipient and content (RFC 5321).

If the server knows PIPELINING (RFC 2920), the three commands leave together: half as many round trips and system calls.
aiosmtplib connects, encrypts and logs in, but it waits for the reply to each command.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable

from petition.mail.compose import RenderedEmail

_ACCEPTED = (250, 251)
_START_INPUT = 354
MAX_LINE, MAX_LINES = 2048, 100  # bytes in a line of a reply, lines in a reply: far more than RFC 5321, 4.5.3 allows
_REPLY_LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?\r?\n", re.DOTALL)


class Refused(Exception):
    """A reply that is no yes. Its text may quote the address."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code)
        self.code, self.message = code, text


class _Protocol(asyncio.StreamReaderProtocol):
    def eof_received(self) -> bool:
        """The server has hung up: our side is closed too."""
        super().eof_received()
        return False


class SmtpDialogue:
    """Takes over the transport of a connection that is logged in. Each method raises Refused or OSError."""

    def __init__(self, transport: asyncio.Transport, offers: Callable[[str], bool]) -> None:
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(MAX_LINE, loop)
        protocol = _Protocol(self._reader, loop=loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        self._offers = offers
        self._pipelines = offers("pipelining")
        self._commands: deque[bytes] = deque()  # without a reply yet

    @property
    def is_open(self) -> bool:
        return not self._writer.is_closing()

    async def begin_email(self, message: RenderedEmail) -> None:
        """The sender. With PIPELINING the other commands are sent too."""
        self._commands = deque([self._mail_from(message), self._rcpt_to(message.to), b"DATA"])
        if self._pipelines:
            self._write(*self._commands)
        await self._next_command(_ACCEPTED)

    async def ask_recipient(self) -> None:
        """May raise Refused for the recipient."""
        await self._next_command(_ACCEPTED)

    async def send_content(self, content: bytes) -> None:
        """DATA, then the email, whose lines end in CRLF. A dot at the beginning of a line is doubled (4.5.2)."""
        await self._next_command((_START_INPUT,))
        self._write(content.removesuffix(b"\r\n").replace(b"\r\n.", b"\r\n.."), b".")
        await self._expect((250,))

    async def reset(self) -> bool:
        """Makes the dialogue fit for the next email after Refused; false if it is to be closed.

        With PIPELINING a server may want the text of an email to nobody: it gets none.
        """
        while self._pipelines and self._commands:
            self._commands.popleft()
            if (await self._read_reply())[0] == _START_INPUT:
                return False
        self._write(b"RSET")
        return (await self._read_reply())[0] in _ACCEPTED

    def _mail_from(self, message: RenderedEmail) -> bytes:
        """Asks for bounces that name the email and quote only its headers: its link is in the body (RFC 3461, 4)."""
        options = [f" SIZE={len(message.content)}"] if self._offers("size") else []  # RFC 1870
        if self._offers("dsn"):
            options += [" RET=HDRS", f" ENVID={message.message_id.strip('<>').partition('@')[0]}"]
        return _command(f"MAIL FROM:<{message.sender}>{''.join(options)}")

    def _rcpt_to(self, to: str) -> bytes:
        return _command(f"RCPT TO:<{to}>{' NOTIFY=FAILURE' if self._offers('dsn') else ''}")

    async def _next_command(self, accepted: tuple[int, ...]) -> None:
        command = self._commands.popleft()
        if not self._pipelines:
            self._write(command)
        await self._expect(accepted)

    async def _expect(self, accepted: tuple[int, ...]) -> None:
        code, text = await self._read_reply()
        if code not in accepted:
            raise Refused(code, text)

    def _write(self, *lines: bytes) -> None:
        self._writer.write(b"".join(line + b"\r\n" for line in lines))

    async def _read_reply(self) -> tuple[int, str]:
        """Code and text, with a line break between two lines. Raises ConnectionError for what is no reply (4.2.1)."""
        texts: list[bytes] = []
        while len(texts) < MAX_LINES:
            code, mark, text = await self._read_line()
            texts.append(text.strip())
            if mark != b"-":
                return code, b"\n".join(texts).decode("utf-8", "replace")
        raise ConnectionAbortedError("too many lines")

    async def _read_line(self) -> tuple[int, bytes, bytes]:
        try:
            line = await self._reader.readline()
        except ValueError:  # longer than MAX_LINE
            raise ConnectionAbortedError("too long a line") from None
        if not (match := _REPLY_LINE.fullmatch(line)):
            raise ConnectionResetError("no reply")
        return int(match[1]), match[2] or b" ", match[3] or b""


def _command(text: str) -> bytes:
    """Raises ValueError for an address that would end the command and begin another."""
    if not text.isprintable():
        raise ValueError("a control character in an address")
    return text.encode("ascii")
