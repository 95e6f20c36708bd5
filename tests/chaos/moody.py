"""A relay in a bad mood: it refuses for now, refuses for good, hangs, or closes the connection at any point."""

import asyncio
import random
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.relay import Relay

NEVER = "550 5.1.1 no such mailbox"
# Every class of no that loses no email: for now, or about the relay itself, or nobody knows.
NO = (
    *("421 4.3.2 going down", "450 4.2.1 busy", "451 4.7.1 come back later", "452 4.3.1 full", "400 well"),
    *(
        "554 5.7.1 we do not like you",
        "500 go away",
        "550 no",
        "530 5.7.0 log in first",
        "550 5.1.0 odd",
        "554 5.3.0 system",
    ),
    *("552 5.2.2 full", "550 5.1.8 who are you", "554 5.4.6 loop", "550 5.6.0 content", "501 5.5.4 syntax"),
)


class Moody(Relay):
    """`mood` (0 to 1) is how often a step of the dialogue goes wrong; a step that hangs takes `hang` seconds."""

    def __init__(self, chance: random.Random, hang: float) -> None:
        super().__init__()
        self.mood = 0.0
        self.tricks = 0
        self.refused: set[str] = set()  # mailboxes that were refused for good
        self._chance, self._hang = chance, hang

    async def handle_MAIL(  # noqa: N802 (aiosmtpd calls it so)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return await self._trick(server, "") or await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(  # noqa: N802 (as above)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trick = await self._trick(server, address)
        return trick or await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        trick = await self._trick(server, str(envelope.rcpt_tos[0]))
        return trick or await super().handle_DATA(server, session, envelope)

    async def _trick(self, server: SMTP, mailbox: str) -> str:
        """The bad answer, or "" for none. It may also answer well and close the connection soon after."""
        if self._chance.random() >= self.mood:
            return ""
        self.tricks += 1
        kind = self._chance.choices(("no", "never", "hang up", "slow", "hang"), (15, 2, 10, 1, 1))[0]
        transport: Any = server.transport
        if kind == "no":
            return self._chance.choice(NO)
        if kind == "never":
            self.refused.add(mailbox)
            return NEVER
        if kind in ("slow", "hang"):
            await asyncio.sleep(self._hang if kind == "hang" else self._hang * 0.8)
        if kind == "slow":
            return ""
        asyncio.get_running_loop().call_later(self._chance.choice((0, 0.002, 0.01)), transport.abort)
        return ""
