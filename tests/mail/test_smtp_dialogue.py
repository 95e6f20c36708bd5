"""The dialogue about one email with a server that answers as it likes, with PIPELINING and without."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.mail.compose import RenderedEmail
from petition.mail.replies import Phase
from petition.mail.smtp import NotSent, SmtpTransport
from petition.mail.smtp_dialogue import MAX_LINE, MAX_LINES
from tests.relay import Relay

CONTENT = b"Subject: x\r\n\r\nA line.\r\n.hidden\r\n..\r\nThe end.\r\n"
PHASES = (Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DATA)
GOOD = ("250 2.1.0 well", "250-2.1.5\r\n250 well", "354 go on", "250 2.0.0 taken")
BAD = ("550 5.1.1 unknown", "450 4.2.0 later", "450-4.2.0 not\r\n450 4.2.0 now", "500", "554 5.5.1 no")
OFFERS = ("PIPELINING", "8BITMIME")
Replies = Sequence[str]  # to the three commands and the content


class Server:
    """Has replies for each email, whose number is in its sender; `shown` has what came together."""

    def __init__(self, replies: Sequence[Replies], offers: str = "PIPELINING") -> None:
        self._replies, self._offers = replies, offers
        self._left: list[str] = []
        self._talks: set[asyncio.Task[None]] = set()
        self.shown: list[bytes] = []

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # the client closes it without reading all replies
            await self._answer_all(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        answer = ""
        while data := await reader.read(1 << 16):
            self.shown.append(data)
            for line in [b"CONTENT"] if answer.startswith("354") else data.splitlines():
                answer = self._answer(line.decode())
                for half in (answer[:5], answer[5:] + "\r\n"):  # never a whole reply at once
                    writer.write(half.encode())
                    await asyncio.sleep(0)

    def _answer(self, line: str) -> str:
        if line.startswith("EHLO"):
            return f"250-here\r\n250 {self._offers}"
        if line.startswith("RSET"):
            return "250 2.0.0 forgotten"
        if match := re.match(r"MAIL FROM:<(\d+)@", line):
            self._left = list(self._replies[int(match[1])])
        return self._left.pop(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.create_task(self._talk(reader, writer)))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[SmtpTransport]:
        listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        transport = SmtpTransport(f"smtp://127.0.0.1:{listener.sockets[0].getsockname()[1]}?tls=no")
        try:
            yield transport
        finally:
            await transport.close()
            await asyncio.gather(*self._talks)
            listener.close()
            await listener.wait_closed()

    async def send_all(self) -> list[str]:
        """The phase in which each email failed, or "sent"."""
        async with self.listening() as transport:
            return [await _send(transport, number) for number in range(len(self._replies))]

    @property
    def contents(self) -> int:
        return sum(b"The end." in data for data in self.shown)


async def _send(transport: SmtpTransport, number: int = 0, to: str = "anna@example.org") -> str:
    try:
        await transport.send(RenderedEmail(f"{number}@sender.example", to, f"<{number}@sender.example>", CONTENT))
    except NotSent as failure:
        return str(failure.reply.phase)
    return "sent"


def _replies(bad: tuple[int, str] | None) -> Replies:
    """All good, or good until a bad one; afterwards RFC 5321 lets a server take neither recipient nor content."""
    step, reply = bad or (4, "")
    return (*GOOD[:step], reply, *("503 5.5.1 no sender", "554 5.5.1 no valid recipients")[max(0, step - 1) :])


@pytest.mark.parametrize("offers", OFFERS)
@examples(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.tuples(st.integers(0, 3), st.sampled_from(BAD)), min_size=1, max_size=6))
def test_each_email_gets_its_own_replies(offers: str, bad: list[tuple[int, str] | None]) -> None:
    server = Server([_replies(one) for one in bad], offers)
    expected = ["sent" if one is None else str(PHASES[one[0]]) for one in bad]
    assert asyncio.run(server.send_all()) == expected
    assert server.contents == sum(one is None or one[0] == 3 for one in bad)


async def test_three_commands_leave_together() -> None:
    server = Server([GOOD])
    assert await server.send_all() == ["sent"]
    assert [data.split()[0] for data in server.shown] == [b"EHLO", b"MAIL", b"Subject:"]
    assert server.shown[1].splitlines()[1:] == [b"RCPT TO:<anna@example.org>", b"DATA"]


@pytest.mark.parametrize("step", [0, 1])
async def test_an_email_to_nobody_is_not_sent_even_if_the_server_wants_it(step: int) -> None:
    """RFC 2920, 3.1: a server may say yes to DATA although it said no before."""
    wanting = [*GOOD[:step], "550 5.1.1 no", *GOOD[step + 1 : 3]]
    server = Server([GOOD, wanting, GOOD])
    assert await server.send_all() == ["sent", str(PHASES[step]), "sent"]
    assert server.contents == 2


@pytest.mark.parametrize(
    "answer",
    [
        "SSH-2.0",
        "25",
        "2500 much",
        "\N{ARABIC-INDIC DIGIT TWO}50 well",
        f"250 {'x' * MAX_LINE}",
        "\r\n".join(["250-more"] * MAX_LINES) + "\r\n250 well",
    ],
)
@pytest.mark.parametrize("offers", OFFERS)
async def test_what_is_no_reply_ends_the_connection(offers: str, answer: str) -> None:
    server = Server([(GOOD[0], answer, *GOOD[2:]), GOOD], offers)
    assert await server.send_all() == [str(Phase.RCPT), "sent"]


@pytest.mark.parametrize("to", ["anna@example.org>\r\nRCPT TO:<boris@example.org", "anna\x00@example.org"])
async def test_no_address_can_end_a_command(to: str) -> None:
    server = Server([GOOD])
    async with server.listening() as transport:
        with pytest.raises(ValueError, match="control character"):
            await _send(transport, to=to)
        assert [data.split()[0] for data in server.shown] == [b"EHLO"]
        assert await _send(transport) == "sent"


async def test_dots_arrive_as_they_were(smtp: Relay) -> None:
    transport = SmtpTransport(smtp.url)
    assert await _send(transport) == "sent"
    await transport.close()
    assert smtp.mails[0].get_content().replace("\r\n", "\n") == "A line.\n.hidden\n..\nThe end.\n"
